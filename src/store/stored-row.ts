/** Rows as a database answers them, and what the port makes of them: the same for every store. */

import { type Instant, SINCE_EVER } from '../consent/time.ts'
import { defect } from '../lib/errors.ts'
import type { JsonValue } from '../record/record.ts'
import type { LedgerEntry, LedgerValue, RunRow } from './store.ts'

/** One result row, by column. */
export type Row = Readonly<Record<string, unknown>>

/** How a database's driver tells values. Each throws `defect` on another type than the schema gives the column. */
export interface ColumnReader {
  text(row: Row, column: string): string
  integer(row: Row, column: string): number
  flag(row: Row, column: string): boolean
}

/** The error of a column that holds another type than the schema gives it. */
export function mistyped(column: string): never {
  return defect(`store column ${column}`, 'a value of another type than the schema gives it')
}

/** A column's value as `read` tells it, `undefined` for NULL. */
export function optionally<T>(read: (row: Row, column: string) => T, row: Row, column: string): T | undefined {
  return row[column] === null ? undefined : read(row, column)
}

/** An instant as a column: NULL for "since ever". */
export function instantColumn(instant: Instant): number | null {
  return instant === SINCE_EVER ? null : instant
}

/** A row of `ledger`. */
export function ledgerEntryOf(row: Row, { text, integer, flag }: ColumnReader): LedgerEntry {
  const ledgerValue = (name: 'confirmed' | 'intended' | 'foreign'): LedgerValue | undefined => {
    const value = optionally(text, row, `${name}_value`)
    if (value === undefined) return undefined
    return {
      value: JSON.parse(value) as JsonValue,
      lo: optionally(integer, row, `${name}_lo`) ?? SINCE_EVER,
      hi: optionally(integer, row, `${name}_hi`) ?? SINCE_EVER,
    }
  }
  const confirmed = ledgerValue('confirmed')
  const intended = ledgerValue('intended')
  const foreign = ledgerValue('foreign')
  const intendedAt = optionally(integer, row, 'intended_at')
  const rowId = optionally(text, row, 'row_id')
  const modifiedFloor = optionally(integer, row, 'modified_floor')
  const missingSince = optionally(integer, row, 'missing_since')
  return {
    place: text(row, 'place'),
    ...(confirmed && { confirmed: { ...confirmed, at: integer(row, 'confirmed_at') } }),
    ...(intended && { intended: { ...intended, ...(intendedAt !== undefined && { at: intendedAt }) } }),
    ...(foreign && { foreign }),
    ...(rowId !== undefined && { rowId }),
    ...(modifiedFloor !== undefined && { modifiedFloor }),
    ...(missingSince !== undefined && { missingSince }),
    ...(flag(row, 'restored') && { restored: true }),
  }
}

/** A row of `run`. */
export function runOf(row: Row, { text, integer }: ColumnReader): RunRow {
  const endedAt = optionally(integer, row, 'ended_at')
  const exitCode = optionally(integer, row, 'exit_code')
  const report = optionally(text, row, 'report')
  return {
    id: text(row, 'id'),
    job: text(row, 'job'),
    startedAt: integer(row, 'started_at'),
    ...(endedAt !== undefined && { endedAt }),
    ...(exitCode !== undefined && { exitCode }),
    ...(report !== undefined && { report: JSON.parse(report) as JsonValue }),
  }
}
