/** When a legacy column's choice was made, as a span: from what dates it best. Pure. */

import type { Statement } from '../consent/statement.ts'
import { DAY, MICROSECOND, parseDay, parseInstant, SECOND, type Span } from '../consent/time.ts'
import { heldColumn, type LastSave } from '../projection/contact-row.ts'
import type { JsonValue } from '../record/record.ts'
import type { LedgerEntry } from '../store/store.ts'
import type { Question } from './pairing.ts'

/** What a span rests on. */
export const DATINGS = ['store', 'asOfColumn', 'ledger', 'modifiedOn'] as const
export type Dating = (typeof DATINGS)[number]

/** What is known about one column of one contact. */
export interface Traces {
  readonly stored: JsonValue
  /** What the persons of the contact state about the same question. */
  readonly persons: Statement | undefined
  /** What an earlier delivery to this column left. */
  readonly ledger: LedgerEntry | undefined
  readonly asOf: JsonValue | undefined
  readonly save: LastSave
  /** Microseconds that two clocks may differ by. */
  readonly clockTolerance: number
}

export interface DatedStatement {
  readonly statement: Statement
  readonly dating: Dating
}

/**
 * Dates a choice: by the persons of the store who say the same; else by the date column; else as the guard dates any
 * contact column, which is since ever up to the row's `modifiedon` where no ledger knows more (semantics §7). Somebody
 * else who agreed counts too, so that a no of theirs is not cut short.
 */
export function dateChoice({ column }: Pick<Question, 'column'>, value: boolean, traces: Traces): DatedStatement {
  const { stored, persons, ledger, asOf, save, clockTolerance } = traces
  const held = heldColumn(column, stored, save, ledger, clockTolerance)
  if (persons?.value === value) {
    const { event } = persons
    const hi = held.ours ? Math.max(persons.hi, held.hi) : persons.hi
    return { statement: { value, lo: persons.lo, hi, ...(event !== undefined && { event }) }, dating: 'store' }
  }
  const date = dateSpan(asOf)
  // A date that the row cannot have held yet was not written with the choice.
  if (date !== undefined && date.lo <= save.modifiedOn) return { statement: { value, ...date }, dating: 'asOfColumn' }
  const { lo, hi } = held
  return { statement: { value, lo, hi }, dating: ledger?.confirmed === undefined ? 'modifiedOn' : 'ledger' }
}

/** A date or a date and time as a span: Dataverse keeps no more than the day or the second. */
export function dateSpan(asOf: JsonValue | undefined): Span | undefined {
  if (typeof asOf !== 'string') return undefined
  const day = parseDay(asOf)
  if (day !== undefined) return { lo: day, hi: day + DAY - MICROSECOND }
  const instant = parseInstant(asOf)
  return instant === undefined ? undefined : { lo: instant, hi: instant + SECOND - MICROSECOND }
}
