/** What a step of a migration says at its end, and the sums that must hold: contacts, statements, slots, rows. */

import { CodedError, type Complaint } from '../lib/errors.ts'
import type { Forecast } from '../report/forecast.ts'
import type { CsvColumns } from './csv-speakers.ts'
import type { Migration } from './migration.ts'
import { entryId, type Question, type Unpaired } from './pairing.ts'
import type { ReadingReport } from './reading-counts.ts'
import type { SlotsReport } from './slot-counts.ts'

export type MigrateStep = 'plan' | 'apply' | 'verify'

/** A column and what its choice is carried to. */
export interface PairReport {
  readonly column: string
  readonly value?: string
  readonly to: readonly string[]
}

export interface MigrateReport {
  readonly version: 1
  readonly job: 'migrate'
  readonly step: MigrateStep
  readonly run: string
  readonly startedAt: string
  readonly endedAt: string
  readonly target: string
  /** Whether the choices came out of a file. */
  readonly csv: boolean
  readonly pairs: readonly PairReport[]
  readonly unpaired: readonly Unpaired[]
  readonly reading: ReadingReport
  readonly slots: SlotsReport
  readonly parentPurpose: 'warn' | 'ensure' | 'off'
  /** A plan's. */
  readonly forecast?: Forecast
  readonly exitCode: number
}

type Entries = Pick<Migration, 'mapping'>

/** The entries at these positions, as documents call them. */
function namesAt(positions: readonly number[], { mapping }: Entries): string[] {
  return positions.flatMap((position) => {
    const entry = mapping.entries[position]
    return entry === undefined ? [] : [`${entryId(entry)}${entry.channel === undefined ? '' : ` ${entry.channel}`}`]
  })
}

export function pairReports(questions: readonly Question[], entries: Entries): PairReport[] {
  return questions.map(({ column, value, entries: positions }) => ({
    column: column.name,
    ...(value !== undefined && { value }),
    to: namesAt(positions, entries),
  }))
}

export function csvPairReports({ choices }: CsvColumns, entries: Entries): PairReport[] {
  return choices.map(({ column, entries: positions }) => ({ column, to: namesAt(positions, entries) }))
}

/**
 * Every row is one of three, every answer one of three, every statement one of two; what was placed is found again, each
 * slot has one outcome.
 * @throws CodedError `sum-broken`
 */
export function checkMigrationSums(reading: ReadingReport, slots: SlotsReport): void {
  const { outcomes } = slots
  const equations: ReadonlyArray<readonly [string, number, number]> = [
    ['rows read', reading.rows, reading.speakers + reading.merged + reading.malformed],
    ['answers', reading.answers, reading.statements + reading.empty + reading.unreadable],
    ['statements by date', reading.statements, Object.values(reading.dated).reduce((sum, count) => sum + count, 0)],
    ['statements', reading.statements, reading.placed + reading.withoutAddress],
    ['placements', reading.placements, slots.placements],
    ['slots', slots.slots, Object.values(outcomes).reduce((sum, count) => sum + count, 0)],
  ]
  const [first, ...others] = equations.flatMap(([where, whole, parts]): Complaint[] =>
    whole === parts
      ? []
      : [
          {
            where: `migrate, ${where}`,
            found: `${whole} in all, but ${parts} in parts`,
            expected: 'parts that add up',
            remedy: 'Please report this. Rows that were written are told by `verify`.',
          },
        ],
  )
  if (first !== undefined) throw new CodedError('sum-broken', [first, ...others])
}
