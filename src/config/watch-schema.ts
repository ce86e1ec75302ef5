/** The schema of what tells others of a run: metrics as a file, heartbeat, notifications, and credentials that end. */

import * as z from 'zod'
import { WAIT } from './quantity.ts'
import { closed, filledIn, formed, formedKey, list, text, whole, word } from './schema-parts.ts'
import { HOOK_URL_EXPECTED, HOOK_URL_FORM } from './secure-url.ts'

const hookUrl = formed(HOOK_URL_FORM, HOOK_URL_EXPECTED)
const timeout = formed(WAIT, 'a waiting time such as 10s').default('10s')

/** `metrics`. */
export const metricsSchema = closed({
  textFile: formed(/^.+\.prom$/, 'a path that ends in .prom')
    .optional()
    .describe(
      'Prometheus text file for the textfile collector of node_exporter; each command writes one of its own beside it: `….sync.prom`.',
    ),
  labels: z
    .record(
      formedKey(/^(?!__|(command|pod)$)[a-zA-Z_][a-zA-Z0-9_]*$/, 'the name of a label, other than command and pod'),
      text,
      { error: 'a map of labels to values' },
    )
    .default({})
    .describe('Labels added to every line of the file; OTLP has `OTEL_RESOURCE_ATTRIBUTES` for that.'),
})

export const HEARTBEATS = ['start', 'success', 'failure'] as const

/** `heartbeat`. */
export const heartbeatSchema = closed({
  url: hookUrl.describe('Where `sync` says that it ended well, as a reference; `/start` and `/fail` are appended.'),
  on: list(word(HEARTBEATS), 'start, success, failure')
    .default([...HEARTBEATS])
    .describe('What is said: services that know no `/start` or `/fail` want `success` alone.'),
  timeout: timeout.describe('How long one try may take.'),
})

/** `credentials`. */
export const credentialsSchema = closed({
  alarmDays: whole(1, 3_650).default(30).describe('Days ahead at which a credential that ends is an alarm.'),
  known: list(
    closed({
      name: filledIn.describe('What it is called in alarms and metrics; nothing secret.'),
      ends: formed(/^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$/, 'a date such as 2027-01-31').describe(
        'Its last day.',
      ),
    }),
    'credentials {name, ends}',
  )
    .default([])
    .describe('Credentials whose end nobody can read here: client secrets, keys of AWS, Google and Didomi.'),
})

export const EVENTS = ['failure', 'threshold', 'brake', 'expiry', 'credentials'] as const

/** `notify`. */
export const notifySchema = list(
  closed({
    kind: word(['webhook', 'teams', 'slack']).describe('What is sent: the template, an Adaptive Card, or blocks.'),
    url: hookUrl.describe('The webhook, as a reference.'),
    on: list(word(EVENTS), EVENTS.join(', '))
      .min(1, { error: 'at least one event' })
      .default([...EVENTS])
      .describe('What is told; each run sends at most one notification.'),
    template: z
      .record(z.string(), z.unknown(), { error: 'a JSON object' })
      .optional()
      .describe('`webhook` only: the JSON that is sent; `{{placeholders}}` in its texts are filled in.'),
    headers: z
      .record(formedKey(/^[a-z][a-z0-9-]*$/, 'the name of a header in lower-case letters, digits and -'), text, {
        error: 'a map of headers to values',
      })
      .default({})
      .describe('`webhook` only: headers sent with it, secrets as references.'),
    timeout: timeout.describe('How long one try may take.'),
    attempts: whole(1, 10).default(3).describe('Tries in all.'),
  }),
  'webhooks {kind, url}',
)
