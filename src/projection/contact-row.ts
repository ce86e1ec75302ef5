/** What persons want in their contact's columns, and what the guard lets through (semantics §5, §7). */

import { overlay } from '../consent/overlay.ts'
import { compareAttributes, type Events } from '../consent/statement.ts'
import { type Instant, SINCE_EVER, type Span } from '../consent/time.ts'
import type { JsonValue } from '../record/record.ts'
import type { LedgerEntry, LedgerValue } from '../store/store.ts'
import {
  type ContactColumn,
  type Encoded,
  encodeAttribute,
  encodeSet,
  sameValue,
  statesNothing,
} from './contact-column.ts'
import { type Claim, type Conflict, guard, type Held, ledgerSpan, type Stance } from './guard.ts'
import {
  combine,
  combineSets,
  type Person,
  personAttribute,
  personSet,
  personStatement,
  type SharedAddress,
} from './person.ts'

/** A value wanted in a column, or why the column cannot hold it. */
export type WantedColumn = { readonly column: ContactColumn } & (
  | { readonly claim: Claim; readonly value: JsonValue; readonly event?: string }
  | { readonly unholdable: 'value-too-long' | 'value-unfit' }
)

export interface ContactPolicies {
  readonly events: Events
  readonly sharedAddress: SharedAddress
  readonly conflict: Conflict
  /** In microseconds (semantics §7, δ). */
  readonly clockTolerance: number
}

/** One column's wish of all persons behind a contact; nothing where nobody states it. */
export function wantedColumn(
  column: ContactColumn,
  persons: readonly Person[],
  { events, sharedAddress }: Pick<ContactPolicies, 'events' | 'sharedAddress'>,
  restored?: LedgerValue,
): WantedColumn | undefined {
  const { encoding, keys } = column
  switch (encoding.form) {
    case 'choice': {
      const said = combine(
        persons.flatMap((person) => personStatement(person, keys, events) ?? []),
        sharedAddress,
      )
      if (said === undefined) return undefined
      const foreign = restored && {
        value: sameValue(column, restored.value, encoding.yes),
        lo: restored.lo,
        hi: restored.hi,
      }
      const statement = (foreign && overlay([said, foreign])) ?? said
      const event = statement.event === undefined ? {} : { event: statement.event }
      const value = statement.value ? encoding.yes : encoding.no
      return { column, value, claim: claim(statement.value ? 'opt-in' : 'refusal', statement), ...event }
    }
    case 'set': {
      const statement = combineSets(
        persons.flatMap((person) => personSet(person, keys, events) ?? []),
        sharedAddress,
      )
      if (statement === undefined) return undefined
      const { codes } = encoding
      const wanted = wish(column, encodeSet(column, codes, statement.ids), statement)
      return restored === undefined ? wanted : newerOf(column, wanted, restored)
    }
    case 'attribute': {
      const statements = persons.flatMap((person) => personAttribute(person, encoding.name) ?? [])
      const newest = statements.reduce((a, b) => (compareAttributes(b, a) > 0 ? b : a), statements[0] ?? NOBODY)
      if (newest === NOBODY) return undefined
      const wanted = wish(column, encodeAttribute(column, newest.json), newest)
      return restored === undefined ? wanted : newerOf(column, wanted, restored)
    }
  }
}

const NOBODY = { json: 'null', stamp: [SINCE_EVER, -1] as const, lo: SINCE_EVER, hi: SINCE_EVER }

const claim = (stance: Stance, { lo, hi }: Span): Claim => ({ stance, lo, hi })

function wish(column: ContactColumn, encoded: Encoded, span: Span): WantedColumn {
  return 'unholdable' in encoded
    ? { column, ...encoded }
    : { column, value: encoded.value, claim: claim('plain', span) }
}

