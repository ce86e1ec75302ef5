/** A run while it lasts: its stages, what they gave, how long they took, what failed. */

import { randomUUID } from 'node:crypto'
import { formatInstant, fromMilliseconds, type Instant } from '../consent/time.ts'
import type { Clock } from '../lib/clock.ts'
import { CodedError, type Next } from '../lib/errors.ts'
import type { Log } from '../lib/log.ts'
import { type Observer, spanned } from '../observe/observer.ts'
import type { JsonValue } from '../record/record.ts'
import type { Store } from '../store/store.ts'
import type { BootstrapReport } from './bootstrap-report.ts'
import type { DeliverReport } from './deliver-report.ts'
import { exitCode } from './exit-code.ts'
import type { IngestReport } from './ingest-report.ts'
import type { HeardReport, ToldReport } from './reverse-report.ts'
import { checkSums, findingsOf, type Job, type RunReport, type StageFailure } from './run-report.ts'

/** These end a run at once; after any other failure the next stage is still tried. */
const ENDING: ReadonlySet<Next> = new Set(['interrupted', 'terminated', 'lease'])

export class RunInTheMaking {
  readonly id: string
  readonly job: Job
  readonly startedAt: Instant
  readonly durationsMs: Record<string, number> = {}
  readonly failures: StageFailure[] = []
  readonly deliveries: DeliverReport[] = []
  ingestion: IngestReport | undefined
  bootstrapping: BootstrapReport | undefined
  hearings: HeardReport[] | undefined
  telling: ToldReport | undefined
  readonly clock: Clock
  readonly #log: Log
  readonly #observer: Observer | undefined
  #ended = false

  constructor(id: string, clock: Clock, log: Log, job: Job = 'sync', observer?: Observer) {
    this.id = id
    this.job = job
    this.clock = clock
    this.#log = log
    this.#observer = observer
    this.startedAt = fromMilliseconds(clock.now())
  }

  /** What ingest did. The alarms of semantics §8.5 go to the log as well: who reads no report is to hear of them. */
  ingested(report: IngestReport): void {
    this.ingestion = report
    for (const partition of report.overdue) this.#log.warn(partition, 'partition not ingested and close to deletion')
    for (const partition of report.goneDates) this.#log.error(partition, 'partition gone before it was ingested')
  }

  /** What a bootstrap did, also where it stopped early. */
  bootstrapped(report: BootstrapReport): void {
    this.bootstrapping = report
  }

  /** What was heard in a target, also where it stopped early. */
  heard(report: HeardReport): void {
    this.hearings = [...(this.hearings ?? []), report]
  }

  told(report: ToldReport): void {
    this.telling = report
  }

  delivered(report: DeliverReport): void {
    this.deliveries.push(report)
  }

  /** Runs one stage. Trouble with a code is noted and the run goes on; anything else is a defect and is noted as one. */
  async stage(name: string, work: () => Promise<void>): Promise<void> {
    if (this.#ended) return
    const began = this.clock.monotonic()
    try {
      await spanned(this.#observer, 'stage', { 'didomi_dataverse.stage': name }, work)
    } catch (error) {
      const failure = failureOf(name, error)
      this.failures.push(failure)
      this.#ended = ENDING.has(failure.next) || failure.code === 'deadline-reached'
      this.#log.error({ stage: name, code: failure.code }, failure.message)
    } finally {
      this.durationsMs[name] = Math.round(this.clock.monotonic() - began)
    }
  }
}

/** An error without a code is ours: its message may quote data, so only its kind and place are told. */
function failureOf(stage: string, error: unknown): StageFailure {
  if (error instanceof CodedError) return { stage, code: error.code, next: error.next, message: error.message }
  const kind = error instanceof Error ? error.name : typeof error
  return {
    stage,
    code: 'defect',
    next: 'defect',
    message: `defect: an unexpected ${kind}${placeOf(error)}; nothing is lost, please report it`,
  }
}

/** The first frame of a stack trace: file, line and column of our own code. The message goes first: it may look like a frame. */
function placeOf(error: unknown): string {
  const frames = error instanceof Error ? (error.stack ?? '').replace(error.message, '') : ''
  const frame = /\bat .*?((?:src|jobs)\/[\w./-]+:\d+:\d+)/.exec(frames)?.[1]
  return frame === undefined ? '' : ` at ${frame}`
}

/** What decides a run's end besides its stages. */
export interface Conclusion {
  /** Targets whose due persons were to be delivered. */
  readonly targets: readonly string[]
  /** What the configuration had to say. */
  readonly warnings: readonly string[]
  readonly quarantineMax: number
  readonly strict: boolean
  /** No other process settles persons meanwhile. */
  readonly alone: boolean
}

/** Counts, checks the sums, decides the exit code, and remembers the run in the store. */
export async function concludeRun(
  run: RunInTheMaking,
  store: Store,
  { targets, warnings, quarantineMax, strict, alone }: Conclusion,
): Promise<RunReport> {
  const endedAt = fromMilliseconds(run.clock.now())
  const deferred = run.deliveries.reduce((sum, report) => sum + report.deferred, 0)
  const due = new Map<string, number>()
  for (const target of targets) due.set(target, await store.countDue(target))
  const leftDue = [...due.values()].reduce((sum, count) => sum + count, deferred)
  const sums = checkSums(run.ingestion, run.deliveries, run.bootstrapping, alone ? due : undefined, run.hearings)
  const result = {
    ...(run.ingestion === undefined ? {} : { ingest: run.ingestion }),
    ...(run.bootstrapping === undefined ? {} : { bootstrap: run.bootstrapping }),
    deliver: run.deliveries,
    ...(run.hearings === undefined ? {} : { heard: run.hearings }),
    ...(run.telling === undefined ? {} : { told: run.telling }),
    failures: run.failures,
    sums,
  }
  const report: RunReport = {
    version: 1,
    run: run.id,
    job: run.job,
    startedAt: formatInstant(run.startedAt),
    endedAt: formatInstant(endedAt),
    durationsMs: run.durationsMs,
    ...result,
    warnings,
    exitCode: exitCode(findingsOf(result, leftDue, { quarantineMax, strict })),
  }
  await store.endRun(run.id, endedAt, report.exitCode, JSON.parse(JSON.stringify(report)) as JsonValue)
  return report
}

/** A run's id: sortable by start, unique. */
export function newRunId(clock: Clock): string {
  return `${new Date(clock.now()).toISOString().slice(0, 19).replace(/[-:]/g, '')}-${randomUUID().slice(0, 8)}`
}
