/** How a ledger entry follows what was read and written (semantics §1, "ledger"). Pure. */

import type { Instant, Span } from '../consent/time.ts'
import type { JsonValue } from '../record/record.ts'
import type { LedgerEntry, LedgerValue, Place } from '../store/store.ts'

/** What is wanted at a place. */
export interface WantedValue extends Span {
  readonly value: JsonValue
}

/** The row that was read at the place, if there is one. */
export interface RowRead {
  readonly rowId: string
  readonly modifiedOn: Instant
}

const blank = (place: Place): LedgerEntry => ({ place })

/** Without the parts named: `exactOptionalPropertyTypes` wants them absent, not undefined. */
function without<K extends keyof LedgerEntry>(entry: LedgerEntry, ...names: K[]): Omit<LedgerEntry, K> {
  const copy: Partial<LedgerEntry> = { ...entry }
  for (const name of names) delete copy[name]
  return copy as Omit<LedgerEntry, K>
}

const bare = ({ value, lo, hi }: WantedValue): LedgerValue => ({ value, lo, hi })

/**
 * Dataverse holds what is wanted already. `foreign` is given where somebody else made it so, perhaps later than the
 * persons did: the guard must not forget that (semantics §7).
 */
export function foundEqual(
  place: Place,
  entry: LedgerEntry | undefined,
  wanted: WantedValue,
  at: Instant,
  row: RowRead,
  foreign: LedgerValue | undefined,
): LedgerEntry {
  return {
    ...without(entry ?? blank(place), 'intended', 'missingSince'),
    confirmed: { ...bare(wanted), at },
    ...readAs(row),
    ...(foreign === undefined ? {} : { foreign }),
  }
}

/** The row that the ledger knew is gone; the first run to miss it is remembered. */
export function foundMissing(place: Place, entry: LedgerEntry | undefined, at: Instant): LedgerEntry {
  return { ...(entry ?? blank(place)), missingSince: entry?.missingSince ?? at }
}

/** Somebody else's statement stands, so nothing written ahead does: it would make their next save of it ours. */
export function foundForeign(
  place: Place,
  entry: LedgerEntry | undefined,
  foreign: LedgerValue,
  row: RowRead | undefined,
): LedgerEntry {
  return { ...without(entry ?? blank(place), 'intended'), ...(row && readAs(row)), foreign }
}

/** The row as last read: one that is older than that later on proves a restore (semantics §8.8). */
const readAs = ({ rowId, modifiedOn }: RowRead): Pick<LedgerEntry, 'rowId' | 'modifiedFloor'> => ({
  rowId,
  modifiedFloor: modifiedOn,
})

/**
 * Written ahead of sending, on what was read at `readAt`, with the foreign statement that is about to be overwritten. `applied` is the earlier intended
 * value where the row turned out to hold it, from a run that ended before it could confirm: it takes the confirmed
 * value's place, or two such runs in a row would make our own value look like somebody else's.
 */
export function intending(
  place: Place,
  entry: LedgerEntry | undefined,
  wanted: WantedValue,
  foreign: LedgerValue | undefined,
  readAt: Instant,
  applied?: LedgerValue & { readonly at: Instant },
): LedgerEntry {
  return {
    ...(entry ?? blank(place)),
    ...(applied === undefined ? {} : { confirmed: applied }),
    intended: { ...bare(wanted), at: readAt },
    ...(foreign === undefined ? {} : { foreign }),
  }
}

/** The intended value of a run that ended too early, found in the row that is about to change; else `undefined`. */
export function appliedBefore(
  entry: LedgerEntry | undefined,
  from: JsonValue,
  readAt: Instant,
): (LedgerValue & { readonly at: Instant }) | undefined {
  const intended = entry?.intended
  const holds = intended !== undefined && JSON.stringify(intended.value) === JSON.stringify(from)
  return holds ? { ...bare(intended), at: readAt } : undefined
}

/** Applied: `at` is Dataverse's clock of the answer, `readAt` of the read before it (a floor of the row's `modifiedon`). */
export function confirming(
  intended: LedgerEntry,
  wanted: WantedValue,
  times: { at: Instant; readAt: Instant },
  rowId: string,
): LedgerEntry {
  return {
    ...without(intended, 'intended', 'missingSince'),
    confirmed: { ...bare(wanted), at: times.at },
    rowId,
    modifiedFloor: times.readAt,
  }
}
