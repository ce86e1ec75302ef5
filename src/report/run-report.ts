/** A whole run: what was ingested and delivered, what failed, and whether the sums of semantics §8.4 hold. */

import type { ErrorCode, Next } from '../lib/errors.ts'
import type { BootstrapReport } from './bootstrap-report.ts'
import type { DeliverReport } from './deliver-report.ts'
import type { Finding } from './exit-code.ts'
import type { IngestCounts, IngestReport } from './ingest-report.ts'
import { type HeardReport, heardAddsUp, type ToldReport } from './reverse-report.ts'

/** A stage that ended early; `message` has the four parts and is free of personal data. */
export interface StageFailure {
  readonly stage: string
  readonly code: ErrorCode
  readonly next: Next
  readonly message: string
}

/** The jobs that run as runs. */
export type Job = 'sync' | 'bootstrap' | 'reverse'

export interface RunReport {
  readonly version: 1
  readonly run: string
  readonly job: Job
  readonly startedAt: string
  readonly endedAt: string
  readonly durationsMs: Readonly<Record<string, number>>
  readonly ingest?: IngestReport
  readonly bootstrap?: BootstrapReport
  readonly deliver: readonly DeliverReport[]
  /** What was heard of choices made in Dataverse, by target. */
  readonly heard?: readonly HeardReport[]
  readonly told?: ToldReport
  readonly failures: readonly StageFailure[]
  readonly warnings: readonly string[]
  readonly sums: Sums
  readonly exitCode: number
}

/**
 * The two sums (semantics §8.4): every line is one of four, every person has one outcome or stays due. In `reverse` every
 * place has one end.
 */
export interface Sums {
  readonly lines: boolean
  readonly persons: boolean
  /** `reverse` only. */
  readonly places?: boolean
}

/** `due`: by target, how many are due in the store; absent where other processes settle them meanwhile. */
export function checkSums(
  ingest: IngestReport | undefined,
  deliver: readonly DeliverReport[],
  bootstrap?: BootstrapReport,
  due?: ReadonlyMap<string, number>,
  heard?: readonly HeardReport[],
): Sums {
  const counted = (ingest?.partitions ?? []).map(({ counts }) => counts)
  if (bootstrap?.from === 'api') counted.push(bootstrap.counts)
  return {
    lines: counted.every(addsUp),
    persons: deliver.every(
      ({ target, persons, outcomes, deferred }) =>
        persons === deferred + Object.values(outcomes).reduce((sum, count) => sum + count, 0) &&
        deferred <= (due?.get(target) ?? deferred),
    ),
    ...(heard === undefined ? {} : { places: heard.every(heardAddsUp) }),
  }
}

const addsUp = ({ lines, records, rejects, guests, skipped }: IngestCounts): boolean =>
  lines === records + rejects + guests + skipped

export interface Thresholds {
  readonly quarantineMax: number
  readonly strict: boolean
}

/** Everything in a report that decides its exit code. */
export function findingsOf(
  report: Pick<RunReport, 'ingest' | 'bootstrap' | 'deliver' | 'told' | 'failures' | 'sums'>,
  leftDue: number,
  { quarantineMax, strict }: Thresholds,
): Finding[] {
  const { ingest, bootstrap, deliver, told, failures, sums } = report
  const findings: Finding[] = failures.map(({ next }) => next)
  if (!sums.lines || !sums.persons || sums.places === false) findings.push('defect')
  if (ingest?.partitions.some(({ damaged }) => damaged.length > 0)) findings.push('source')
  if (leftDue > 0 || (told?.deferred ?? 0) > 0) findings.push('deferred')
  if ((told?.quarantined ?? 0) > quarantineMax) findings.push('rejects-or-quarantine')
  if (ingest?.partitions.some(({ tooManyRejects }) => tooManyRejects)) findings.push('rejects-or-quarantine')
  if (bootstrap?.from === 'api' && bootstrap.tooManyRejects) findings.push('rejects-or-quarantine')
  if (deliver.some(({ quarantined }) => quarantined > quarantineMax)) findings.push('rejects-or-quarantine')
  if (strict && (ingest?.overdue.length ?? 0) + (ingest?.goneDates.length ?? 0) > 0) findings.push('retention')
  return findings
}
