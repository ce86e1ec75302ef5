/** A run's report for people at a terminal. */

import { bootstrapLines, suppressedText } from './bootstrap-text.ts'
import type { DeliverReport } from './deliver-report.ts'
import type { ExportLogFinding, IngestReport } from './ingest-report.ts'
import { reverseLines } from './reverse-report.ts'
import type { RunReport } from './run-report.ts'

/** Plain text; one line per fact, nothing personal. */
export function reportText(report: RunReport): string {
  const seconds = Object.entries(report.durationsMs).map(([stage, ms]) => `${stage} ${(ms / 1_000).toFixed(1)} s`)
  return [
    `Run ${report.run}: ${exitText(report.exitCode)} (exit ${report.exitCode})`,
    ...(report.ingest === undefined ? [] : ingestLines(report.ingest)),
    ...(report.bootstrap === undefined ? [] : bootstrapLines(report.bootstrap)),
    ...report.deliver.flatMap(deliverLines),
    ...reverseLines(report.heard ?? [], report.told),
    ...report.failures.map(({ stage, message }) => `  ! ${stage}: ${message}`),
    `  sums: lines ${report.sums.lines ? 'hold' : 'BROKEN'}, persons ${report.sums.persons ? 'hold' : 'BROKEN'}${placesText(report)}; ${seconds.join(', ')}`,
  ].join('\n')
}

const placesText = ({ sums: { places } }: RunReport): string =>
  places === undefined ? '' : `, places ${places ? 'hold' : 'BROKEN'}`

/** What an exit code means, in a few words. */
export function exitText(code: number): string {
  return EXITS[code] ?? 'ended'
}

const EXITS: Record<number, string> = {
  0: 'done',
  1: 'defect',
  2: 'configuration or usage',
  3: 'authentication or authorisation',
  4: 'source unavailable or damaged',
  5: 'done, with rejects, quarantined rows or a retention alarm',
  6: 'deferred work remains',
  7: 'another run holds the lease',
  9: 'stopped by the brake',
  130: 'interrupted',
  143: 'interrupted',
}

function ingestLines(report: IngestReport): string[] {
  const { partitions, changedRecords, suppressedRecords } = report
  const sum = (pick: (counts: IngestReport['partitions'][number]['counts']) => number) =>
    partitions.reduce((total, { counts }) => total + pick(counts), 0)
  const lines = [
    `  ingest: ${partitions.length} partitions, ${sum(({ lines }) => lines)} lines = ${sum(({ records }) => records)} records` +
      ` + ${sum(({ rejects }) => rejects)} rejects + ${sum(({ guests }) => guests)} guests + ${sum(({ skipped }) => skipped)} skipped;` +
      ` ${changedRecords} records changed${suppressedText(suppressedRecords)}`,
  ]
  for (const { exportId, date, damaged } of partitions) {
    for (const key of damaged) lines.push(`  ! ${exportId} ${date}: ${key} is damaged; the partition stays pending`)
  }
  for (const { exportId, date, tooManyRejects, counts } of partitions) {
    if (tooManyRejects) lines.push(`  ! ${exportId} ${date}: ${counts.rejects} of ${counts.lines} lines rejected`)
  }
  return [...lines, ...sourceLines(report), ...(report.exportLog ?? []).map(exportLogLine)]
}

function sourceLines({ open, pending, missingDates, goneDates, overdue }: IngestReport): string[] {
  return [
    ...open.map(({ exportId, date }) => `  · ${exportId} ${date}: not sealed yet`),
    ...pending.map(
      ({ exportId, date, expiresInDays }) => `  · ${exportId} ${date}: not ingested${expiry(expiresInDays)}`,
    ),
    ...missingDates.map(
      ({ exportId, from, to, closedBy }) => `  ! ${exportId}: no partition from ${from} to ${to}${closing(closedBy)}`,
    ),
    ...goneDates.map(
      ({ exportId, date, closedBy }) => `  ! ${exportId} ${date}: gone before it was ingested${closing(closedBy)}`,
    ),
    ...overdue.map(
      ({ exportId, date, expiresInDays }) =>
        `  ! ${exportId} ${date}: not ingested and close to deletion${expiry(expiresInDays)}`,
    ),
  ]
}

