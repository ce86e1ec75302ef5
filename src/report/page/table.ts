/** Tables of a page: a caption, a head for every column, a head for every row. */

import { type Content, Html, html } from './html.ts'

export interface Table {
  readonly caption: string
  readonly heads: readonly string[]
  /** The first cell is the row's head; numbers stand at the right. */
  readonly rows: ReadonlyArray<readonly Content[]>
  /** Rows that are left out, where there are too many for a page. */
  readonly more?: { readonly count: number; readonly where: string }
}

/** Rows of a table, at most: a page is looked at, a report is read by programs. */
export const MOST_ROWS = 60

/** The rows of a list that may be longer than a page shows. */
export function firstRows<One>(
  all: readonly One[],
  rowOf: (one: One) => readonly Content[],
): Required<Pick<Table, 'rows' | 'more'>> {
  return {
    rows: all.slice(0, MOST_ROWS).map(rowOf),
    more: { count: all.length - MOST_ROWS, where: 'the JSON report has all of them' },
  }
}

export function tableOf({ caption, heads, rows, more }: Table): Html {
  const numeric = heads.map((_, column) => rows.length > 0 && rows.every((row) => isNumber(row[column])))
  const cell = (content: Content, column: number) => {
    if (column === 0) return html`<th scope="row"${isDate(content) && html` class="date"`}>${content}</th>`
    return numeric[column] ? html`<td class="n">${shown(content)}</td>` : html`<td>${shown(content)}</td>`
  }
  return html`<table>
<caption>${caption}</caption>
<thead><tr>${heads.map((head, column) => html`<th scope="col"${numeric[column] && html` class="n"`}>${head}</th>`)}</tr></thead>
<tbody>${rows.map((row) => html`<tr>${row.map(cell)}</tr>\n`)}</tbody>
</table>${more && more.count > 0 && html`<p class="more">${counted(more.count)} more: ${more.where}.</p>`}`
}

const isDate = (content: Content): boolean => typeof content === 'string' && /^\d{4}-\d\d-\d\d$/.test(content)

const isNumber = (content: Content): boolean =>
  typeof content === 'number' ||
  (typeof content === 'string' && /^[\d,.]+( ?(%|s))?$|^–$/.test(content)) ||
  (content instanceof Html && content.text.startsWith('<span class="pair">'))

const shown = (content: Content): Content => (typeof content === 'number' ? counted(content) : content)

const SEPARATED = new Intl.NumberFormat('en-GB', { maximumFractionDigits: 1 })

/** A number with separators: 1,234,567. */
export function counted(count: number): string {
  return SEPARATED.format(count)
}

/** `1 person`, `2 persons`. */
export function countedOf(count: number, noun: string): string {
  return `${counted(count)} ${noun}${count === 1 ? '' : 's'}`
}

/** Milliseconds as people say it: `0.8 s`, `4 min 05 s`, `3 h 12 min`. */
export function lasting(ms: number): string {
  if (ms < 60_000) return `${(ms / 1_000).toFixed(ms < 10_000 ? 1 : 0)} s`
  const seconds = Math.round(ms / 1_000)
  const two = (number: number) => String(number).padStart(2, '0')
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} min ${two(seconds % 60)} s`
  return `${Math.floor(seconds / 3_600)} h ${two(Math.floor((seconds % 3_600) / 60))} min`
}
