/** A run's report as one page that needs nothing else: no script, no request, nothing personal. */

import type { JsonValue } from '../../record/record.ts'
import type { RunReport } from '../run-report.ts'
import { daysOf, parseTold } from '../trend.ts'
import { openCharts } from './chart.ts'
import type { NamePlace } from './choices.ts'
import { funnelOf } from './funnel.ts'
import { type Content, Html, html } from './html.ts'
import { readingOverTime } from './over-time.ts'
import { partitionsTable } from './partitions.ts'
import { STYLE } from './style.ts'
import { header, notices, reverseTables, tiles, titleOf } from './summary.ts'
import { tableOf } from './table.ts'
import { targetSection } from './target-section.ts'

export interface Surroundings {
  /** Reports of other runs, as the store holds them: what days are compared with. */
  readonly earlier: readonly (JsonValue | undefined)[]
  readonly nameOf: NamePlace
}

/** The whole page, as text. */
export async function reportPage(report: RunReport, { earlier, nameOf }: Surroundings): Promise<string> {
  const draw = await openCharts()
  const told = parseTold(earlier)
  const funnel = funnelOf(report)
  const { ingest } = report
  const reading = ingest && readingOverTime(ingest)
  const partitions = ingest && partitionsTable(ingest, report.endedAt.slice(0, 10))
  const targets = report.deliver.map((one, at) => ({
    ...{ report: one, id: `target-${at + 1}`, days: daysOf(report, told, one.target), nameOf },
  }))
  const reverse = reverseTables(report)
  const sections: Array<readonly [id: string, title: string, content: Content]> = [
    ...(funnel ? [['funnel-of', funnel.title, draw(funnel)] as const] : []),
    ...(reading ? [['reading-of', 'Reading', draw(reading)] as const] : []),
    ...(reverse.length > 0 ? [['reverse', 'The way back', reverse.map(tableOf)] as const] : []),
    ...(partitions ? [['partitions', 'Partitions', tableOf(partitions)] as const] : []),
  ]
  const links = [
    ...sections.slice(0, 1).map(([id, title]) => [id, title] as const),
    ...targets.map(({ id, report: { target } }) => [id, `Target ${target}`] as const),
    ...sections.slice(1).map(([id, title]) => [id, title] as const),
  ]
  const [first, ...others] = sections.map(
    ([id, title, content]) => html`<section aria-labelledby="${id}"><h2 id="${id}">${title}</h2>${content}</section>`,
  )
  const body = html`<a class="skip" href="#content">To the content</a>
${header(report)}
<main id="content">
${tiles(report)}
${notices(report)}
${links.length > 1 && html`<nav aria-label="Sections"><ul>${links.map(([id, title]) => html`<li><a href="#${id}">${title}</a></li>`)}</ul></nav>`}
${first}
${targets.map((target) => targetSection(target, draw))}
${others}
</main>
<footer><p>didomi-dataverse, run <span class="id">${report.run}</span>, from ${report.startedAt} to ${report.endedAt}. Counts, dates and names of the configuration; nothing of any person. The same as JSON: <span class="id">${report.run}.json</span>.</p></footer>`
  return documentOf(titleOf(report), body)
}

/** Whatever a value might contain, such a page loads nothing and runs nothing. */
const POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"

function documentOf(title: string, body: Html): string {
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
