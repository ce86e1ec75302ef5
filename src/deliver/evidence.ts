/** The line of evidence that a decision leaves: why a place holds what it holds. */

import type { Evidence, PersonId } from '../store/store.ts'
import type { Pseudonyms } from './pseudonyms.ts'
import type { PlaceResult } from './rows.ts'

/** Evidence of a place that was written, kept against the person's wish, or rejected; nothing for the rest. */
export function evidenceOf(
  result: PlaceResult,
  person: PersonId,
  run: string,
  pseudonyms: Pseudonyms,
): Evidence | undefined {
  const { outcome, place, rowId, what, from, wanted, event } = result
  if (outcome === 'unchanged' || outcome === 'deferred') return undefined
  return {
    run,
    person,
    placeHash: pseudonyms.of(place),
    rowId,
    what,
    from,
    to: wanted.value,
    lo: wanted.lo,
    hi: wanted.hi,
    event,
    decision: outcome,
  }
}
