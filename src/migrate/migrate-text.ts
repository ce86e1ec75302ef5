/** The report of a migration's step for people at a terminal, at most 80 columns wide. */

import { DATINGS } from './dating.ts'
import type { MigrateReport } from './migrate-report.ts'
import { SLOT_OUTCOMES, type SlotOutcome } from './slot-counts.ts'

/** The whole text, without a line end. */
export function migrateText(report: MigrateReport): string {
  const tookMs = Date.parse(report.endedAt) - Date.parse(report.startedAt)
  return [
    `Migration to ${report.target}, ${report.step}, run ${report.run}: ${(tookMs / 1_000).toFixed(1)} s`,
    ...pairLines(report),
    '',
    ...reconciliation(report),
    '',
    ...entryLines(report),
    ...parentLines(report),
    ...rejectionLines(report),
    ...forecastLines(report),
    ...verdictLines(report),
  ].join('\n')
}

function pairLines({ pairs, unpaired }: MigrateReport): string[] {
  return [
    ...pairs.flatMap(({ column, value, to }) => [
      `  ${column}${value === undefined ? '' : ` (${value})`}`,
      ...to.map((id) => `    → ${id}`),
    ]),
    ...unpaired.flatMap(({ id, why }) => [`  ${id}`, `    left out: ${why}`]),
  ]
}

const number = (count: number): string => count.toLocaleString('en-US').padStart(12)

export const DATED = {
  store: 'dated by the state store',
  asOfColumn: 'dated by their date column',
  ledger: 'dated by what we delivered before',
  modifiedOn: 'no younger than the last save',
} as const satisfies Record<(typeof DATINGS)[number], string>

function line(count: number, text: string, depth = 1): string {
  return `${number(count)}${'  '.repeat(depth)}${text}`
}

function optional(count: number, text: string): string[] {
  return count === 0 ? [] : [line(count, text, 2)]
}

/** From left to right: each block's first line is the sum of those below it. */
function reconciliation({ reading, slots, csv, step }: MigrateReport): string[] {
  const { outcomes } = slots
  return [
    line(reading.rows, csv ? 'rows of the file' : 'contacts with a value in a mapped column'),
    ...optional(reading.merged, 'merged: their masters speak for them'),
    ...optional(reading.malformed, 'malformed'),
    line(reading.speakers, 'speak for themselves', 2),
    line(reading.answers, 'values looked at'),
    line(reading.empty, 'empty: nothing is said', 2),
    ...optional(reading.unreadable, 'neither yes nor no: nothing is said'),
    line(reading.statements, 'statements', 2),
    ...DATINGS.flatMap((dating) =>
      reading.dated[dating] === 0 ? [] : [line(reading.dated[dating], DATED[dating], 3)],
    ),
    line(reading.statements, 'statements'),
    ...optional(reading.withoutAddress, 'without a usable address'),
    line(reading.placed, `at ${slots.addresses.toLocaleString('en-US')} addresses`, 2),
    line(reading.placements, 'statements by slot'),
    ...optional(slots.placements - slots.slots, 'beside another one in the same slot'),
    line(slots.slots, 'slots', 2),
    line(slots.slots, 'slots'),
    ...SLOT_OUTCOMES.flatMap((outcome) => optional(outcomes[outcome], OUTCOMES[step][outcome])),
    line(slots.rows, step === 'apply' ? 'rows written for them' : 'rows to write for them'),
    ...(slots.ensured === 0 ? [] : [line(slots.ensured, 'rows of purposes made for topics, besides')]),
  ]
}

const WRITTEN = {
  created: 'a new row',
  updated: 'a row that said something else',
  unchanged: 'right already',
  superseded: 'kept: what stands there is newer, or may be',
  rejected: 'refused by Dataverse',
  deferred: 'left for the next run',
  appliedBefore: 'settled by an earlier run',
} as const satisfies Record<SlotOutcome, string>

/** What became of slots, in words. */
export const OUTCOMES: Record<MigrateReport['step'], Record<SlotOutcome, string>> = {
  plan: { ...WRITTEN, created: 'need a new row', updated: 'need a row changed' },
  apply: WRITTEN,
  verify: { ...WRITTEN, created: 'DRIFT: no row', updated: 'DRIFT: a row says something else', unchanged: 'agree' },
}

function entryLines({ slots }: MigrateReport): string[] {
  return Object.entries(slots.entries).flatMap(([name, { optedIn, optedOut }]) => [
    `  ${name}`,
    ...SLOT_OUTCOMES.flatMap((outcome) => {
      const [yes, no] = [optedIn[outcome], optedOut[outcome]]
      return yes + no === 0 ? [] : [`    ${outcome.padEnd(14)} opted in ${number(yes)}   opted out ${number(no)}`]
    }),
  ])
}

function parentLines({ slots, parentPurpose, step }: MigrateReport): string[] {
  const { topicsWithoutPurpose, blockedAddresses, ensurable } = slots
  if (topicsWithoutPurpose === 0) return []
  const count = (value: number) => value.toLocaleString('en-US')
  const lines = [
    '',
    `  ! ${count(topicsWithoutPurpose)} topics are opted in while their purpose is not: nothing would be sent`,
    `    about them to ${count(blockedAddresses)} addresses.`,
  ]
  if (step === 'plan' && parentPurpose === 'warn' && ensurable !== undefined) {
    lines.push(
      `    \`parentPurpose: ensure\` would make ${count(ensurable)} purpose rows, and leave alone whoever`,
      '    refuses the purpose.',
    )
  }
  return lines
}

function rejectionLines({ slots: { rejections } }: MigrateReport): string[] {
  return Object.entries(rejections).map(([code, count]) => `  ! ${count} rows refused by Dataverse: ${code}`)
}

function forecastLines({ forecast }: MigrateReport): string[] {
  if (forecast === undefined) return []
  const { rows, requests, entitlement, seconds } = forecast
  const count = (value: number) => value.toLocaleString('en-US')
  return [
    '',
    `  apply: ${count(rows)} rows in about ${count(requests)} requests, ${duration(seconds)} at the documented limits;`,
    `  ${count(entitlement)} of the tenant's daily requests.`,
  ]
}

/** Seconds as people say them. */
export function duration(seconds: number): string {
  if (seconds < 120) return `${seconds} s`
  return seconds < 7_200 ? `${Math.round(seconds / 60)} min` : `${(seconds / 3_600).toFixed(1)} h`
}

function verdictLines({ step, slots, exitCode }: MigrateReport): string[] {
  if (step === 'plan') return ['', '  Nothing was written.']
  const { deferred, rejected, created, updated } = slots.outcomes
  if (step === 'apply' && deferred + rejected > 0) return ['', `  Not all is written: exit ${exitCode}.`]
  if (step === 'verify') {
    return [
      '',
      created + updated > 0 ? `  Dataverse has drifted: exit ${exitCode}.` : '  Dataverse holds what the columns say.',
    ]
  }
  return []
}
