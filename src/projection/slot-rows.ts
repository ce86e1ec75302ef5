/** The rows that Dataverse holds for a slot, and what the guard lets become of them (semantics §6.6, §7). */

import type { Instant, Span } from '../consent/time.ts'
import type { Guid } from '../dataverse/dataverse.ts'
import type { LedgerEntry, LedgerValue } from '../store/store.ts'
import { foreignSince, ownValue } from './contact-row.ts'
import { type Conflict, combineHeld, guard, type Held, ledgerSpan } from './guard.ts'
import { parseReason } from './reason.ts'
import { CONSENT_VALUES, slotRowId, type WantedSlot } from './slot.ts'

/** A consent row as read; `value` is `undefined` where it states nothing (null, Not Set). */
export interface ConsentRow {
  readonly id: Guid
  readonly etag: string
  readonly optedIn: boolean | undefined
  readonly reason: string
  readonly createdOn: Instant
  readonly modifiedOn: Instant
  readonly modifiedBy: Guid
  readonly businessUnitId: Guid | undefined
}

export interface SlotPolicies {
  readonly conflict: Conflict
  readonly clockTolerance: number
  readonly businessUnit: 'owner' | 'any'
  /** Every systemuser id that ever wrote for us. */
  readonly us: ReadonlySet<Guid>
}

/** What becomes of a slot. `missing`: the ledger knew a row and it is gone. */
export type SlotVerdict =
  | { readonly verdict: 'equal'; readonly rows: readonly ConsentRow[]; readonly missing: false }
  /** `ours`: by our own value, made of statements that no longer count together; nobody else said it. */
  | { readonly verdict: 'superseded'; readonly foreign: LedgerValue; readonly missing: boolean; readonly ours?: true }
  | {
      readonly verdict: 'write'
      /** Rows to update; none: a row is created. */
      readonly rows: readonly ConsentRow[]
      readonly replaces: 'nothing' | 'ours' | 'foreign'
      readonly foreign?: LedgerValue
      readonly missing: boolean
    }

/** Ids that a row of ours may have; more than one of them taken by other slots is not to be expected. */
const OWN_IDS = [1, 2] as const

/** Decides one slot. `readAt` is Dataverse's clock at the read: the first moment at which a row is known to be gone. */
export function judgeSlot(
  { slot, statement }: WantedSlot,
  rows: readonly ConsentRow[],
  entry: LedgerEntry | undefined,
  policies: SlotPolicies,
  readAt: Instant,
): SlotVerdict {
  const missing = rows.length === 0 && entry?.confirmed !== undefined
  if (missing)
    return judgeMissing(statement.value, statement, entry.confirmed.at, entry.missingSince ?? readAt, policies)
  const differing = rows.filter((row) => row.optedIn !== statement.value)
  /**
   * An opt-in counts in the business unit of the purpose's owner; a refusal everywhere. The row that we make counts
   * wherever the configured owner has put it: else every run would make another.
   */
  const counts = (row: ConsentRow) =>
    !statement.value ||
    policies.businessUnit === 'any' ||
    row.businessUnitId === slot.entry.purpose.businessUnitId ||
    OWN_IDS.some((attempt) => row.id === slotRowId(slot, attempt))
  const toUpdate = differing.filter(counts)
  if (toUpdate.length === 0 && rows.some(counts)) return { verdict: 'equal', rows, missing: false }
  const [first, ...others] = differing.flatMap((row) => heldRow(row, entry, policies) ?? [])
  if (first === undefined) return { verdict: 'write', rows: toUpdate, replaces: 'nothing', missing: false }
  const held = combineHeld([first, ...others])
  const foreign = { value: code(!statement.value), ...ledgerSpan(held) }
  const claim = { stance: statement.value ? 'opt-in' : 'refusal', lo: statement.lo, hi: statement.hi } as const
  if (guard(claim, held, policies.conflict) === 'superseded')
    return { verdict: 'superseded', foreign, missing: false, ...(held.ours && { ours: true }) }
  return held.ours
    ? { verdict: 'write', rows: toUpdate, replaces: 'ours', missing: false }
    : { verdict: 'write', rows: toUpdate, replaces: 'foreign', foreign, missing: false }
}

/**
 * A row deleted by hand is a refusal, made between the ledger time and the first run that missed it (semantics §7). What
 * is refused gets its row again: without one a purpose may count as consented to (Dataverse: enforcement model).
 */
function judgeMissing(
  wantsIn: boolean,
  span: Span,
  ledgerTime: Instant,
  missingSince: Instant,
  policies: SlotPolicies,
): SlotVerdict {
  const { clockTolerance } = policies
  const held: Held = {
    lo: Math.min(ledgerTime, missingSince),
    hi: missingSince,
    ours: false,
    loTolerance: clockTolerance,
    hiTolerance: clockTolerance,
  }
  const foreign = { value: CONSENT_VALUES.optedOut, ...ledgerSpan(held) }
  // Both refuse: theirs stays known, or a yes older than it would pass, and others of the address would never hear of it.
  if (!wantsIn) return { verdict: 'write', rows: [], replaces: 'nothing', foreign, missing: true }
  return guard({ stance: 'opt-in', lo: span.lo, hi: span.hi }, held, policies.conflict) === 'write'
    ? { verdict: 'write', rows: [], replaces: 'foreign', foreign, missing: true }
    : { verdict: 'superseded', foreign, missing: true }
}

const code = (optedIn: boolean): number => (optedIn ? CONSENT_VALUES.optedIn : CONSENT_VALUES.optedOut)

/** The span of what a row states (semantics §7, the table); nothing where it states nothing. */
export function heldRow(
  row: ConsentRow,
  entry: LedgerEntry | undefined,
  { us, clockTolerance }: SlotPolicies,
): Held | undefined {
  if (row.optedIn === undefined) return undefined
  const value = code(row.optedIn)
  const save = { modifiedOn: row.modifiedOn, byUs: us.has(row.modifiedBy), clockTolerance }
  const theirs = { hi: row.modifiedOn, ours: false, loTolerance: clockTolerance, hiTolerance: clockTolerance }
  if (isMadeSince(row, save.byUs, entry, value)) return { ...theirs, lo: row.createdOn }
  const own = ownValue(entry, (known) => known === value, save) ?? ownReason(row, entry, us)
  if (own !== undefined) return { ...own, ours: true, loTolerance: 0, hiTolerance: 0 }
  return { ...theirs, lo: foreignSince(entry, row.createdOn, row.modifiedOn, (known) => known === value) }
}

/**
 * Somebody else made this row after ours was confirmed, in the place of one that is gone: whoever made it said what stands
 * in it, though it is what we had said (semantics §7). One that we may have written ourselves meanwhile is judged as ever.
 */
function isMadeSince(row: ConsentRow, byUs: boolean, entry: LedgerEntry | undefined, value: number): boolean {
  const { confirmed, intended } = entry ?? {}
  return confirmed !== undefined && !byUs && row.createdOn > confirmed.at && intended?.value !== value
}

/** Without a ledger entry, our own hand and a readable reason date the row. */
function ownReason(row: ConsentRow, entry: LedgerEntry | undefined, us: ReadonlySet<Guid>): Span | undefined {
  return entry?.confirmed === undefined && us.has(row.modifiedBy) ? parseReason(row.reason) : undefined
}
