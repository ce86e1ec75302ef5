/** One chunk of due persons on its way to outcomes: contacts, rows, settlement in one transaction (semantics §8.2). */

import { fromMilliseconds, type Instant } from '../consent/time.ts'
import { comparable } from '../projection/contact-point.ts'
import type { Person } from '../projection/person.ts'
import { contactRowId } from '../projection/slot.ts'
import type { DuePerson, PersonId, QuarantinedRow, Settlement } from '../store/store.ts'
import type { OpenLook } from '../store/told.ts'
import { settleConsents } from './chunk-consents.ts'
import { settleContacts } from './chunk-contacts.ts'
import { createdContact } from './contact-rows.ts'
import { type FoundContacts, findContacts, pointsOf } from './contacts.ts'
import type { Candidate, ChunkResult, Crew } from './crew.ts'
import type { CrewClaim } from './crew-claims.ts'
import { evidenceOf } from './evidence.ts'
import { outcomeOf, type PlaceOutcome, type Refusal } from './outcome.ts'
import { readPersons } from './persons.ts'
import { Pseudonyms } from './pseudonyms.ts'
import type { PlaceResult } from './rows.ts'
import { settledAlready } from './settled-already.ts'
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
  const afresh = new Set(due.flatMap(({ person, afresh }) => (afresh ? [person] : [])))
  const settled = await settledAlready(
    crew,
    persons.filter(({ id }) => !afresh.has(id)),
  )
  if (settled.size > 0) await settleUnchanged(crew, marks, settled, tally)
  const open = persons.filter(({ id }) => !settled.has(id))
  if (open.length === 0) return
  const { candidates, reading, claim } = await claimed(crew, open, marks, signal)
  try {
    const result =
      crew.mapping.mode === 'contact'
        ? await settleContacts(crew, crew.mapping, candidates, reading, signal)
        : await settleConsents(crew, crew.mapping, candidates, signal)
    await settle(crew, candidates, result, tally)
  } catch (error) {
    claim.abandon()
    throw error
  }
  await claim.release()
}

interface Claimed {
  readonly candidates: readonly Candidate[]
  readonly reading: { readonly at: Instant; readonly readAtMs: number }
  readonly claim: CrewClaim
}

/**
 * Finds the contacts and holds them and their addresses; found again where another chunk held some of them since the
 * reading began: it may have written them.
 */
async function claimed(
  crew: Crew,
  persons: readonly Person[],
  marks: ReadonlyMap<PersonId, number>,
  signal: AbortSignal,
): Promise<Claimed> {
  let held: ReadonlySet<string> = new Set()
  let claim: CrewClaim | undefined
  for (;;) {
    const watch = await crew.claims.watch()
    try {
      const { candidates, ...reading } = await candidatesOf(crew, persons, marks, signal)
      const needed = new Set(candidates.flatMap((candidate) => placesOf(crew, candidate)))
      if (claim !== undefined && [...needed].every((place) => held.has(place))) return { candidates, reading, claim }
      await claim?.release()
      claim = undefined
      claim = await crew.claims.claim(needed, signal, watch)
      held = needed
      if (!claim.contended) return { candidates, reading, claim }
    } catch (error) {
      await claim?.release()
      throw error
    } finally {
      watch.end()
    }
  }
}

async function candidatesOf(
  crew: Crew,
  persons: readonly Person[],
  marks: ReadonlyMap<PersonId, number>,
  signal: AbortSignal,
) {
  const { found, at, readAtMs } = await findContacts(crew, crew.scope, crew.search, persons, signal)
  const ids = persons.map(({ id }) => id)
  const parked = await crew.store.parkedSince(crew.scope.target, ids)
  const candidates = persons.flatMap((person) => {
    const contacts = found.get(person.id)
    if (contacts === undefined) return []
    return [candidateOf(crew, person, marks.get(person.id) ?? 0, contacts, parked.get(person.id))]
  })
  return { candidates, at, readAtMs }
}

/** Every contact and address that delivering this person may write. */
function placesOf({ target }: Crew, { person, found, creating }: Candidate): string[] {
  const points = creating === undefined ? found.points : pointsOf(person, [creating], target).points
  return [
    ...found.rows.map(({ id }) => `contact/${id}`),
    ...(creating === undefined ? [] : [`contact/${creating.id}`]),
    ...points.map(({ channel, address }) => `${channel}/${address}`),
  ]
}

/** Persons whose every wish the ledger confirms: nothing is read or written. */
async function settleUnchanged(
  { store, scope, clock }: Crew,
  marks: ReadonlyMap<PersonId, number>,
  settled: ReadonlyMap<PersonId, number>,
  tally: Tally,
): Promise<void> {
  const settlements = [...settled.keys()].map((person): Settlement => {
    return { person, mark: marks.get(person) ?? 0, outcome: 'unchanged', park: 'clear' }
  })
  const now = fromMilliseconds(clock.now())
  await store.settle(scope, { now, settlements, ledger: [], evidence: [], quarantine: [] })
  for (const places of settled.values()) {
    tally.person('unchanged')
    tally.places.unchanged += places
  }
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
  const deferred: PersonId[] = []
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
    if (outcome === undefined) {
      deferred.push(id)
      continue
    }
    const park = outcome === 'unmatched' || outcome === 'expired' ? 'keep' : 'clear'
    settlements.push({ person: id, mark: candidate.mark, outcome, park })
  }
  /** Once per place, however many persons share it; what is deferred was written ahead and stays so. */
  const places = [...result.places.values()]
  for (const place of places) tally.place(place, result.stance(place))
  const ledger = places.flatMap((place) => (place.outcome === 'deferred' ? [] : (place.ledger ?? [])))
  tally.topicsWithoutPurpose += result.topicsWithoutPurpose
  // Before they are settled: what is settled is not looked at again.
  if (crew.target.reverse.enabled) await noteSpokenOf(crew, places, now)
  // Read again next time: what is lacking may stand in no ledger of theirs, as the purpose row of a topic (semantics §6.7).
  if (deferred.length > 0) await crew.store.markDue(crew.scope.target, deferred)
  await crew.store.settle(crew.scope, { now, settlements, ledger, evidence, quarantine })
}

/**
 * Places where somebody in Dataverse spoke later, or where what somebody said there agrees, perhaps not with everybody who
 * is known by now: the reverse flow looks at them (semantics §11.1).
 */
async function noteSpokenOf({ store, scope }: Crew, places: readonly PlaceResult[], now: Instant): Promise<void> {
  const open = places.flatMap(({ outcome, place, ledger }): OpenLook[] =>
    outcome === 'superseded' || (outcome === 'unchanged' && ledger?.foreign !== undefined)
      ? [{ kind: 'place', name: place, reason: 'superseded' }]
      : [],
  )
  if (open.length > 0) await store.keepHeard(scope, { now, statements: [], open, closed: [], ledger: [], evidence: [] })
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
