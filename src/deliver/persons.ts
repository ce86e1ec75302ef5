/** Persons as the store keeps them, ready to be projected. */

import { parseState } from '../consent/state.ts'
import type { Person } from '../projection/person.ts'
import type { PersonId, Store } from '../store/store.ts'

/** Reads persons with all their records. */
export async function readPersons(store: Store, ids: readonly PersonId[]): Promise<Map<PersonId, Person>> {
  const rows = await store.persons([...new Set(ids)])
  return new Map(rows.map(({ person, ouid, states }) => [person, { id: person, ouid, states: states.map(parseState) }]))
}
