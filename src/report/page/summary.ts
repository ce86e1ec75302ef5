/** The head of a page: how the run ended, its figures, and what needs doing. */

import type { RunReport } from '../run-report.ts'
import { exitText } from '../text.ts'
import { type Content, type Html, html, withCode } from './html.ts'
import { counted, lasting, type Table } from './table.ts'

/** How good an end is, for its colour; the words say it too. */
const TONES: Readonly<Record<number, 'good' | 'warn'>> = { 0: 'good', 5: 'warn', 6: 'warn' }

/** What each end asks for. */
const TO_DO: Readonly<Record<number, string>> = {
  0: 'Nothing needs doing.',
  1: 'A promise of the program is broken. Keep the store and report the code; persons stay due, so nothing is lost.',
  2: 'Mend the configuration, then run again.',
  3: 'Credentials or privileges need mending; `doctor` names all that is missing.',
  4: 'What could not be read stays pending. Look at the source, then run again.',
  5: 'Everything went its way, but look at the rejects, the quarantine or the partitions below.',
  6: 'Persons stay due. The next run takes them up.',
  7: 'Another run holds the store. Wait for it, or look for a stuck process.',
  9: 'Nothing was written: too much would have changed at once. Look at a plan, then run with --accept.',
  130: 'The run was stopped. What it did is valid; run again.',
  143: 'The run was stopped. What it did is valid; run again.',
}

const JOBS: Readonly<Record<RunReport['job'], string>> = {
  sync: 'Sync',
  bootstrap: 'Bootstrap',
  reverse: 'Reverse',
}

export function titleOf({ job, startedAt }: RunReport): string {
  return begunAt(JOBS[job], startedAt)
}

/** What a page is of, with the minute in which that began. */
export function begunAt(what: string, startedAt: string): string {
  return `${what} of ${startedAt.slice(0, 10)}, ${startedAt.slice(11, 16)} UTC`
}

export const header = (report: RunReport): Html => headOf(titleOf(report), TO_DO[report.exitCode] ?? '', report)

/** The first words of a page: what it is about, how that ended, what to do now. */
export function headOf(
  title: string,
  toDo: string,
  {
    run,
    exitCode,
    startedAt,
    endedAt,
    durationsMs = {},
  }: Pick<RunReport, 'run' | 'exitCode' | 'startedAt' | 'endedAt'> & Partial<Pick<RunReport, 'durationsMs'>>,
): Html {
  const stages = Object.entries(durationsMs).map(([stage, ms]) => `${stage} ${lasting(ms)}`)
  const tookMs = Date.parse(endedAt) - Date.parse(startedAt)
  return html`<header>
<h1>${title} <span class="badge ${TONES[exitCode] ?? 'bad'}">${exitText(exitCode)} (exit ${exitCode})</span></h1>
<p>${withCode(toDo)}</p>
<p>Run <span class="id">${run}</span>, ${lasting(tookMs)}${stages.length > 0 && `: ${stages.join(', ')}`}.</p>
</header>`
}

type Delivery = RunReport['deliver'][number]

function sumOver(deliver: readonly Delivery[], of: (one: Delivery) => number): number {
  return deliver.reduce((total, one) => total + of(one), 0)
}

/** The figures that people ask for first. */
export function tiles({ ingest, deliver, failures, told }: RunReport): Html {
  const partitions = ingest?.partitions ?? []
  const refused = sumOver(deliver, ({ rejections }) =>
    Object.values(rejections).reduce((total, count) => total + count, 0),
  )
  const waitedMs = sumOver(deliver, ({ requests }) =>
    Object.values(requests.waitedMs).reduce((total, ms) => total + ms, 0),
  )
  return tilesOf([
    ...(ingest === undefined
      ? []
      : [
          ['lines read', partitions.reduce((total, { counts }) => total + counts.lines, 0)] as const,
          ['records changed', ingest.changedRecords] as const,
        ]),
    ...(deliver.length === 0
      ? []
      : [
          ['persons taken up', sumOver(deliver, ({ persons }) => persons)] as const,
          ['choices written', sumOver(deliver, ({ places }) => places.written)] as const,
          ['still due', sumOver(deliver, ({ deferred }) => deferred)] as const,
          ['refused', refused, refused > 0] as const,
          ['waited', lasting(waitedMs)] as const,
        ]),
    ...(told === undefined
      ? []
      : [['events told', told.posted] as const, ['not told yet', told.deferred, told.deferred > 0] as const]),
    ...(failures.length === 0 ? [] : [['stages failed', failures.length, true] as const]),
  ])
}

