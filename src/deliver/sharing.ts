/** Everybody behind a contact or an address, due or not: their statements count together (semantics §5.4, §6.4). */

import type { Person } from '../projection/person.ts'
import type { PersonId, Store } from '../store/store.ts'
import { readPersons } from './persons.ts'

/** Reads the persons behind each contact id or `channel/address`. */
export async function personsBehind(
  store: Store,
  ids: ReadonlyMap<string, readonly PersonId[]>,
): Promise<Map<string, Person[]>> {
  const persons = await readPersons(store, [...ids.values()].flat())
  return new Map([...ids].map(([place, behind]) => [place, behind.flatMap((id) => persons.get(id) ?? [])]))
}
