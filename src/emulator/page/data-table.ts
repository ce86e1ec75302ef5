/** A table of the page: a caption, header cells for columns and rows, and a box that scrolls sideways by keyboard too. */
import { type Html, type HtmlValue, html } from './html.ts'

/** One column; numbers stand to the right. */
export interface DataColumn {
  readonly head: HtmlValue
  readonly numeric?: boolean
}

/** What a table shows. The first cell of each row is its header. */
export interface DataTable {
  /** In plain words; also the name of the scrolling box. */
  readonly caption: string
  readonly columns: readonly DataColumn[]
  readonly rows: readonly (readonly HtmlValue[])[]
  /** Stands in the place of a table without rows. */
  readonly empty: string
}

/** The table, or the sentence that says why there is none. */
export function dataTable({ caption, columns, rows, empty }: DataTable): Html {
  if (rows.length === 0) return html`<p class="empty">${empty}</p>`
  const kind = (index: number) => (columns[index]?.numeric === true ? 'number' : 'text')
  const head = columns.map((column, index) => html`<th scope="col" class="${kind(index)}">${column.head}</th>`)
  const cell = (value: HtmlValue, index: number) =>
    index === 0 ? html`<th scope="row">${value}</th>` : html`<td class="${kind(index)}">${value}</td>`
  const body = rows.map((row) => html`<tr>${row.map(cell)}</tr>\n`)
  return html`<div class="scroll" role="region" aria-label="${caption}" tabindex="0">
<table><caption>${caption}</caption>
<thead><tr>${head}</tr></thead>
<tbody>${body}</tbody></table></div>`
}
