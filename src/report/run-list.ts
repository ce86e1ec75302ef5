/** What `runs list` answers; printed as it is with `--json`. */

import { formatInstant, MILLISECOND } from '../consent/time.ts'
import { parseMigrationReport } from '../migrate/stored-migration.ts'
import type { RunRow } from '../store/store.ts'
import { lasting } from './page/table.ts'
import { parseRunReport } from './stored-report.ts'

/** One run; counts are absent where its report has none. */
export interface ListedRun {
  readonly run: string
  readonly job: string
  /** RFC 3339. */
  readonly startedAt: string
  /** Absent while a run lasts, and where it was killed. */
  readonly durationMs?: number
  readonly exitCode?: number
  readonly lines?: number
  readonly persons?: number
  readonly written?: number
  readonly quarantined?: number
  readonly deferred?: number
}

export function listedRun({ id, job, startedAt, endedAt, exitCode, report }: RunRow): ListedRun {
  const told = parseRunReport(report)
  const migrated = told === undefined ? parseMigrationReport(report) : undefined
  const sum = (of: (one: NonNullable<typeof told>['deliver'][number]) => number) =>
    told?.deliver.reduce((total, one) => total + of(one), 0) ?? 0
  return {
    run: id,
    job,
    startedAt: formatInstant(startedAt),
    ...(endedAt !== undefined && { durationMs: Math.round((endedAt - startedAt) / MILLISECOND) }),
    ...(exitCode !== undefined && { exitCode }),
    ...(told?.ingest && { lines: told.ingest.partitions.reduce((total, { counts }) => total + counts.lines, 0) }),
    ...(told &&
      told.deliver.length > 0 && {
        persons: sum(({ persons }) => persons),
        written: sum(({ places }) => places.written),
        quarantined: sum(({ quarantined }) => quarantined),
        deferred: sum(({ deferred }) => deferred),
      }),
    ...(migrated !== undefined && migrated.step !== 'rollback' && { written: migrated.slots.rows }),
  }
}

const HEADS = ['RUN', 'JOB', 'BEGAN (UTC)', 'TOOK', 'EXIT', 'LINES', 'PERSONS', 'WRITTEN', 'QUARANTINE', 'STILL DUE']

/** Columns that hold text stand at the left. */
const TEXTS = [0, 1, 2]

/** A table for people at a terminal; a run that went wrong begins with `!`. */
export function runListText(runs: readonly ListedRun[]): string {
  if (runs.length === 0) return 'No run is known.'
  const rows = runs.map((one) => [
    one.run,
    one.job,
    one.startedAt.slice(0, 16).replace('T', ' '),
    one.durationMs === undefined ? '-' : lasting(one.durationMs),
    one.exitCode === undefined ? '-' : String(one.exitCode),
    ...[one.lines, one.persons, one.written, one.quarantined, one.deferred].map((count) => String(count ?? '-')),
  ])
  const widths = HEADS.map((head, column) => Math.max(head.length, ...rows.map((row) => row[column]?.length ?? 0)))
  const line = (mark: string, cells: readonly string[]) =>
    `${mark} ${cells.map((cell, at) => (TEXTS.includes(at) ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0))).join('  ')}`.trimEnd()
  const marks = runs.map(({ exitCode }) => (exitCode === 0 ? ' ' : exitCode === undefined ? '?' : '!'))
  const unended = marks.includes('?') ? ['', '? has not ended: it is under way, or was killed.'] : []
  return [line(' ', HEADS), ...rows.map((row, at) => line(marks[at] ?? ' ', row)), ...unended].join('\n')
}
