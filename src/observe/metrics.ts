/**
 * The one registry of metrics: OpenTelemetry, the Prometheus text file, alert rules, dashboard and docs/observability.md
 * know these names and no others.
 */

/**
 * `s`: seconds, or with a name that ends in `time` the seconds since 1970; `d`: days; words in braces are counted.
 * Prometheus appends the first two to the name and drops the rest.
 */
type Unit = 's' | 'd' | `{${string}}`

interface Definition {
  readonly unit: Unit
  /** Besides `command`, which all of them have. */
  readonly labels: readonly string[]
  readonly help: string
}

/** All are gauges that tell of one run, so that a missed scrape or a process that is gone by then loses nothing. */
export const METRICS = {
  'last_success.time': {
    unit: 's',
    labels: [],
    help: 'When the last run ended that did all it had to (exit code 0 or 5). Missing where none has.',
  },
  'run.start.time': { unit: 's', labels: [], help: 'When the run began.' },
  'run.duration': { unit: 's', labels: [], help: 'How long the run took. Missing while it lasts.' },
  'run.exit_code': { unit: '{code}', labels: [], help: 'Its exit code. Missing while it lasts.' },
  'run.failures': { unit: '{failure}', labels: ['stage', 'code'], help: 'Stages that ended early, by error code.' },
  'run.stage.duration': { unit: 's', labels: ['stage'], help: 'How long each stage took.' },
  'run.lines': {
    unit: '{line}',
    labels: ['kind'],
    help: 'Lines read: `record`, `reject`, `guest` or `skipped`; of a bootstrap from the API, users.',
  },
  'run.changed_records': { unit: '{record}', labels: [], help: 'Records whose state changed.' },
  'run.persons': { unit: '{person}', labels: ['target'], help: 'Persons taken up for delivery.' },
  'run.outcomes': { unit: '{person}', labels: ['target', 'outcome'], help: 'Persons by outcome (§8.2).' },
  'run.deferred': { unit: '{person}', labels: ['target'], help: 'Persons taken up that stay due.' },
  'run.choices': {
    unit: '{choice}',
    labels: ['target', 'result'],
    help: 'Choices: `written`, `superseded`, `unchanged` or `rejected`.',
  },
  'run.requests': {
    unit: '{request}',
    labels: ['target', 'message', 'status'],
    help: 'Requests to Dataverse by message and status: `2xx`, `3xx`, `4xx`, `5xx`, or `none` without an answer.',
  },
  'run.request.duration': {
    unit: 's',
    labels: ['target', 'message'],
    help: 'How long these requests took, added up.',
  },
  'run.rows_sent': { unit: '{row}', labels: ['target'], help: 'Rows sent in writes, repeats included.' },
  'run.throttles': { unit: '{answer}', labels: ['target', 'limit'], help: '429 answers by the limit they named.' },
  'run.wait': { unit: 's', labels: ['target', 'cause'], help: 'How long requests were held back, by cause.' },
  'run.events': {
    unit: '{event}',
    labels: ['result'],
    help: 'Events that Didomi was told: `posted`, `refused` or `deferred`.',
  },
  quarantine: { unit: '{row}', labels: ['target'], help: 'Rows in quarantine.' },
  parked: { unit: '{person}', labels: ['target'], help: 'Persons that wait for a contact.' },
  expired: { unit: '{person}', labels: ['target'], help: 'Persons that waited too long for one.' },
  partitions: {
    unit: '{partition}',
    labels: ['state'],
    help: 'Partitions: `open` (not sealed), `pending`, `overdue` (pending beyond the alarm), `gone` (deleted unread), `missing` (holes between dates).',
  },
  'partition.expiry': {
    unit: 'd',
    labels: [],
    help: 'Days until the source deletes the first partition that is not ingested. Missing where none is waiting.',
  },
  'credential.expiry.time': {
    unit: 's',
    labels: ['credential'],
    help: 'When a credential ends, as far as it can be known.',
  },
} as const satisfies Readonly<Record<string, Definition>>

export type MetricName = keyof typeof METRICS

export const METRIC_NAMES = Object.keys(METRICS) as readonly MetricName[]

/** The labels of one metric, each with its value. */
export type LabelsOf<Name extends MetricName> = Readonly<Record<(typeof METRICS)[Name]['labels'][number], string>>

/** Its name in OpenTelemetry: `didomi_dataverse.run.duration`. */
export function otelName(name: MetricName): string {
  return `didomi_dataverse.${name}`
}

/** Its name in Prometheus, as OpenTelemetry's own rule makes it of the other one: `didomi_dataverse_run_duration_seconds`. */
export function prometheusName(name: MetricName): string {
  const { unit } = METRICS[name]
  const suffix = unit === 's' ? '_seconds' : unit === 'd' ? '_days' : ''
  return `didomi_dataverse_${name.replaceAll('.', '_')}${suffix}`
}
