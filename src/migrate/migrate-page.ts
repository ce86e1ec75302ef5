/** The page of a migration's step: from contacts to rows, by purpose and topic, what was refused and what is to be decided. */

import type { DeliverReport } from '../report/deliver-report.ts'
import { type DrawChart, openCharts } from '../report/page/chart.ts'
import { choicesChart, type NamePlace, namedPlace } from '../report/page/choices.ts'
import { documentOf, linksTo, type Section, sectionOf } from '../report/page/document.ts'
import { type Step, stepsChart } from '../report/page/funnel.ts'
import { type Content, type Html, html, withCode } from '../report/page/html.ts'
import { begunAt, headOf, tilesOf, toLookAt } from '../report/page/summary.ts'
import { counted, countedOf, firstRows, type Table, tableOf } from '../report/page/table.ts'
import { DATINGS } from './dating.ts'
import type { MigrateReport } from './migrate-report.ts'
import { DATED, duration, OUTCOMES } from './migrate-text.ts'
import type { RollbackReport } from './rollback.ts'
import { FATES } from './rollback-text.ts'
import { SLOT_OUTCOMES } from './slot-counts.ts'

/** What each step made, or would make, of choices. */
const CHOICES = { plan: 'Choices to write', apply: 'Choices written', verify: 'Choices that have drifted' } as const

/** The whole page, as text; a rollback's has its counts alone. */
export async function migrationPage(report: MigrateReport | RollbackReport, nameOf: NamePlace): Promise<string> {
  const { target, step, startedAt } = report
  const title = begunAt(`Migration to ${target}, ${step}`, startedAt)
  const header = headOf(title, toDoOf(report), report)
  const main = report.step === 'rollback' ? rolledBack(report) : migrated(report, nameOf, await openCharts())
  return documentOf({ ...report, title, header, main })
}

function toDoOf(report: MigrateReport | RollbackReport): string {
  if (report.exitCode === 5) return 'Dataverse refused rows: see below, mend what it names, then run the step again.'
  if (report.step === 'plan') return 'Nothing was written. Look at the rows to write, then run `migrate apply`.'
  if (report.step === 'verify')
    return report.exitCode === 0
      ? 'Dataverse holds what the columns say.'
      : 'Dataverse has drifted: look at the choices below, then run `migrate apply` again.'
  return report.exitCode === 0 ? 'Nothing needs doing.' : 'Not all is done: run the same step again.'
}

function rolledBack(report: RollbackReport): Content {
  const rows = FATES.flatMap(([name, text]) => (report[name] === 0 ? [] : [[text, report[name]]]))
  const caption = 'Rows that the migration had touched, and what became of them'
  return html`${tilesOf([
    ['rows touched', report.rows],
    ['opt-ins deleted', report.deleted],
    ['rows returned', report.returned],
    ['kept, changed since', report.changedSince],
  ])}
${tableOf({ caption, heads: ['What', 'Rows'], rows })}`
}

function migrated(report: MigrateReport, nameOf: NamePlace, draw: DrawChart): Content {
  const { target, reading, slots, step } = report
  const { rejected, deferred } = slots.outcomes
  const choices = choicesChart({ target, written: writtenOf(report) }, 'migration', nameOf, CHOICES[step])
  const refusals = Object.entries(slots.rejections)
  const sections: Section[] = [
    ['funnel-of', 'From contacts to rows', draw(stepsChart('From contacts to rows', stepsOf(report)))],
    [
      'choices-of',
      CHOICES[step],
      html`${choices === undefined ? html`<p class="note">None.</p>` : draw(choices)}
${tableOf(entriesTable(report, nameOf))}`,
    ],
    ['pairs-of', 'What is carried where', html`${tableOf(pairsTable(report))}${tableOf(datesTable(report))}`],
    ...(refusals.length === 0
      ? []
      : [['refused', 'Refused by Dataverse', tableOf(refusedTable(refusals))] as const satisfies Section]),
  ]
  return html`${tilesOf([
    [report.csv ? 'rows of the file' : 'contacts', reading.rows],
    ['statements', reading.statements],
    ['slots', slots.slots],
    [step === 'apply' ? 'rows written' : 'rows to write', slots.rows],
    ['refused', rejected, rejected > 0],
    ['left for the next run', deferred, deferred > 0],
  ])}
${noticesOf(report)}
${linksTo(sections)}
${sections.map(sectionOf)}`
}

