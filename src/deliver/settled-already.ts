/**
 * Persons for whom nothing is left to do, seen without asking Dataverse: everything they want stands in the ledger as it was
 * last confirmed, with the same span (semantics §8.2). Whoever changed a row since did so later, and keeps it.
 */

import { wantedColumn } from '../projection/contact-row.ts'
import type { Person } from '../projection/person.ts'
import { consentValue, slotPlace, slotsOf, wantedSlot } from '../projection/slot.ts'
import type { LedgerEntry, PersonContact, PersonId } from '../store/store.ts'
import { columnPlace } from './contact-rows.ts'
import { pointsOf } from './contacts.ts'
import type { Crew } from './crew.ts'
import type { WantedValue } from './ledger.ts'
import type { Mapping } from './mapping.ts'
import { personsBehind } from './sharing.ts'

/** How many places each such person has; persons that must be delivered are left out. */
export async function settledAlready(crew: Crew, persons: readonly Person[]): Promise<Map<PersonId, number>> {
  const { store, scope, mapping } = crew
  if (!crew.contactsFollowed || persons.length === 0) return new Map()
  const known = await store.contactsOf(
    scope,
    persons.map(({ id }) => id),
  )
  const reached = persons.flatMap((person) => {
    const contacts = known.get(person.id) ?? []
    return contacts.some(({ contactId }) => contactId !== undefined) ? [{ person, contacts }] : []
  })
  return mapping.mode === 'contact' ? columnsEqual(crew, mapping, reached) : slotsEqual(crew, mapping, reached)
}

interface Reached {
  readonly person: Person
  readonly contacts: readonly PersonContact[]
}

async function columnsEqual(
  { store, scope, settings, target }: Crew,
  { columns }: Mapping & { mode: 'contact' },
  reached: readonly Reached[],
): Promise<Map<PersonId, number>> {
  const contactIds = ({ contacts }: Reached) => contacts.flatMap(({ contactId }) => contactId ?? [])
  const behind = await personsBehind(store, await store.personsOfContacts(scope, reached.flatMap(contactIds)))
  const places = [...behind.keys()].flatMap((id) => columns.map(({ name }) => columnPlace(id, name)))
  const ledger = await store.ledger(scope, places)
  const settled = new Map<PersonId, number>()
  for (const one of reached) {
    const equals = contactIds(one).flatMap((id) =>
      columns.flatMap((column): boolean[] => {
        const wanted = wantedColumn(column, behind.get(id) ?? [], { ...target, events: settings.events })
        if (wanted === undefined) return []
        if ('unholdable' in wanted) return [false]
        const { lo, hi } = wanted.claim
        return [isConfirmed(ledger.get(columnPlace(id, column.name)), { value: wanted.value, lo, hi })]
      }),
    )
    if (equals.length > 0 && equals.every(Boolean)) settled.set(one.person.id, equals.length)
  }
  return settled
}

async function slotsEqual(
  { store, scope, settings, target }: Crew,
  { entries }: Mapping & { mode: 'consent' },
  reached: readonly Reached[],
): Promise<Map<PersonId, number>> {
  const touched = reached.map(({ person, contacts }) => {
    // Those of its contacts as last seen, and those that the person itself gives now.
    const points = [...contacts.flatMap(({ addresses }) => addresses), ...pointsOf(person, [], target).points]
    return { person, points }
  })
  const addresses = touched.flatMap(({ points }) => points)
  const behind = await personsBehind(store, await store.personsAt(scope, addresses))
  const policies = { events: settings.events, sharedAddress: target.sharedAddress }
  const slotsBy = touched.map(({ person, points }) => ({
    person,
    slots: new Map(slotsOf(person, points, entries, settings.events).map((slot) => [slotPlace(slot), slot])),
  }))
  const places = slotsBy.flatMap(({ slots }) => [...slots.keys()])
  const ledger = await store.ledger(scope, [...new Set(places)])
  const settled = new Map<PersonId, number>()
  for (const { person, slots } of slotsBy) {
    const equals = [...slots].flatMap(([place, slot]): boolean[] => {
      const wanted = wantedSlot(slot, behind.get(`${slot.channel}/${slot.address}`) ?? [], policies)
      if (wanted === undefined) return []
      const { value, lo, hi } = wanted.statement
      return [isConfirmed(ledger.get(place), { value: consentValue(value), lo, hi })]
    })
    if (equals.length > 0 && equals.every(Boolean)) settled.set(person.id, equals.length)
  }
  return settled
}

/** Confirmed as it is wanted, and nothing happened to it that would have to be looked at. */
function isConfirmed(entry: LedgerEntry | undefined, wanted: WantedValue): boolean {
  const { confirmed } = entry ?? {}
  if (entry === undefined || confirmed === undefined) return false
  const quiet =
    entry.intended === undefined &&
    entry.foreign === undefined &&
    entry.missingSince === undefined &&
    entry.restored !== true
  return (
    quiet &&
    confirmed.lo === wanted.lo &&
    confirmed.hi === wanted.hi &&
    JSON.stringify(confirmed.value) === JSON.stringify(wanted.value)
  )
}
