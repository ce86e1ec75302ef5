/** The optional look at Didomi's export log: was as much delivered as was exported? Warns, and decides nothing. */

import { byCodeUnit } from '../consent/choice.ts'
import type { Didomi, ExportLogEntry } from '../didomi/didomi.ts'
import { CodedError } from '../lib/errors.ts'
import { groupBy } from '../lib/group.ts'
import type { Log } from '../lib/log.ts'
import type { ExportLogFinding, PartitionReport } from '../report/ingest-report.ts'
import type { Partition, PartitionId } from '../source/partition.ts'

/** A partition of which this run read every object. */
export interface CountedPartition extends PartitionId {
  /** Blank ones not counted: a line is a user. */
  readonly lines: number
}

/** Counts of the log that are told beside one that is not in it. */
const NEAREST_TOLD = 3

/** Failed runs that are named; a log may hold years. */
const RUNS_NAMED = 5

/** The partitions that were read from the first object to the last: only their counts can be compared. */
export function countedWhole(
  reports: readonly PartitionReport[],
  discovered: readonly Partition[],
): CountedPartition[] {
  const objects = new Map(discovered.map((partition) => [nameOf(partition), partition.parts.length]))
  return reports
    .filter((report) => report.damaged.length === 0 && report.objects === objects.get(nameOf(report)))
    .map(({ exportId, date, counts }) => ({ exportId, date, lines: counts.lines }))
}

const nameOf = ({ exportId, date }: PartitionId): string => JSON.stringify([date, exportId])

/**
 * Compares one export's partitions with its log. Didomi: an entry has a count of users but no time and no date, so a
 * partition agrees if any completed run counted as many users as it has lines.
 */
export function compareWithLog(
  exportId: string,
  partitions: readonly CountedPartition[],
  log: readonly ExportLogEntry[],
): ExportLogFinding[] {
  const counts = log.flatMap(({ status, users }) => (status === 'completed' && users !== undefined ? [users] : []))
  const failed = log.filter(({ status }) => status === 'failed').map(({ id }) => id)
  return [
    ...partitions
      .filter(({ lines }) => !counts.includes(lines))
      .map(({ date, lines }): ExportLogFinding => {
        return { kind: 'count-not-logged', exportId, date, lines, nearest: nearestTo(lines, counts) }
      }),
    ...(failed.length === 0 ? [] : [{ kind: 'runs-failed' as const, exportId, runs: failed.slice(0, RUNS_NAMED) }]),
  ]
}

function nearestTo(lines: number, counts: readonly number[]): number[] {
  return [...new Set(counts)].sort((a, b) => Math.abs(a - lines) - Math.abs(b - lines) || a - b).slice(0, NEAREST_TOLD)
}

/**
 * Asks for the log of every export with a partition read whole, and compares. A log out of reach is a finding, no
 * failure: nothing that was read becomes wrong by it.
 *
 * @throws the signal's reason when aborted
 */
export async function checkExportLog(
  { didomi, log }: { readonly didomi: Pick<Didomi, 'exportLog'>; readonly log: Log },
  partitions: readonly CountedPartition[],
  signal: AbortSignal,
): Promise<ExportLogFinding[]> {
  const findings: ExportLogFinding[] = []
  const byExport = [...groupBy(partitions, ({ exportId }) => exportId)].sort(([a], [b]) => byCodeUnit(a, b))
  for (const [exportId, own] of byExport) {
    const entries = await entriesOf(didomi, exportId, signal)
    findings.push(...('kind' in entries ? [entries] : compareWithLog(exportId, own, entries)))
  }
  for (const { kind, ...finding } of findings) log.warn(finding, `export log: ${kind}`)
  return findings
}

async function entriesOf(
  didomi: Pick<Didomi, 'exportLog'>,
  exportId: string,
  signal: AbortSignal,
): Promise<readonly ExportLogEntry[] | ExportLogFinding> {
  try {
    return await didomi.exportLog(exportId, signal)
  } catch (error) {
    if (signal.aborted || !(error instanceof CodedError)) throw error
    if (error.code !== 'didomi-unavailable' && error.code !== 'didomi-forbidden') throw error
    return { kind: 'log-unread', exportId, message: error.message }
  }
}
