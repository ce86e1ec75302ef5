/** One chunk of due persons on its way to outcomes: contacts, rows, settlement in one transaction (semantics §8.2). */

import { fromMilliseconds, type Instant } from '../consent/time.ts'
import { comparable } from '../projection/contact-point.ts'
import type { Person } from '../projection/person.ts'
import { contactRowId } from '../projection/slot.ts'
import type { DuePerson, QuarantinedRow, Settlement } from '../store/store.ts'
import { settleConsents } from './chunk-consents.ts'
import { settleContacts } from './chunk-contacts.ts'
import { createdContact } from './contact-rows.ts'
import { type FoundContacts, findContacts } from './contacts.ts'
import type { Candidate, ChunkResult, Crew } from './crew.ts'
import { evidenceOf } from './evidence.ts'
import { outcomeOf, type PlaceOutcome, type Refusal } from './outcome.ts'
import { readPersons } from './persons.ts'
import { Pseudonyms } from './pseudonyms.ts'
import { statesSomething } from './stating.ts'
import type { Tally } from './tally.ts'

/** Takes a chunk of due persons to its end. */
export async function settleChunk(
  crew: Crew,
  due: readonly DuePerson[],
  tally: Tally,
  signal: AbortSignal,
): Promise<void> {
  const marks = new Map(due.map(({ person, mark }) => [person, mark]))
  const persons = [...(await readPersons(crew.store, [...marks.keys()])).values()]
  const { found, at, readAtMs } = await findContacts(crew, crew.scope, crew.search, persons, signal)
  const parked = await crew.store.parkedSince(
    crew.scope.target,
    persons.map(({ id }) => id),
  )
  const candidates = persons.flatMap((person) => {
    const contacts = found.get(person.id)
    return contacts === undefined
      ? []
      : [candidateOf(crew, person, marks.get(person.id) ?? 0, contacts, parked.get(person.id))]
  })
  const result =
    crew.mapping.mode === 'contact'
      ? await settleContacts(crew, crew.mapping, candidates, { at, readAtMs }, signal)
      : await settleConsents(crew, crew.mapping, candidates, signal)
  await settle(crew, candidates, result, tally)
}

function candidateOf(
  crew: Crew,
  person: Person,
  mark: number,
  found: FoundContacts,
  parkedAt: Instant | undefined,
): Candidate {
  const { target, search, parkedSince } = crew
  const candidate = { person, mark, found }
  if (found.ambiguous) return { ...candidate, contact: 'ambiguous' }
  if (found.rows.length > 0) return { ...candidate, contact: 'found' }
  if (target.mode === 'consent' && target.addressOnly) return { ...candidate, contact: 'not-needed' }
  const missing = parkedAt !== undefined && parkedAt <= parkedSince ? 'expired' : 'unmatched'
  if (!target.upsert || !statesSomething(crew, person, target.contact.upsertOn))
    return { ...candidate, contact: missing }
  const columns = createdContact(person.ouid, search.table, target)
  return columns === undefined
    ? { ...candidate, contact: missing, refused: 'ouid-unfit' }
    : { ...candidate, contact: 'found', creating: { id: contactRowId(comparable(person.ouid)), columns } }
}

/** One transaction: ledger, evidence, quarantine, outcomes; then nobody of the chunk is due but the deferred. */
async function settle(crew: Crew, candidates: readonly Candidate[], result: ChunkResult, tally: Tally): Promise<void> {
  const now = fromMilliseconds(crew.clock.now())
  const pseudonyms = new Pseudonyms(crew.store.pseudonymKey)
  const settlements: Settlement[] = []
  const quarantine: QuarantinedRow[] = []
  const evidence = []
  const attributes = attributeColumns(crew)
  for (const candidate of candidates) {
    const { id } = candidate.person
    const places = (result.placesOf.get(id) ?? []).flatMap((place) => result.places.get(place) ?? [])
    const refused = refusals(candidate, result)
    const outcome = result.deferred.has(id)
      ? undefined
      : outcomeOf({
          contact: candidate.contact,
          unholdable: refused.length > 0,
          reachable: !result.unreachable.has(id),
          places: places.map((place): PlaceOutcome => place.outcome),
        })
    tally.person(outcome)
    for (const { place, what, code } of refused) {
      quarantine.push({ person: id, placeHash: pseudonyms.of(place), what, code, message: 'refused before sending' })
      tally.rejection(code)
    }
    for (const place of places) {
      if (place.rejection !== undefined) {
        quarantine.push({ person: id, placeHash: pseudonyms.of(place.place), what: place.what, ...place.rejection })
      }
      const trace = evidenceOf(place, id, crew.run, pseudonyms, attributes.has(place.what))
      if (trace !== undefined) evidence.push(trace)
    }
    if (outcome === undefined) continue
    const park = outcome === 'unmatched' || outcome === 'expired' ? 'keep' : 'clear'
    settlements.push({ person: id, mark: candidate.mark, outcome, park })
  }
  /** Once per place, however many persons share it; what is deferred was written ahead and stays so. */
  const places = [...result.places.values()]
  for (const place of places) tally.place(place, result.stance(place))
  const ledger = places.flatMap((place) => (place.outcome === 'deferred' ? [] : (place.ledger ?? [])))
  tally.topicsWithoutPurpose += result.topicsWithoutPurpose
  await crew.store.settle(crew.scope, { now, settlements, ledger, evidence, quarantine })
}

function attributeColumns({ mapping }: Crew): ReadonlySet<string> {
  if (mapping.mode === 'consent') return new Set()
  return new Set(mapping.columns.filter(({ encoding }) => encoding.form === 'attribute').map(({ name }) => name))
}

function refusals(candidate: Candidate, result: ChunkResult): Refusal[] {
  const { person, found, refused } = candidate
  return [
    ...(refused === undefined ? [] : [{ place: `person/${person.id}`, what: 'contact', code: refused }]),
    ...(found.tooLong ? [{ place: `person/${person.id}/address`, what: 'address', code: 'address-too-long' }] : []),
    ...(result.unholdable.get(person.id) ?? []),
  ]
}
