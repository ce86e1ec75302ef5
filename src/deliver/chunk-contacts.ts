/** A chunk in contact mode: every contact of its persons, with everybody behind it. */

import type { Instant } from '../consent/time.ts'
import type { PersonId, Place } from '../store/store.ts'
import { type ContactSubject, columnPlace, deliverContacts } from './contact-rows.ts'
import { pointsOf } from './contacts.ts'
import type { Candidate, ChunkResult, Crew } from './crew.ts'
import type { Mapping } from './mapping.ts'
import type { Refusal } from './outcome.ts'
import type { PlaceResult } from './rows.ts'
import { personsBehind } from './sharing.ts'

export async function settleContacts(
  crew: Crew,
  mapping: Mapping & { mode: 'contact' },
  candidates: readonly Candidate[],
  firstReading: { readonly at: Instant; readonly readAtMs: number },
  signal: AbortSignal,
): Promise<ChunkResult> {
  const { scope, search, settings, target, us } = crew
  const subjects = await subjectsOf(crew, candidates)
  const work = { table: search.table, columns: mapping.columns, search, settings, target, us, firstReading }
  const { places, unholdable } = await deliverContacts(crew, scope, work, [...subjects.values()], signal)

  const placesOf = new Map<PersonId, Place[]>()
  const refusedOf = new Map<PersonId, Refusal[]>()
  for (const { person, ...candidate } of candidates) {
    const ids = contactsOf(candidate)
    placesOf.set(
      person.id,
      ids.flatMap((id) => mapping.columns.map(({ name }) => columnPlace(id, name))),
    )
    refusedOf.set(
      person.id,
      ids.flatMap((id) => unholdable.get(id) ?? []),
    )
  }
  await rememberCreated(crew, candidates, places)
  const columns = new Map(mapping.columns.map((column) => [column.name, column.encoding]))
  const stance = ({ what, wanted }: PlaceResult) => {
    const encoding = columns.get(what)
    if (encoding?.form !== 'choice') return 'other'
    return wanted.value === encoding.yes ? 'optedIn' : 'optedOut'
  }
  const all = new Map([...places.values()].flat().map((result) => [result.place, result]))
  return {
    places: all,
    placesOf,
    unholdable: refusedOf,
    unreachable: new Set(),
    deferred: new Set(),
    stance,
    topicsWithoutPurpose: 0,
  }
}

/** A contact that was created is the person's from now on. */
async function rememberCreated(
  { store, scope, target }: Crew,
  candidates: readonly Candidate[],
  places: ReadonlyMap<string, readonly PlaceResult[]>,
): Promise<void> {
  const made = candidates.flatMap(({ person, creating }) =>
    creating !== undefined && places.get(creating.id)?.some(({ outcome }) => outcome === 'written')
      ? [
          {
            person: person.id,
            contacts: [{ contactId: creating.id, addresses: pointsOf(person, [creating], target).points }],
          },
        ]
      : [],
  )
  if (made.length > 0) await store.saveContacts(scope, made)
}

function contactsOf({ contact, found, creating }: Omit<Candidate, 'person'>): string[] {
  if (creating !== undefined) return [creating.id]
  return contact === 'found' ? found.rows.map(({ id }) => id) : []
}

/** One subject per contact, however many of the chunk's persons it has. */
async function subjectsOf(
  { store, scope }: Crew,
  candidates: readonly Candidate[],
): Promise<Map<string, ContactSubject>> {
  const ids = candidates.flatMap((candidate) => contactsOf(candidate))
  const behind = await personsBehind(store, await store.personsOfContacts(scope, ids))
  const subjects = new Map<string, ContactSubject>()
  for (const { person, contact, found, creating } of candidates) {
    if (creating !== undefined) {
      const others = subjects.get(creating.id)?.persons ?? []
      subjects.set(creating.id, {
        id: creating.id,
        persons: [...others, person],
        row: undefined,
        created: creating.columns,
        adoptable: false,
      })
    } else if (contact === 'found') {
      for (const row of found.rows) {
        const adoptable = !found.merged && (subjects.get(row.id)?.adoptable ?? true)
        subjects.set(row.id, { id: row.id, persons: behind.get(row.id) ?? [person], row, adoptable })
      }
    }
  }
  return subjects
}