/** What nobody should overlook: opt-ins that do nothing, and what an `apply` will take. */
function noticesOf({ slots, parentPurpose, step, forecast }: MigrateReport): Html | undefined {
  const { topicsWithoutPurpose, blockedAddresses, ensurable } = slots
  const parents = `${countedOf(topicsWithoutPurpose, 'topic')} are opted in while their purpose is not: nothing would be sent about them to ${counted(blockedAddresses)} addresses.`
  const ensure = `\`parentPurpose: ensure\` would make ${countedOf(ensurable ?? 0, 'purpose row')}, and leave alone whoever refuses the purpose.`
  const items = [
    ...(topicsWithoutPurpose === 0 ? [] : [parents]),
    ...(step === 'plan' && parentPurpose === 'warn' && ensurable !== undefined ? [ensure] : []),
    ...(forecast === undefined
      ? []
      : [
          `\`apply\` would send ${counted(forecast.rows)} rows in about ${counted(forecast.requests)} requests, in ${duration(forecast.seconds)} at the documented limits; they count for ${counted(forecast.entitlement)} of the tenant's daily requests.`,
        ]),
  ]
  return toLookAt(items.map((item) => html`<li>${withCode(item)}</li>`))
}

/** From left to right; what goes no further is told by why. */
function stepsOf({ reading, slots, csv, step }: MigrateReport): Step[] {
  const { created, updated, ...left } = slots.outcomes
  const words = OUTCOMES[step]
  return [
    {
      ...{ side: 'source', name: csv ? 'Rows of the file' : 'Contacts', count: reading.rows },
      left: { merged: reading.merged, malformed: reading.malformed },
    },
    {
      ...{ side: 'source', name: 'Values', count: reading.answers },
      left: { empty: reading.empty, 'neither yes nor no': reading.unreadable },
    },
    {
      ...{ side: 'source', name: 'Statements', count: reading.statements },
      left: { 'without a usable address': reading.withoutAddress },
    },
    {
      ...{ side: 'target', name: 'Statements by slot', count: slots.placements },
      left: { 'beside another one in the same slot': slots.placements - slots.slots },
    },
    {
      ...{ side: 'target', name: 'Slots', count: slots.slots },
      left: Object.fromEntries(
        SLOT_OUTCOMES.flatMap((outcome) =>
          outcome === 'created' || outcome === 'updated' ? [] : [[words[outcome], left[outcome]]],
        ),
      ),
    },
    {
      ...{ side: 'target', name: step === 'apply' ? 'Slots written' : 'Slots to write', count: created + updated },
      left: {},
    },
  ]
}

/** Slots that were written, would be, or have drifted, as a delivery tells its choices. */
function writtenOf({ slots }: MigrateReport): DeliverReport['written'] {
  return Object.fromEntries(
    Object.entries(slots.entries).flatMap(([place, { optedIn, optedOut }]) => {
      const [yes, no] = [optedIn.created + optedIn.updated, optedOut.created + optedOut.updated]
      return yes + no === 0 ? [] : [[place, { optedIn: yes, optedOut: no, other: 0 }]]
    }),
  )
}

function entriesTable({ target, slots, step }: MigrateReport, nameOf: NamePlace): Table {
  const rows = Object.entries(slots.entries).flatMap(([place, { optedIn, optedOut }]) => {
    const shown = namedPlace(nameOf, target, place)
    return SLOT_OUTCOMES.flatMap((outcome) => {
      const [yes, no] = [optedIn[outcome], optedOut[outcome]]
      return yes + no === 0 ? [] : [[shown, OUTCOMES[step][outcome], yes, no]]
    })
  })
  return {
    caption: 'Slots by purpose and topic, and what became of them',
    heads: ['What', 'Became', 'Opted in', 'Opted out'],
    ...firstRows(rows, (row) => row),
  }
}

function pairsTable({ pairs, unpaired }: MigrateReport): Table {
  const carried = pairs.map(({ column, value, to }) => [
    value === undefined ? column : `${column} (${value})`,
    to.length === 0 ? 'nothing' : to.join(', '),
  ])
  const rows = [...carried, ...unpaired.map(({ id, why }) => [id, `left out: ${why}`])]
  return {
    caption: 'Columns, and the purposes and topics that they are carried to',
    heads: ['Column', 'Carried to'],
    ...firstRows(rows, (row) => row),
  }
}

function datesTable({ reading }: MigrateReport): Table {
  const rows = DATINGS.flatMap((dating) =>
    reading.dated[dating] === 0 ? [] : [[DATED[dating], reading.dated[dating]]],
  )
  return { caption: 'When the statements were made, and how that is known', heads: ['How', 'Statements'], rows }
}

function refusedTable(refusals: ReadonlyArray<readonly [code: string, count: number]>): Table {
  const sorted = [...refusals].sort(([, one], [, other]) => other - one)
  return {
    caption: "Rows by the server's code",
    heads: ['Code', 'Rows'],
    ...firstRows(sorted, (row) => row),
  }
}
