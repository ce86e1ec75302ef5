/** Contacts and addresses of persons in the embedded store, and the way back from an address to its persons. */

import { personBytes, personOf } from './person-bytes.ts'
import { blobOf, type SqliteDatabase, textOf } from './sqlite-database.ts'
import { scopesIn } from './sqlite-scope.ts'
import type { PersonContact, PersonId } from './store.ts'
import type { ContactPart } from './store-parts.ts'
import { contactsText, parseContacts } from './stored-contacts.ts'

/** The part of the store that knows which addresses a person has. */
export function contactsIn(db: SqliteDatabase): ContactPart {
  const scopes = scopesIn(db)
  const save = contactWriter(db)
  const contacts = db.prepare('SELECT contacts FROM person_contacts WHERE scope = ? AND person = ?')
  const atAddress = db.prepare(`SELECT person FROM address_person
    WHERE scope = ? AND channel = ? AND address = ? ORDER BY person`)
  const ofContact = db.prepare('SELECT person FROM contact_person WHERE scope = ? AND contact_id = ? ORDER BY person')
  return {
    saveContacts: async (scope, found) =>
      db.transaction(() => {
        const id = scopes.ensure(scope)
        for (const { person, contacts: now } of found) save(id, person, now)
      }),
    async contactsOf(scope, persons) {
      const id = scopes.find(scope)
      const known = new Map<PersonId, PersonContact[]>()
      for (const person of id === undefined ? [] : persons) {
        const row = contacts.get(id ?? null, personBytes(person))
        if (row !== undefined) known.set(person, parseContacts(textOf(row, 'contacts')))
      }
      return known
    },
    async personsAt(scope, addresses) {
      const id = scopes.find(scope) ?? null
      return new Map(
        addresses
          .map(
            ({ channel, address }) =>
              [`${channel}/${address}`, atAddress.all(id, channel, address).map(personIn)] as const,
          )
          .filter(([, persons]) => persons.length > 0),
      )
    },
    async personsOfContacts(scope, contactIds) {
      const id = scopes.find(scope) ?? null
      return new Map(
        contactIds
          .map((contactId) => [contactId, ofContact.all(id, contactId).map(personIn)] as const)
          .filter(([, persons]) => persons.length > 0),
      )
    },
  }
}

/** Replaces one person's contacts and both ways back to it; what has not changed is not written. */
function contactWriter(
  db: SqliteDatabase,
): (scope: number, person: PersonId, contacts: readonly PersonContact[]) => void {
  const read = db.prepare('SELECT contacts FROM person_contacts WHERE scope = ? AND person = ?')
  const put = db.prepare('INSERT OR REPLACE INTO person_contacts (scope, person, contacts) VALUES (?, ?, ?)')
  const addId = db.prepare('INSERT OR IGNORE INTO contact_person (scope, contact_id, person) VALUES (?, ?, ?)')
  const dropId = db.prepare('DELETE FROM contact_person WHERE scope = ? AND contact_id = ? AND person = ?')
  const addAddress = db.prepare(
    'INSERT OR IGNORE INTO address_person (scope, channel, address, person) VALUES (?, ?, ?, ?)',
  )
  const dropAddress = db.prepare(
    'DELETE FROM address_person WHERE scope = ? AND channel = ? AND address = ? AND person = ?',
  )
  return (scope, person, contacts) => {
    const bytes = personBytes(person)
    const row = read.get(scope, bytes)
    const old = row === undefined ? undefined : textOf(row, 'contacts')
    const now = contactsText(contacts)
    if (old === now) return
    for (const { contactId, addresses } of old === undefined ? [] : parseContacts(old)) {
      if (contactId !== undefined) dropId.run(scope, contactId, bytes)
      for (const { channel, address } of addresses) dropAddress.run(scope, channel, address, bytes)
    }
    put.run(scope, bytes, now)
    for (const { contactId, addresses } of contacts) {
      if (contactId !== undefined) addId.run(scope, contactId, bytes)
      for (const { channel, address } of addresses) addAddress.run(scope, channel, address, bytes)
    }
  }
}

function personIn(row: Parameters<typeof blobOf>[0]): PersonId {
  return personOf(blobOf(row, 'person'))
}
