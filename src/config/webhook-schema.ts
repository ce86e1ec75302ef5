/** The schema of `reverse.webhook`: how the receiver is reached, and how Dataverse proves that it is Dataverse. */

import { SIZE, WAIT } from './quantity.ts'
import { closed, flag, formed, guid, list, text, whole } from './schema-parts.ts'

/**
 * Its lower bound is what nobody guesses; its upper one is what still fits, escaped, into what Dataverse keeps
 * (Dataverse: serviceendpoint `authvalue`, 2,048 characters).
 */
const SECRET = /^[\x21-\x7e]{32,256}$/

const tls = closed({
  certificate: text.describe('Path of the certificate with its chain, PEM.'),
  key: text.describe('Path of its private key, PEM.'),
})

/** `reverse.webhook`. */
export const webhookSchema = closed({
  host: text.default('127.0.0.1').describe('Address to listen at; `0.0.0.0` for all.'),
  port: whole(0, 65_535).default(8443).describe('Port to listen at; 0 for any free one.'),
  path: formed(
    /^\/(?!(?:healthz|readyz)$)[A-Za-z0-9._~/-]*$/,
    'a path such as /webhook, other than /healthz and /readyz',
  )
    .default('/webhook')
    .describe('The one path that takes events.'),
  header: formed(/^(?!x-ms-)[a-z][a-z0-9-]{0,63}$/, 'the name of a header in lower-case letters, digits and -')
    .default('x-didomi-dataverse-key')
    .describe('Header that carries the secret.'),
  secrets: list(formed(SECRET, '32 to 256 printable ASCII characters without blanks'), 'one or two secrets')
    .min(1, { error: 'one or two secrets' })
    .max(2, { error: 'one or two secrets' })
    .describe(
      'Secrets that are taken, as references; `install` registers the first, the second is one on its way out or in.',
    ),
  tls: tls.optional().describe('Certificate of the receiver; without it, it speaks plain HTTP.'),
  ingress: flag
    .default(false)
    .describe('Whether an ingress in front ends TLS; only then is plain HTTP spoken beyond loopback.'),
  maxBody: formed(SIZE, 'a size such as 1MiB, below 100MiB')
    .default('1MiB')
    .describe('The largest event that is read; Dataverse cuts its own down at 256 KiB.'),
  connections: whole(1, 10_000).default(256).describe('Connections at once, at most.'),
  requestTimeout: formed(WAIT, 'a waiting time such as 30s')
    .default('30s')
    .describe('How long one request may take to arrive; Dataverse itself gives up after 60 s.'),
  ownUsers: list(guid, 'ids of application users')
    .default([])
    .describe(
      'systemuserids that only this program writes as: events of theirs are dropped. `reverse webhook status` tells ours.',
    ),
})
