/** A chunk in consent mode: every slot that its persons touch, with everybody known for the address. */

import type { Row, RowWrite } from '../dataverse/dataverse.ts'
import type { ContactPoint } from '../projection/contact-point.ts'
import { CONSENT_VALUES, type Slot, slotPlace, slotsOf, type WantedSlot, wantedSlot } from '../projection/slot.ts'
import type { PersonId, Place } from '../store/store.ts'
import { deliverConsents } from './consent-rows.ts'
import type { ConsentWork } from './consent-work.ts'
import { isTheCreated } from './contact-rows.ts'
import { pointsOf } from './contacts.ts'
import type { Candidate, ChunkResult, Crew } from './crew.ts'
import type { Mapping } from './mapping.ts'
import type { Refusal } from './outcome.ts'
import { parentPlace } from './parent-purpose.ts'
import { personsBehind } from './sharing.ts'

export async function settleConsents(
  crew: Crew,
  mapping: Mapping & { mode: 'consent' },
  candidates: readonly Candidate[],
  signal: AbortSignal,
): Promise<ChunkResult> {
  const { store, scope, settings, target, us, run } = crew
  const created = await createContacts(crew, candidates, signal)
  const reached = candidates.map((candidate) => ({ candidate, points: pointsFor(crew, candidate, created) }))
  const behind = await personsBehind(
    store,
    await store.personsAt(
      scope,
      reached.flatMap(({ points }) => points),
    ),
  )
  const policies = { events: settings.events, sharedAddress: target.sharedAddress }

  const touchedBy = new Map(
    reached.map(({ candidate: { person }, points }) => [
      person.id,
      slotsOf(person, points, mapping.entries, settings.events),
    ]),
  )
  const slots = new Map([...touchedBy.values()].flat().map((slot) => [slotPlace(slot), slot]))
  const ledger = await store.ledger(scope, [...slots.keys()])
  const wanted = new Map<Place, WantedSlot>()
  for (const [place, slot] of slots) {
    const entry = ledger.get(place)
    const persons = behind.get(`${slot.channel}/${slot.address}`) ?? []
    const wish = wantedSlot(slot, persons, policies, entry?.restored === true ? entry.foreign : undefined)
    if (wish !== undefined) wanted.set(place, wish)
  }
  const { consents: table, bindings, entries } = mapping
  const work: ConsentWork = { table, bindings, entries, settings, target, us, run, personsAt: behind }
  const { places, lacking } = await deliverConsents(crew, scope, work, wanted, ledger, signal)
  /** A purpose row that is ensured is part of its topic: while it is not there, the topic's persons stay due. */
  const ensured = (slot: Slot) =>
    target.parentPurpose === 'ensure' && slot.entry.kind === 'topic'
      ? [parentPlace(mapping, slot)].filter((place) => !wanted.has(place))
      : []
  return {
    places,
    placesOf: new Map(
      [...touchedBy].map(([person, touched]) => [
        person,
        [...new Set(touched.flatMap((slot) => [slotPlace(slot), ...ensured(slot)]))],
      ]),
    ),
    unholdable: created.refused,
    unreachable: new Set(
      reached
        .filter(({ candidate, points }) => points.length === 0 && isReached(candidate))
        .map(({ candidate }) => candidate.person.id),
    ),
    deferred: created.deferred,
    stance: ({ wanted: { value } }) => (value === CONSENT_VALUES.optedIn ? 'optedIn' : 'optedOut'),
    topicsWithoutPurpose: lacking.length,
  }
}

const isReached = ({ contact }: Candidate): boolean => contact === 'found' || contact === 'not-needed'

/** A person's addresses: as found, or those of the contact that was created for it. */
function pointsFor({ target }: Crew, candidate: Candidate, { done }: CreatedContacts): readonly ContactPoint[] {
  if (!isReached(candidate)) return []
  if (candidate.creating === undefined) return candidate.found.points
  return done.has(candidate.person.id) ? pointsOf(candidate.person, [candidate.creating], target).points : []
}

interface CreatedContacts {
  readonly done: ReadonlySet<PersonId>
  readonly deferred: ReadonlySet<PersonId>
  readonly refused: ReadonlyMap<PersonId, readonly Refusal[]>
}

/** Creates the contacts that are missing. One that exists by now is found by the next run: the person stays due. */
async function createContacts(
  { dataverse, store, scope, search, target }: Crew,
  candidates: readonly Candidate[],
  signal: AbortSignal,
): Promise<CreatedContacts> {
  const rows = new Map<string, RowWrite>()
  const waiting = candidates.flatMap(({ person, creating }) => (creating === undefined ? [] : [{ person, creating }]))
  for (const { creating } of waiting)
    rows.set(creating.id, { kind: 'create', id: creating.id, columns: creating.columns })
  const outcomes = await dataverse.write(search.table, [...rows.values()], { repeatable: true }, signal)
  const byId = new Map([...rows.keys()].map((id, index) => [id, outcomes[index]]))
  const existing = await existingContacts(
    { dataverse, search },
    [...byId].filter(([, outcome]) => outcome?.kind === 'conflict').map(([id]) => id),
    signal,
  )

  const done = new Set<PersonId>()
  const deferred = new Set<PersonId>()
  const refused = new Map<PersonId, Refusal[]>()
  for (const { person, creating } of waiting) {
    const outcome = byId.get(creating.id)
    const row = existing.get(creating.id)
    const refuse = (code: string) =>
      refused.set(person.id, [{ place: `contact/${creating.id}`, what: 'contact', code }])
    if (outcome?.kind === 'rejected') refuse(outcome.code)
    else if (outcome?.kind === 'done') done.add(person.id)
    else if (outcome?.kind !== 'conflict') deferred.add(person.id)
    else if (row !== undefined && isTheCreated(row, creating.columns, target)) done.add(person.id)
    else refuse('contact-id-taken')
  }
  await store.saveContacts(
    scope,
    waiting
      .filter(({ person }) => done.has(person.id))
      .map(({ person, creating }) => ({
        person: person.id,
        contacts: [{ contactId: creating.id, addresses: pointsOf(person, [creating], target).points }],
      })),
  )
  return { done, deferred, refused }
}

async function existingContacts(
  { dataverse, search }: Pick<Crew, 'dataverse' | 'search'>,
  ids: readonly string[],
  signal: AbortSignal,
): Promise<Map<string, Row>> {
  if (ids.length === 0) return new Map()
  const { table, target } = search
  const { rows } = await dataverse.rowsIn(
    table,
    [table.primaryId, target.contact.matchAttribute],
    table.primaryId,
    ids,
    signal,
  )
  return new Map(rows.map((row) => [row.id, row]))
}
