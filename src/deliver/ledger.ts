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

/** Dataverse holds what is wanted already. */
export function foundEqual(
  place: Place,
  entry: LedgerEntry | undefined,
  wanted: WantedValue,
  at: Instant,
  row: RowRead,
): LedgerEntry {
  return {
    ...without(entry ?? blank(place), 'intended', 'missingSince'),
    confirmed: { ...bare(wanted), at },
    rowId: row.rowId,
    modifiedFloor: row.modifiedOn,
  }
}

/** The row that the ledger knew is gone; the first run to miss it is remembered. */
export function foundMissing(place: Place, entry: LedgerEntry | undefined, at: Instant): LedgerEntry {
  return { ...(entry ?? blank(place)), missingSince: entry?.missingSince ?? at }
}

/** Somebody else's statement stands. */
export function foundForeign(place: Place, entry: LedgerEntry | undefined, foreign: LedgerValue): LedgerEntry {
  return { ...(entry ?? blank(place)), foreign }
}

/** Written ahead of sending, with the foreign statement that is about to be overwritten. */
export function intending(
  place: Place,
  entry: LedgerEntry | undefined,
  wanted: WantedValue,
  foreign: LedgerValue | undefined,
): LedgerEntry {
  return { ...(entry ?? blank(place)), intended: bare(wanted), ...(foreign === undefined ? {} : { foreign }) }
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
