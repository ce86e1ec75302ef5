/** What of a run needs somebody: counts, dates, names of settings and error codes; nothing of a person. */

import type { Settings } from '../config/settings.ts'
import type { NotifyEvent } from '../config/watch-settings.ts'
import { ERROR_MANUAL } from '../lib/error-manual.ts'
import type { ErrorCode } from '../lib/errors.ts'
import type { RunReport } from '../report/run-report.ts'
import { type Ending, endingCredentials } from './credentials.ts'

/** How a run ended. A migration's report is none of these. */
export interface RunEnd {
  readonly exitCode: number
  readonly report?: RunReport
  /** What ended it before it had a report. */
  readonly code?: ErrorCode
}

export interface Alarm {
  readonly event: NotifyEvent
  /** A line each. */
  readonly lines: readonly string[]
}

const DAY_MS = 86_400_000

/** 0 is done; 5 and 9 have events of their own; 130 was somebody's own wish. */
const NO_FAILURE: ReadonlySet<number> = new Set([0, 5, 9, 130])

/** Everything that needs somebody; empty where nothing does. */
export function alarmsOf(end: RunEnd, settings: Settings, nowMs: number): Alarm[] {
  const alarms: Alarm[] = [
    { event: 'failure', lines: NO_FAILURE.has(end.exitCode) ? [] : failureLines(end) },
    { event: 'threshold', lines: thresholdLines(end, settings) },
    { event: 'brake', lines: brakeLines(end) },
    { event: 'expiry', lines: expiryLines(end.report) },
    { event: 'credentials', lines: credentialLines(settings, nowMs) },
  ]
  return alarms.filter(({ lines }) => lines.length > 0)
}

function failureLines({ exitCode, report, code }: RunEnd): string[] {
  const stages = (report?.failures ?? []).filter((failure) => failure.code !== 'brake')
  const damaged = report?.ingest?.partitions.reduce((sum, partition) => sum + partition.damaged.length, 0) ?? 0
  const lines = [
    ...stages.map((failure) => `${failure.stage}: ${codeLine(failure.code)}`),
    ...(code === undefined ? [] : [codeLine(code)]),
    ...(damaged === 0 ? [] : [`${damaged} damaged objects; their partitions stay pending`]),
  ]
  if (lines.length > 0) return lines
  return [exitCode === 6 ? 'work remains: persons stay due' : `it ended with exit code ${exitCode}`]
}

/** The message of an error names places of the configuration; whoever is told may not be meant to know them. */
function codeLine(code: ErrorCode): string {
  return `${code}: ${ERROR_MANUAL[code].means}`
}

function thresholdLines({ report, exitCode, code }: RunEnd, { quarantine }: Settings): string[] {
  const { ingest, bootstrap, deliver = [] } = report ?? {}
  const migration = report === undefined && code === undefined
  return [
    ...(migration && exitCode === 5
      ? [`Dataverse refused rows, more than the ${quarantine.max} that are allowed`]
      : []),
    ...(ingest?.partitions ?? [])
      .filter(({ tooManyRejects }) => tooManyRejects)
      .map(
        ({ exportId, date, counts }) =>
          `${date} of export ${exportId}: ${counts.rejects} of ${counts.lines} lines are rejects`,
      ),
    ...(bootstrap?.from === 'api' && bootstrap.tooManyRejects
      ? [`bootstrap: ${bootstrap.counts.rejects} of ${bootstrap.counts.lines} users are rejects`]
      : []),
    ...deliver
      .filter(({ quarantined }) => quarantined > quarantine.max)
      .map(({ target, quarantined }) => `${target}: ${quarantined} rows in quarantine, ${quarantine.max} allowed`),
    ...((report?.told?.quarantined ?? 0) > quarantine.max
      ? [`Didomi: ${report?.told?.quarantined} events in quarantine, ${quarantine.max} allowed`]
      : []),
  ]
}

function brakeLines({ report, code }: RunEnd): string[] {
  const stages = (report?.failures ?? []).filter((failure) => failure.code === 'brake').map(({ stage }) => stage)
  if (code === 'brake') stages.push('the run')
  return stages.map((stage) => `${stage}: nothing was written; look at a plan, then run again with --accept`)
}

function expiryLines(report: RunReport | undefined): string[] {
  const { overdue = [], goneDates = [] } = report?.ingest ?? {}
  return [
    ...overdue.map(({ exportId, date, expiresInDays }) => {
      const until = expiresInDays === undefined ? '' : `; the source deletes it in ${days(expiresInDays)}`
      return `${date} of export ${exportId}: not ingested yet${until}`
    }),
    ...goneDates.map(({ exportId, date }) => `${date} of export ${exportId}: gone before it was ingested`),
  ]
}

function credentialLines(settings: Settings, nowMs: number): string[] {
  return endingCredentials(settings)
    .filter(({ endsAtMs }) => endsAtMs - nowMs < settings.credentials.alarmDays * DAY_MS)
    .map((ending) => credentialLine(ending, nowMs))
}

function credentialLine({ name, endsAtMs }: Ending, nowMs: number): string {
  const day = new Date(endsAtMs).toISOString().slice(0, 10)
  return endsAtMs <= nowMs
    ? `${name}: ended on ${day}`
    : `${name}: ends on ${day}, in ${days(Math.floor((endsAtMs - nowMs) / DAY_MS))}`
}

const days = (count: number): string => (count === 1 ? '1 day' : `${count} days`)