/** Figures with their names; `bad` are those that nobody wants to see. */
export function tilesOf(shown: ReadonlyArray<readonly [name: string, figure: Content, bad?: boolean]>): Html {
  return html`<dl class="tiles">${shown.map(
    ([name, content, bad]) =>
      html`<div${bad && html` class="bad"`}><dt>${name}</dt><dd>${typeof content === 'number' ? counted(content) : content}</dd></div>`,
  )}</dl>`
}

/** What went wrong and what the configuration had to say; absent where there is nothing. */
export function notices({ failures, warnings, sums, ingest }: RunReport): Html | undefined {
  const broken = [
    ...(sums.lines ? [] : ['The sum of lines does not hold.']),
    ...(sums.persons ? [] : ['The sum of persons does not hold.']),
    ...(sums.places === false ? ['The sum of places does not hold.'] : []),
  ]
  const damaged = (ingest?.partitions ?? []).flatMap(({ damaged: keys }) => keys)
  const items: Html[] = [
    ...failures.map(({ stage, message }) => html`<li class="bad"><strong>${stage}</strong>: ${message}</li>`),
    ...broken.map((text) => html`<li class="bad">${text}</li>`),
    ...damaged
      .slice(0, MOST_TOLD)
      .map((key) => html`<li class="bad">Damaged, to be read again: <code>${key}</code></li>`),
    ...(damaged.length > MOST_TOLD
      ? [html`<li class="bad">${counted(damaged.length - MOST_TOLD)} more damaged objects.</li>`]
      : []),
    ...warnings.map((warning) => html`<li>${warning}</li>`),
  ]
  return toLookAt(items)
}

/** What nobody should overlook, an item each; absent where there is nothing. */
export function toLookAt(items: readonly Html[]): Html | undefined {
  if (items.length === 0) return undefined
  return html`<section aria-labelledby="notices"><h2 id="notices">To look at</h2><ul class="told">${items}</ul></section>`
}

const MOST_TOLD = 20

/** What was heard of choices in Dataverse, and what Didomi was told. */
export function reverseTables({ heard = [], told }: RunReport): Table[] {
  const places = heard.map((one): Table => {
    const { target, read, rows, looks, ours, empty, unmapped, undated, foreign } = one
    const { told: toTell, known, superseded, parked, waiting } = one
    const waits = Object.entries(waiting).map(([reason, count]) => [`waiting: ${reason}`, count])
    return {
      caption: `Heard in ${target}: ${counted(rows)} rows of ${read === 'changes' ? 'the change log' : 'the whole table'}, ${counted(looks)} looked at again`,
      heads: ['Places', 'Count'],
      rows: [
        ...Object.entries({ ours, empty, unmapped, undated, 'of others': foreign }),
        ...Object.entries({ toTell, known, superseded, parked }).map(([end, count]) => [
          `of others, ${end === 'toTell' ? 'to tell' : end}`,
          count,
        ]),
        ...waits,
      ],
    }
  })
  if (told === undefined) return places
  const { events, statements, posted, refused, deferred, quarantined } = told
  const caption = `Told Didomi: ${counted(events)} events with ${counted(statements)} statements`
  const rows = Object.entries({ posted, refused, deferred, quarantined })
  return [...places, { caption, heads: ['Events', 'Count'], rows }]
}
