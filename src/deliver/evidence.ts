/** The evidence that a decision leaves: why a place holds what it holds. The store seals it under the person's key. */

import type { JsonValue } from '../record/record.ts'
import type { Evidence } from '../store/evidence.ts'
import type { PersonId } from '../store/store.ts'
import type { Pseudonyms } from './pseudonyms.ts'
import type { PlaceResult } from './rows.ts'

/**
 * Evidence of a place that was written, kept against the person's wish, or rejected; nothing for the rest. With
 * `attribute` the values are no choices but tell of a person: an auditor is shown what changed, not into what, so they stand
 * as keyed hashes.
 */
export function evidenceOf(
  result: PlaceResult,
  person: PersonId,
  run: string,
  pseudonyms: Pseudonyms,
  attribute: boolean,
): Evidence | undefined {
  const { outcome, place, rowId, what, from, wanted, event } = result
  if (outcome === 'unchanged' || outcome === 'deferred') return undefined
  const told = (value: JsonValue) => (attribute && value !== null ? pseudonyms.of(JSON.stringify(value)) : value)
  return {
    run,
    person,
    placeHash: pseudonyms.of(place),
    place,
    rowId,
    what,
    from: told(from),
    to: told(wanted.value),
    lo: wanted.lo,
    hi: wanted.hi,
    event,
    decision: outcome,
  }
}