/** A value without refusal against the foreign statement of a restored column: the certainly newer one, else the foreign one. */
function newerOf(column: ContactColumn, wanted: WantedColumn, foreign: LedgerValue): WantedColumn {
  if ('unholdable' in wanted || wanted.claim.lo > foreign.hi) return wanted
  return { column, value: foreign.value, claim: claim('plain', foreign) }
}

/** When a row was saved last, and whether one of our users did. */
export interface LastSave {
  readonly modifiedOn: Instant
  readonly byUs: boolean
}

/** A contact as read. */
export interface ContactReading extends LastSave {
  readonly columns: Readonly<Record<string, JsonValue>>
}

/** What becomes of one wanted column. */
export type ColumnVerdict =
  | { readonly verdict: 'equal' }
  /** `ours`: by our own value, made of statements that no longer count together; nobody else said it. */
  | { readonly verdict: 'superseded'; readonly foreign: LedgerValue; readonly ours?: true }
  /** `replaces`: `nothing`, `ours`, or somebody else's value, which an opt-in may only replace on the row as read. */
  | { readonly verdict: 'write'; readonly replaces: 'nothing' | 'ours' | 'foreign'; readonly foreign?: LedgerValue }

/** Decides one column of a contact. `adopted` columns may be overwritten on a person's first delivery (semantics §7). */
export function judgeColumn(
  wanted: { readonly column: ContactColumn; readonly claim: Claim; readonly value: JsonValue },
  contact: ContactReading,
  entry: LedgerEntry | undefined,
  { conflict, clockTolerance }: Pick<ContactPolicies, 'conflict' | 'clockTolerance'>,
  adopted: boolean,
): ColumnVerdict {
  const stored = contact.columns[wanted.column.name]
  if (sameValue(wanted.column, stored, wanted.value)) return { verdict: 'equal' }
  if (stored === undefined || statesNothing(stored)) return { verdict: 'write', replaces: 'nothing' }
  const held = heldColumn(wanted.column, stored, contact, entry, clockTolerance)
  const said = { value: stored, ...ledgerSpan(held) }
  const foreign = held.ours ? {} : { foreign: said }
  if (adopted && neverDelivered(entry)) return { verdict: 'write', replaces: 'foreign', ...foreign }
  if (guard(wanted.claim, held, conflict) === 'write') {
    return { verdict: 'write', replaces: held.ours ? 'ours' : 'foreign', ...foreign }
  }
  return { verdict: 'superseded', foreign: said, ...(held.ours && { ours: true }) }
}

/** A first delivery whose answer never came is still the first: written ahead, and nothing more. */
export function neverDelivered(entry: LedgerEntry | undefined): boolean {
  if (entry === undefined) return true
  return entry.intended !== undefined && entry.confirmed === undefined && entry.rowId === undefined
}

/** The span of what a contact column holds (semantics §7, the table). */
export function heldColumn(
  column: Pick<ContactColumn, 'metadata'>,
  stored: JsonValue,
  { modifiedOn, byUs }: LastSave,
  entry: LedgerEntry | undefined,
  clockTolerance: number,
): Held {
  const holds = (value: JsonValue) => sameValue(column, stored, value)
  const ours = ownValue(entry, holds, { modifiedOn, byUs, clockTolerance })
  if (ours !== undefined) return { ...ours, ours: true, loTolerance: 0, hiTolerance: 0 }
  const lo = foreignSince(entry, SINCE_EVER, modifiedOn, holds)
  return { lo, hi: modifiedOn, ours: false, loTolerance: clockTolerance, hiTolerance: clockTolerance }
}

/**
 * The span of a value that is ours: confirmed, or intended and perhaps applied. It ends with the ledger's and has no
 * beginning, as it was made of a part of what is known now: a refusal that comes out of the whole replaces it, whenever
 * it was said (semantics §7). Where somebody else is known to have said the same, their span counts too: we only agreed.
 * With the row as read it is also asked whether what stands there may be somebody else's all the same.
 */
