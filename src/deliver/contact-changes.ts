/** Contacts that changed in Dataverse: their persons are due again (semantics §5.3). */

import type { TargetSettings } from '../config/settings.ts'
import { personId } from '../consent/person-id.ts'
import type { Dataverse, Row } from '../dataverse/dataverse.ts'
import type { Log } from '../lib/log.ts'
import { comparable, normaliseAddress } from '../projection/contact-point.ts'
import { normaliseOuid } from '../record/normalise.ts'
import type { ReadingSettings } from '../record/record.ts'
import type { PersonContact, PersonId, Store, TargetScope } from '../store/store.ts'
import { type ContactSearch, contactColumnOf, findContacts, searchedColumns } from './contacts.ts'
import { readPersons } from './persons.ts'

interface Ports {
  readonly store: Store
  readonly dataverse: Dataverse
  readonly log: Log
}

/**
 * Marks the persons of changed contacts due and keeps the place in the change log. Without change tracking, or where an
 * OUID may be spelt in ways that a changed contact does not name, parked persons are looked up again instead.
 * Answers whether tracking was used.
 */
export async function markChangedContacts(
  { store, dataverse, log }: Ports,
  scope: TargetScope,
  search: ContactSearch,
  normalise: ReadingSettings['normalise'],
  parkedSince: number,
  signal: AbortSignal,
): Promise<boolean> {
  const { table, target } = search
  const tracked = table.changeTracking && target.contact.changeTracking === 'auto'
  if (!tracked || normalise === 'none') await store.markParkedDue(scope.target, parkedSince)
  if (!tracked) return false
  const link = await store.deltaLink(scope)
  const select = searchedColumns({ ...search, columns: [] })
  for await (const page of dataverse.changes(table, select, link, signal)) {
    if (page === 'expired') {
      log.warn({ target: scope.target }, 'the contact change log has expired: all contacts are compared')
      await store.setDeltaLink(scope, undefined)
      return markChangedContacts({ store, dataverse, log }, scope, search, normalise, parkedSince, signal)
    }
    const affected = await affectedPersons(store, scope, target, normalise, page.rows, page.deleted)
    await store.markDue(scope.target, affected)
    const persons = await readPersons(store, affected)
    if (persons.size > 0) {
      await findContacts({ store, dataverse }, scope, { ...search, columns: [] }, [...persons.values()], signal)
    }
    if (page.deltaLink !== undefined) await store.setDeltaLink(scope, page.deltaLink)
  }
  return true
}

/** Persons known for a changed contact, or named by it, unless all is as remembered: our own writes change nothing here. */
async function affectedPersons(
  store: Store,
  scope: TargetScope,
  target: TargetSettings,
  normalise: ReadingSettings['normalise'],
  rows: readonly Row[],
  deleted: readonly string[],
): Promise<PersonId[]> {
  const known = await store.personsOfContacts(scope, [...rows.map(({ id }) => id), ...deleted])
  const named = new Map(rows.map((row) => [row.id, namedPersons(row, target, normalise)]))
  const persons = [...new Set([...[...named.values()].flat(), ...[...known.values()].flat()])]
  const remembered = await store.contactsOf(scope, persons)
  const ouids = new Map((await store.persons(persons)).map(({ person, ouid }) => [person, comparable(ouid)]))
  const affected = new Set(deleted.flatMap((id) => known.get(id) ?? []))
  for (const row of rows) {
    const matched = comparable(String(row.columns[target.contact.matchAttribute] ?? ''))
    for (const person of new Set([...(named.get(row.id) ?? []), ...(known.get(row.id) ?? [])])) {
      const stillNamed = ouids.get(person) === matched
      if (!isAsRemembered(row, remembered.get(person) ?? [], stillNamed, target)) affected.add(person)
    }
  }
  return [...affected]
}

/** Persons whose OUID the match attribute spells, as it stands, in lower case, and as OUIDs are normalised. */
export function namedPersons(row: Row, target: TargetSettings, normalise: ReadingSettings['normalise']): PersonId[] {
  const value = row.columns[target.contact.matchAttribute]
  if (typeof value !== 'string' || value.trim() === '') return []
  return [...new Set([value.trim(), comparable(value), normaliseOuid(value, normalise)])].map(personId)
}

/** Is the contact known with these very addresses? One that is gone counts as a change, as does one of another source. */
function isAsRemembered(row: Row, contacts: readonly PersonContact[], named: boolean, target: TargetSettings): boolean {
  const end = typeof row.columns['_masterid_value'] === 'string' ? row.columns['_masterid_value'].toLowerCase() : row.id
  const contact = contacts.find(({ contactId }) => contactId === end)
  if (contact === undefined || !named) return false
  if (end !== row.id) return true
  const now = new Set(
    target.contactPoints.flatMap(({ channel, from }) => {
      const column = contactColumnOf(from)
      const raw = column === undefined ? undefined : row.columns[column]
      if (typeof raw !== 'string') return []
      const normalised = normaliseAddress(channel, raw, target.defaultCountry)
      return normalised.kind === 'address' ? [`${channel}/${normalised.address}`] : []
    }),
  )
  return (
    now.size === contact.addresses.length &&
    contact.addresses.every(({ channel, address }) => now.has(`${channel}/${address}`))
  )
}
