/** A run's report → readings of its metrics. */

import type { DeliverReport } from '../report/deliver-report.ts'
import { DONE } from '../report/exit-code.ts'
import type { IngestCounts, IngestReport } from '../report/ingest-report.ts'
import type { RunReport } from '../report/run-report.ts'
import type { Readings } from './readings.ts'

/** Fills in everything that a report tells. */
export function readReport(report: RunReport, readings: Readings): void {
  const { ingest, bootstrap, deliver, told, failures, durationsMs, exitCode } = report
  const [startedAt, endedAt] = [secondsOf(report.startedAt), secondsOf(report.endedAt)]
  readings.set('run.start.time', startedAt, {})
  readings.set('run.duration', endedAt - startedAt, {})
  readings.set('run.exit_code', exitCode, {})
  if (DONE.has(exitCode)) readings.set('last_success.time', endedAt, {})
  for (const { stage, code } of failures) readings.add('run.failures', 1, { stage, code })
  for (const [stage, ms] of Object.entries(durationsMs)) readings.set('run.stage.duration', ms / 1_000, { stage })
  if (ingest !== undefined) readIngest(ingest, readings)
  if (bootstrap?.from === 'api') {
    readLines([bootstrap.counts], readings)
    readings.set('run.changed_records', bootstrap.changedRecords, {})
  }
  for (const one of deliver) readDelivery(one, readings)
  if (told === undefined) return
  for (const result of ['posted', 'refused', 'deferred'] as const) readings.set('run.events', told[result], { result })
}

function readLines(counted: readonly IngestCounts[], readings: Readings): void {
  const sum = (of: 'records' | 'rejects' | 'guests' | 'skipped') =>
    counted.reduce((total, counts) => total + counts[of], 0)
  readings.set('run.lines', sum('records'), { kind: 'record' })
  readings.set('run.lines', sum('rejects'), { kind: 'reject' })
  readings.set('run.lines', sum('guests'), { kind: 'guest' })
  readings.set('run.lines', sum('skipped'), { kind: 'skipped' })
}

function readIngest(ingest: IngestReport, readings: Readings): void {
  const { partitions, changedRecords, open, pending, overdue, goneDates, missingDates } = ingest
  readLines(
    partitions.map(({ counts }) => counts),
    readings,
  )
  readings.set('run.changed_records', changedRecords, {})
  readings.set('partitions', open.length, { state: 'open' })
  readings.set('partitions', pending.length, { state: 'pending' })
  readings.set('partitions', overdue.length, { state: 'overdue' })
  readings.set('partitions', goneDates.length, { state: 'gone' })
  readings.set('partitions', missingDates.length, { state: 'missing' })
  const days = [...pending, ...overdue].flatMap(({ expiresInDays }) => expiresInDays ?? [])
  if (days.length > 0) readings.set('partition.expiry', Math.min(...days), {})
}

function readDelivery(report: DeliverReport, readings: Readings): void {
  const { target, persons, deferred, outcomes, places, quarantined, parked, expired, requests } = report
  readings.set('run.persons', persons, { target })
  readings.set('run.deferred', deferred, { target })
  for (const [outcome, count] of Object.entries(outcomes)) readings.set('run.outcomes', count, { target, outcome })
  for (const [result, count] of Object.entries(places)) readings.set('run.choices', count, { target, result })
  readings.set('quarantine', quarantined, { target })
  readings.set('parked', parked, { target })
  readings.set('expired', expired, { target })
  readings.set('run.rows_sent', requests.rowsSent, { target })
  for (const { throttles } of requests.users)
    for (const [limit, count] of Object.entries(throttles)) readings.add('run.throttles', count, { target, limit })
  for (const [cause, ms] of Object.entries(requests.waitedMs)) readings.set('run.wait', ms / 1_000, { target, cause })
}

function secondsOf(instant: string): number {
  return Date.parse(instant) / 1_000
}