/** What closes a gap, behind the sentence that names it. */
function closing(closedBy: readonly string[]): string {
  return closedBy.length === 0 ? '' : `; to close it: ${closedBy.join(', or ')}`
}

/** When the source deletes a partition, behind the sentence that names it. */
function expiry(days: number | undefined): string {
  if (days === undefined) return ''
  return days === 0
    ? '; the source may delete it any moment'
    : `; the source deletes it in ${days} ${days === 1 ? 'day' : 'days'}`
}

function exportLogLine(finding: ExportLogFinding): string {
  const { exportId } = finding
  switch (finding.kind) {
    case 'count-not-logged':
      return `  · ${exportId} ${finding.date}: ${finding.lines} lines, but no run in Didomi's export log has so many users (nearest: ${finding.nearest.join(', ') || 'none'})`
    case 'runs-failed':
      return `  · ${exportId}: failed runs in Didomi's export log: ${finding.runs.join(', ')}`
    case 'log-unread':
      return `  · ${exportId}: Didomi's export log could not be read: ${finding.message}`
  }
}

/** What Dataverse was asked, and what for requests waited. */
function requestLine({ requests }: DeliverReport): string {
  const { users, rowsSent, writeRequests, waitedMs, seconds } = requests
  const sum = (of: (user: (typeof users)[number]) => number) => users.reduce((total, user) => total + of(user), 0)
  const by = users.length > 1 ? ` by ${users.length} application users` : ''
  const rate = rowsSent > 0 && seconds > 0 ? ` (${(rowsSent / seconds).toFixed(1)} a second)` : ''
  const refused = users.flatMap(({ throttles }) => Object.entries(throttles))
  const throttled = [...new Set(refused.map(([limit]) => limit))].map((limit) => {
    return `${refused.reduce((total, [name, count]) => total + (name === limit ? count : 0), 0)} × ${limit}`
  })
  const waits = Object.entries(waitedMs).map(([cause, ms]) => `${(ms / 1_000).toFixed(1)} s ${cause}`)
  return [
    `    requests: ${sum(({ requests: count }) => count)}${by}, ${sum(({ executionSeconds }) => executionSeconds).toFixed(1)} s of execution`,
    `${rowsSent} rows sent in ${writeRequests}${rate}`,
    ...(throttled.length === 0 ? [] : [`throttled ${throttled.join(', ')}`]),
    ...(waits.length === 0 ? [] : [`waited ${waits.join(', ')}`]),
  ].join('; ')
}

function deliverLines(report: DeliverReport): string[] {
  const { target, persons, outcomes, deferred, places, written, rejections, parked, expired } = report
  const named = Object.entries(outcomes)
    .filter(([, count]) => count > 0)
    .map(([outcome, count]) => `${count} ${outcome}`)
  const lines = [
    `  deliver ${target}: ${persons} persons = ${[...named, `${deferred} deferred`].join(' + ')}`,
    `    choices: ${places.written} written, ${places.superseded} superseded, ${places.unchanged} unchanged, ${places.rejected} rejected; ${parked} parked, ${expired} expired`,
  ]
  for (const [what, { optedIn, optedOut, other }] of Object.entries(written)) {
    lines.push(`    ${what}: ${optedIn} opted in, ${optedOut} opted out${other > 0 ? `, ${other} set` : ''}`)
  }
  for (const [code, count] of Object.entries(rejections)) lines.push(`    ! quarantined ${count} × ${code}`)
  for (const [column, count] of Object.entries(report.adoptable ?? {}))
    lines.push(`    · ${column}: ${count} of the superseded would be overwritten by contact.adopt`)
  lines.push(requestLine(report))
  if (report.topicsWithoutPurpose > 0)
    lines.push(
      `    ! ${report.topicsWithoutPurpose} topics opted in without their purpose: nothing will be sent for them`,
    )
  if (report.restored) lines.push('    ! the environment was restored from a backup: everybody was delivered anew')
  for (const warning of report.warnings) lines.push(`    · ${warning}`)
  return lines
}
