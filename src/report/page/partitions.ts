/** Where partitions stand after a run, and how long the source still keeps them. */

import type { IngestReport } from '../ingest-report.ts'
import { type Content, html } from './html.ts'
import { firstRows, type Table } from './table.ts'

interface PartitionRow {
  readonly exportId: string
  readonly date: string
  readonly state: string
  readonly alarm: boolean
  readonly lines?: number
  readonly rejects?: number
  readonly expiresInDays?: number
}

const DAY_MS = 86_400_000

/** Newest first; `today` is the day of the run, `YYYY-MM-DD`. */
export function partitionsTable(report: IngestReport, today: string): Table | undefined {
  const rows = rowsOf(report, today).sort(
    (one, other) => compare(other.date, one.date) || compare(one.exportId, other.exportId),
  )
  if (rows.length === 0) return undefined
  const exports = new Set(rows.map(({ exportId }) => exportId))
  const several = exports.size > 1
  const { retentionDays } = report
  const kept = retentionDays === undefined ? '' : `; the source deletes each after ${retentionDays} days`
  return {
    caption: `Partitions${several ? '' : ` of export ${[...exports][0]}`}${kept}`,
    heads: ['Date', 'State', 'Lines', 'Rejects', 'Deleted in'],
    ...firstRows(rows, (row) => [
      several ? html`${row.date} <small class="id">${row.exportId}</small>` : row.date,
      row.alarm ? html`<strong class="bad">${row.state}</strong>` : row.state,
      row.lines ?? '–',
      row.rejects ?? '–',
      row.expiresInDays === undefined ? '–' : expiry(row.expiresInDays, retentionDays),
    ]),
  }
}

const compare = (one: string, other: string): number => (one < other ? -1 : one > other ? 1 : 0)

const nameOf = ({ exportId, date }: { readonly exportId: string; readonly date: string }): string =>
  `${date} ${exportId}`

function rowsOf(report: IngestReport, today: string): PartitionRow[] {
  const { partitions, open, pending, overdue, missingDates, goneDates, retentionDays } = report
  const read = new Set(partitions.map(nameOf))
  const unread = (rows: IngestReport['pending']) => rows.filter((row) => !read.has(nameOf(row)))
  const left = (date: string) => (Date.parse(date) - Date.parse(today)) / DAY_MS
  return [
    ...partitions.map(({ exportId, date, counts, damaged, tooManyRejects }) => ({
      ...{ exportId, date, lines: counts.lines, rejects: counts.rejects },
      state: damaged.length > 0 ? 'damaged' : tooManyRejects ? 'read, too many rejects' : 'read',
      alarm: damaged.length > 0 || tooManyRejects,
      ...(retentionDays !== undefined && { expiresInDays: Math.max(0, retentionDays + left(date)) }),
    })),
    ...open.map((one) => ({ ...one, state: 'not sealed yet', alarm: false })),
    ...unread(pending).map((one) => ({ ...one, state: 'not read', alarm: false })),
    ...unread(overdue).map((one) => ({ ...one, state: 'not read, close to deletion', alarm: true })),
    ...goneDates.map(({ exportId, date }) => ({ exportId, date, state: 'gone before it was read', alarm: true })),
    ...missingDates.map(({ exportId, from, to }) => {
      const state = from === to ? 'missing' : `missing, until ${to}`
      return { exportId, date: from, state, alarm: true }
    }),
  ]
}

function expiry(days: number, retentionDays: number | undefined): Content {
  const text = days === 0 ? 'any moment' : `${days} ${days === 1 ? 'day' : 'days'}`
  if (retentionDays === undefined) return text
  return html`${text} <meter min="0" max="${retentionDays}" low="2" optimum="${retentionDays}" value="${days}" aria-hidden="true"></meter>`
}
