/** What somebody else said at a place in Dataverse, or that all of it is ours (semantics §11.2). Pure. */

import { type Choice, setOf } from '../consent/choice.ts'
import type { Instant } from '../consent/time.ts'
import { type ContactColumn, sameValue, statesNothing } from '../projection/contact-column.ts'
import { heldColumn, type LastSave } from '../projection/contact-row.ts'
import { combineHeld, type Held } from '../projection/guard.ts'
import { CONSENT_VALUES, consentValue } from '../projection/slot.ts'
import { type ConsentRow, heldRow, type SlotPolicies } from '../projection/slot-rows.ts'
import type { JsonValue } from '../record/record.ts'
import type { LedgerEntry, LedgerValue } from '../store/store.ts'
import type { Foreign } from './verdict.ts'

export type Heard =
  | { readonly kind: 'ours' | 'empty' | 'not-mapped' | 'undated' }
  | {
      readonly kind: 'foreign'
      readonly statement: Foreign
      /** As Dataverse holds it. */
      readonly value: JsonValue
      /** The row is gone: a refusal (semantics §7). */
      readonly missing: boolean
      /** We said the same, and wrote it or agreed. */
      readonly agreed: boolean
    }

/** A contact's column as read. */
export interface ColumnReading extends LastSave {
  readonly stored: JsonValue | undefined
  readonly createdOn: Instant
}

export interface HearingPolicies {
  /** In microseconds. */
  readonly clockTolerance: number
  readonly undated: 'refusals' | 'nothing'
}

/**
 * One column of a contact. Where no run ever wrote or compared it, a yes or a set may be a default that nobody chose, and
 * nobody can date it: it is never told. A refusal there counts, whoever saved the contact last, unless told otherwise.
 */
export function hearColumn(
  column: ContactColumn,
  { stored, createdOn, ...save }: ColumnReading,
  entry: LedgerEntry | undefined,
  { clockTolerance, undated }: HearingPolicies,
): Heard {
  if (stored === undefined || statesNothing(stored)) return { kind: 'empty' }
  const held = heldColumn(column, stored, save, entry, clockTolerance)
  const holds = (value: JsonValue) => sameValue(column, stored, value)
  const value = choiceOf(column, stored)
  if (held.ours) return value === undefined ? { kind: 'ours' } : agreed(entry, holds, value, stored)
  if (value === undefined) return { kind: 'not-mapped' }
  if (entry?.confirmed === undefined) {
    if (value !== false || undated === 'nothing') return { kind: 'undated' }
    return foreign({ ...held, lo: Math.min(createdOn, save.modifiedOn) }, value, stored)
  }
  return foreign(held, value, stored)
}

/** Every row of a slot. `readAt` is Dataverse's clock at the read. */
export function hearSlot(
  rows: readonly ConsentRow[],
  entry: LedgerEntry | undefined,
  policies: SlotPolicies,
  readAt: Instant,
): Heard {
  if (rows.length === 0) return hearMissing(entry, policies.clockTolerance, readAt)
  const held = rows.flatMap((row) => {
    const one = heldRow(row, entry, policies)
    return one === undefined || row.optedIn === undefined ? [] : [{ ...one, optedIn: row.optedIn }]
  })
  if (held.length === 0) return { kind: 'empty' }
  const others = held.filter(({ ours }) => !ours)
  const refusing = others.filter(({ optedIn }) => !optedIn)
  const [first, ...rest] = refusing.length > 0 ? refusing : others
  if (first !== undefined) return foreign(combineHeld([first, ...rest]), first.optedIn, consentValue(first.optedIn))
  for (const optedIn of [false, true]) {
    if (!held.some((one) => one.optedIn === optedIn)) continue
    const value = consentValue(optedIn)
    const heard = agreed(entry, (known) => known === value, optedIn, value)
    if (heard.kind === 'foreign') return heard
  }
  return { kind: 'ours' }
}

function hearMissing(entry: LedgerEntry | undefined, clockTolerance: number, readAt: Instant): Heard {
  if (entry?.confirmed === undefined) return { kind: 'empty' }
  const hi = entry.missingSince ?? readAt
  const held = { lo: Math.min(entry.confirmed.at, hi), hi, loTolerance: clockTolerance, hiTolerance: clockTolerance }
  return { ...foreign(held, false, CONSENT_VALUES.optedOut), missing: true }
}

function foreign(
  { lo, hi, loTolerance, hiTolerance }: Omit<Held, 'ours'>,
  value: Choice,
  stored: JsonValue,
): Heard & { readonly kind: 'foreign' } {
  return {
    kind: 'foreign',
    statement: { value, lo, hi, loTolerance, hiTolerance },
    value: stored,
    missing: false,
    agreed: false,
  }
}

/**
 * A value that is in the ledger, but that somebody else said too: it may have been told, and is compared again with what
 * Didomi says since.
 */
function agreed(
  entry: LedgerEntry | undefined,
  holds: (value: JsonValue) => boolean,
  value: Choice,
  stored: JsonValue,
): Heard {
  const said: LedgerValue | undefined = entry?.foreign
  if (said === undefined || !holds(said.value)) return { kind: 'ours' }
  return { ...foreign({ lo: said.lo, hi: said.hi, loTolerance: 0, hiTolerance: 0 }, value, stored), agreed: true }
}

/** A column's value as a choice; `undefined` where the mapping has no word for it. */
export function choiceOf(column: ContactColumn, stored: JsonValue): Choice | undefined {
  const { encoding } = column
  switch (encoding.form) {
    case 'choice':
      if (sameValue(column, stored, encoding.yes)) return true
      return sameValue(column, stored, encoding.no) ? false : undefined
    case 'set': {
      const parts = String(stored)
        .split(',')
        .map((part) => part.trim())
        .filter((part) => part !== '')
      if (encoding.codes === undefined) return setOf(parts)
      const ids = new Map([...encoding.codes].map(([id, code]) => [String(code), id]))
      const known = parts.map((part) => ids.get(part))
      return known.includes(undefined) ? undefined : setOf(known.flatMap((id) => id ?? []))
    }
    case 'attribute':
      return undefined
  }
}
