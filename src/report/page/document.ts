/** The frame of every report's page: one file that needs nothing else, no script, no request. */

import { type Content, Html, html } from './html.ts'
import { STYLE } from './style.ts'

/** A part of a page with a heading, which links of the page lead to. */
export type Section = readonly [id: string, title: string, content: Content]

export const sectionOf = ([id, title, content]: Section): Html =>
  html`<section aria-labelledby="${id}"><h2 id="${id}">${title}</h2>${content}</section>`

/** Links to the sections; none where there is a single one. */
export const linksTo = (sections: ReadonlyArray<readonly [id: string, title: string, ...unknown[]]>): Content =>
  sections.length > 1 &&
  html`<nav aria-label="Sections"><ul>${sections.map(([id, title]) => html`<li><a href="#${id}">${title}</a></li>`)}</ul></nav>`

export interface Page {
  readonly title: string
  readonly header: Html
  readonly main: Content
  readonly run: string
  readonly startedAt: string
  readonly endedAt: string
}

/** The whole page, as text. */
export function documentOf({ title, header, main, run, startedAt, endedAt }: Page): string {
  const body = html`<a class="skip" href="#content">To the content</a>
${header}
<main id="content">
${main}
</main>
<footer><p>didomi-dataverse, run <span class="id">${run}</span>, from ${startedAt} to ${endedAt}. Counts, dates and names of the configuration; nothing of any person. The same as JSON: <span class="id">${run}.json</span>.</p></footer>`
  return framed(title, body)
}

/** Whatever a value might contain, such a page loads nothing and runs nothing. */
const POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"

function framed(title: string, body: Html): string {
  return html`${new Html('<!doctype html>')}
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${new Html(POLICY)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<link rel="icon" href="data:,">
<title>${title}</title>
<style>${new Html(STYLE)}</style>
</head>
<body>
${body}
</body>
</html>
`.text
}
