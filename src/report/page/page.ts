/** The page of a run: from lines to outcomes, each target, what is to be looked at. */

import type { JsonValue } from '../../record/record.ts'
import type { RunReport } from '../run-report.ts'
import { daysOf, parseTold } from '../trend.ts'
import { openCharts } from './chart.ts'
import type { NamePlace } from './choices.ts'
import { documentOf, linksTo, type Section, sectionOf } from './document.ts'
import { funnelOf } from './funnel.ts'
import { html } from './html.ts'
import { readingOverTime } from './over-time.ts'
import { partitionsTable } from './partitions.ts'
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
  const sections: Section[] = [
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
  const [first, ...others] = sections.map(sectionOf)
  const main = html`${tiles(report)}
${notices(report)}
${linksTo(links)}
${first}
${targets.map((target) => targetSection(target, draw))}
${others}`
  return documentOf({ ...report, title: titleOf(report), header: header(report), main })
}