export function ownValue(
  entry: LedgerEntry | undefined,
  holds: (value: JsonValue) => boolean,
  read?: LastSave & { readonly clockTolerance: number },
): Span | undefined {
  if (read !== undefined && isTheirs(entry, holds, read)) return undefined
  const values = [entry?.intended, entry?.confirmed].filter((value) => value !== undefined && holds(value.value))
  const [first] = values
  if (first === undefined) return undefined
  const agreed = entry?.foreign !== undefined && holds(entry.foreign.value) ? [entry.foreign] : []
  const spans = [...values.flatMap((value) => (value === undefined ? [] : [value])), ...agreed]
  const lo = agreed.length === 0 ? SINCE_EVER : Math.min(...spans.map((span) => span.lo))
  return { lo, hi: Math.max(...spans.map(({ hi }) => hi)) }
}

function isTheirs(
  entry: LedgerEntry | undefined,
  holds: (value: JsonValue) => boolean,
  { clockTolerance, ...save }: LastSave & { readonly clockTolerance: number },
): boolean {
  return takenBack(entry, holds, save) || saidByOthers(entry, holds, save) || broughtBack(entry, holds, clockTolerance)
}

/**
 * Another value was written ahead and nobody knows whether it got there; the row was saved since and holds the earlier value.
 * Somebody may have taken ours back: an opt-in must be newer than the row, as for what is theirs (semantics §7).
 */
function takenBack(
  entry: LedgerEntry | undefined,
  holds: (value: JsonValue) => boolean,
  { modifiedOn }: LastSave,
): boolean {
  const { intended } = entry ?? {}
  return intended?.at !== undefined && !holds(intended.value) && modifiedOn >= intended.at
}

/**
 * Since it was confirmed, something else was seen there, and we have written nothing over that: whoever made it what it was
 * has said so anew (semantics §7). What was seen is kept with the tolerance on its end, which says nothing of when that was.
 * Both times are Dataverse's, in whole seconds: within one, what was seen may have come after.
 */
function broughtBack(
  entry: LedgerEntry | undefined,
  holds: (value: JsonValue) => boolean,
  clockTolerance: number,
): boolean {
  const { intended, confirmed, foreign } = entry ?? {}
  if (confirmed === undefined || foreign === undefined || (intended !== undefined && holds(intended.value)))
    return false
  return holds(confirmed.value) && !holds(foreign.value) && foreign.hi - clockTolerance >= confirmed.at
}

/**
 * It was written ahead, nobody knows whether it got there, and somebody else saved the row since: perhaps it never did, and
 * they said the same by themselves. An opt-in must be newer than that (semantics §7).
 */
function saidByOthers(
  entry: LedgerEntry | undefined,
  holds: (value: JsonValue) => boolean,
  { modifiedOn, byUs }: LastSave,
): boolean {
  const { intended, confirmed } = entry ?? {}
  const onlyIntended = intended !== undefined && holds(intended.value) && !(confirmed && holds(confirmed.value))
  return onlyIntended && !byUs && intended.at !== undefined && modifiedOn >= intended.at
}

/**
 * Since when somebody else's value can be there: not before the row was last known to hold another one, which is at the
 * ledger time, or at the reading before a write whose answer is not known. A reading that showed this very value tells
 * nothing.
 */
export function foreignSince(
  entry: LedgerEntry | undefined,
  otherwise: Instant,
  modifiedOn: Instant,
  holds: (value: JsonValue) => boolean,
): Instant {
  const { confirmed, intended, foreign } = entry ?? {}
  const seenThen = foreign !== undefined && holds(foreign.value)
  // Perhaps theirs, perhaps ours as ever: nobody knows since when, and a refusal may replace it.
  if ([confirmed, intended].some((value) => value !== undefined && holds(value.value))) return SINCE_EVER
  if (confirmed !== undefined) return Math.min(confirmed.at, modifiedOn)
  return intended?.at === undefined || seenThen ? otherwise : Math.min(Math.max(intended.at, otherwise), modifiedOn)
}
