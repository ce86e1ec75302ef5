/** The web page at `/`: no sign-in, no effect on anything, for whoever wants to see what a client has done. */
import type { ApiReply } from '../api-message.ts'
import type { World } from '../world.ts'
import { DOCUMENT_HEADERS, type DocumentDraft, documentText } from './document.ts'
import { counted } from './figure.ts'
import { html } from './html.ts'
import { type Overview, overview } from './overview.ts'
import { lastPage, rowsView } from './rows-view.ts'
import { type Section, sections } from './sections.ts'

/** What the page needs of an HTTP request; `path` starts with a slash. */
export interface PageRequest {
  readonly method: string
  readonly path: string
  readonly query: URLSearchParams
}

const TITLE = 'Dataverse emulator'

/** Undefined for what is not the page. `?table=` a logical name and `&page=` a number show rows. */
export function page(world: World, { method, path, query }: PageRequest): ApiReply | undefined {
  if (path !== '/' || (method !== 'GET' && method !== 'HEAD')) return undefined
  const name = query.get('table')
  return name === null ? documentReply(200, overviewDraft(world)) : tableReply(world, name, query.get('page'))
}

/** The overview as data; with `?sections`, the page's parts as HTML beside it. */
export function overviewAnswer(
  world: World,
  query: URLSearchParams,
): Overview & { readonly sections?: readonly { readonly id: string; readonly html: string }[] } {
  const data = overview(world)
  if (!query.has('sections')) return data
  return { ...data, sections: sections(data).map(({ id, content }) => ({ id, html: content.text })) }
}

function documentReply(status: number, draft: DocumentDraft): ApiReply {
  return { status, headers: DOCUMENT_HEADERS, body: documentText(draft) }
}

function overviewDraft(world: World): DocumentDraft {
  const parts = sections(overview(world))
  return {
    title: TITLE,
    navigation: html`${parts.map(({ id, title }) => html`<a href="#${id}">${title}</a> `)}`,
    main: html`${parts.map(sectionOf)}`,
    script: true,
  }
}

function sectionOf({ id, title, content }: Section) {
  return html`<section id="${id}" aria-labelledby="${id}-title"><h2 id="${id}-title">${title}</h2>
<div class="content">${content}</div></section>
`
}

const BACK = html`<a href="/">All tables</a>`

function tableReply(world: World, name: string, page: string | null): ApiReply {
  const table = world.state.tables.get(name)
  if (table === undefined) {
    const main = html`<section><p>The environment has no table of the logical name <code>${name}</code>.</p></section>`
    return documentReply(404, { title: `No such table – ${TITLE}`, navigation: BACK, main, script: false })
  }
  const asked = Number(page ?? 1)
  const number = Number.isInteger(asked) ? Math.min(Math.max(1, asked), lastPage(table)) : 1
  const heading = html`${table.schema.displayName}: ${counted(table.size, 'row')}`
  const main = html`<section class="rows" aria-labelledby="rows-title"><h2 id="rows-title">${heading}</h2>
${rowsView(table, number)}</section>`
  return documentReply(200, { title: `${name} – ${TITLE}`, navigation: BACK, main, script: false })
}
