/** The rows of one table, a page at a time, with labels beside the codes of choices. */
import type { Column, TableSchema, Value } from '../schema.ts'
import type { Row, Table } from '../table.ts'
import { dataTable } from './data-table.ts'
import { figure } from './figure.ts'
import { type Html, type HtmlValue, html } from './html.ts'
import { rowsUrl } from './sections.ts'
import { slice } from './slice.ts'

/** Rows shown at once. */
export const ROWS_PER_PAGE = 50
/** A longer text is cut, with its full length told. */
const MAX_TEXT = 200

/** The last page that has rows; 1 for an empty table. */
export function lastPage({ size }: Table): number {
  return Math.max(1, Math.ceil(size / ROWS_PER_PAGE))
}

/** One page, from 1; the caller keeps it within `lastPage`. Columns without a value on the page are named, not shown. */
export function rowsView(table: Table, page: number): Html {
  const { schema } = table
  const rows = slice(table.all(), (page - 1) * ROWS_PER_PAGE, ROWS_PER_PAGE)
  const used = columnsOf(schema).filter(({ logicalName }) => rows.some((row) => (row[logicalName] ?? null) !== null))
  const unused = columnsOf(schema).filter((column) => !used.includes(column))
  const first = (page - 1) * ROWS_PER_PAGE + 1
  const shown = dataTable({
    caption: `Rows ${figure(first)} to ${figure(first + rows.length - 1)} of ${figure(table.size)}`,
    columns: used.map(({ logicalName }) => ({ head: html`<code>${logicalName}</code>` })),
    rows: rows.map((row) => used.map((column) => cellOf(column, row))),
    empty: 'The table has no rows.',
  })
  const names = unused.map(({ logicalName }) => logicalName).join(', ')
  const rest = names === '' ? undefined : html`<p class="rest">Without a value here: <code>${names}</code></p>`
  return html`${turn(table, page, 'Pages')}${shown}${turn(table, page, 'Pages, again below the rows')}${rows.length === 0 ? undefined : rest}`
}

/** The name first and the id second, then as the table has them. */
function columnsOf({ primaryName, primaryId, columns }: TableSchema): Column[] {
  const rank = ({ logicalName }: Column) => (logicalName === primaryName ? 0 : logicalName === primaryId ? 1 : 2)
  return [...columns.values()].sort((a, b) => rank(a) - rank(b))
}

function cellOf(column: Column, row: Row): HtmlValue {
  const value: Value = row[column.logicalName] ?? null
  if (value === null) return html`<span class="null">null</span>`
  const label = column.options?.find((option) => option.value === value)?.label
  if (label !== undefined) return html`${String(value)} <span class="label">${label}</span>`
  const text = String(value)
  if (text.length <= MAX_TEXT) return text
  return html`${text.slice(0, MAX_TEXT)}… <span class="label">${figure(text.length)} characters</span>`
}

function turn(table: Table, page: number, name: string): Html | undefined {
  const last = lastPage(table)
  if (last === 1) return undefined
  const link = (to: number, text: string, exists: boolean) =>
    exists ? html`<a href="${rowsUrl(table.schema.logicalName, to)}">${text}</a> ` : html`<span>${text}</span> `
  return html`<nav class="turn" aria-label="${name}">${link(1, 'First', page > 1)}${link(page - 1, 'Previous', page > 1)}
<span aria-current="page">Page ${figure(page)} of ${figure(last)}</span>
${link(page + 1, 'Next', page < last)}${link(last, 'Last', page < last)}</nav>`
}
