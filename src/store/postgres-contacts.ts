/** Contacts and addresses of persons in PostgreSQL, and the way back from an address to its persons. */

import { personBytes, personOf } from './person-bytes.ts'
import type { PostgresDatabase } from './postgres-database.ts'
import { isFound, lookedUp } from './postgres-lookup.ts'
import { ensureScope, SCOPE_ASKED } from './postgres-scope.ts'
import { bytes, bytesOf, chunks, integerOf, lastOfEach, type Query, textOf } from './postgres-values.ts'
import type { PersonContact, PersonId } from './store.ts'
import type { ContactPart } from './store-parts.ts'
import { contactsText, parseContacts } from './stored-contacts.ts'
import type { Row } from './stored-row.ts'

/** What is known of one person. */
interface Found {
  readonly person: PersonId
  readonly contacts: readonly PersonContact[]
}

/** The part of the store that knows which addresses a person has. */
export function contactsIn(db: PostgresDatabase): ContactPart {
  return {
    saveContacts: (scope, found) =>
      db.transaction(async (query) => {
        const id = await ensureScope(query, scope)
        for (const chunk of chunks(lastOfEach(found, ({ person }) => person))) await saveChunk(query, id, chunk)
      }),
    async contactsOf({ organization, target }, persons) {
      const rows = await db.query(
        `SELECT person, contacts FROM person_contacts WHERE scope = ${SCOPE_ASKED} AND person = ANY ($3::bytea[])`,
        organization,
        target,
        persons.map(personBytes),
      )
      const known = contactsByPerson(rows)
      return new Map(
        persons.flatMap((person) => {
          const contacts = known.get(person)
          return contacts === undefined ? [] : [[person, contacts] as const]
        }),
      )
    },
    async personsAt({ organization, target }, addresses) {
      const rows = await db.query(
        `SELECT n, person FROM unnest($3::text[], $4::bytea[]) WITH ORDINALITY AS asked (channel, address, n) ${lookedUp(
          `SELECT person FROM address_person AS held WHERE scope = ${SCOPE_ASKED}
            AND sha256(held.address) = sha256(asked.address) AND held.channel = asked.channel`,
          'known',
        )} ORDER BY n, person`,
        organization,
        target,
        addresses.map(({ channel }) => channel),
        addresses.map(({ address }) => bytes(address)),
      )
      return personsByAsked(
        rows,
        addresses.map(({ channel, address }) => `${channel}/${address}`),
      )
    },
    async personsOfContacts({ organization, target }, contactIds) {
      const rows = await db.query(
        `SELECT n, person FROM unnest($3::bytea[]) WITH ORDINALITY AS asked (contact_id, n) ${lookedUp(
          `SELECT person FROM contact_person AS held WHERE scope = ${SCOPE_ASKED}
            AND sha256(held.contact_id) = sha256(asked.contact_id)`,
          'known',
        )} ORDER BY n, person`,
        organization,
        target,
        contactIds.map(bytes),
      )
      return personsByAsked(rows, contactIds)
    },
  }
}

/** Replaces persons' contacts and both ways back to them; what has not changed is not written. */
async function saveChunk(query: Query, scope: number, found: readonly Found[]): Promise<void> {
  const rows = await query(
    'SELECT person, contacts FROM person_contacts WHERE scope = $1 AND person = ANY ($2::bytea[])',
    scope,
    found.map(({ person }) => personBytes(person)),
  )
  const texts = new Map(rows.map((row) => [personOf(bytesOf(row, 'person')), textOf(row, 'contacts')]))
  const changed = found.filter(({ person, contacts }) => texts.get(person) !== contactsText(contacts))
  if (changed.length === 0) return
  const known = contactsByPerson(rows)
  await dropWays(
    query,
    scope,
    changed.map(({ person }) => ({ person, contacts: known.get(person) ?? [] })),
  )
  await query(
    `INSERT INTO person_contacts (scope, person, contacts) SELECT $1, * FROM unnest($2::bytea[], $3::text[])
      ON CONFLICT (scope, person) DO UPDATE SET contacts = excluded.contacts`,
    scope,
    changed.map(({ person }) => personBytes(person)),
    changed.map(({ contacts }) => contactsText(contacts)),
  )
  await addWays(query, scope, changed)
}

/** Drops both ways back to these persons, within the caller's transaction. */
export async function dropWays(query: Query, scope: number, found: readonly Found[]): Promise<void> {
  await query(
    `DELETE FROM contact_person WHERE ${isFound(
      'contact_person',
      'unnest($2::bytea[], $3::bytea[]) AS gone (contact_id, person)',
      `scope = $1 AND sha256(contact_person.contact_id) = sha256(gone.contact_id)
        AND contact_person.person = gone.person`,
    )}`,
    scope,
    ...contactColumns(found),
  )
  await query(
    `DELETE FROM address_person WHERE ${isFound(
      'address_person',
      'unnest($2::text[], $3::bytea[], $4::bytea[]) AS gone (channel, address, person)',
      `scope = $1 AND sha256(address_person.address) = sha256(gone.address)
        AND address_person.channel = gone.channel AND address_person.person = gone.person`,
    )}`,
    scope,
    ...addressColumns(found),
  )
}

async function addWays(query: Query, scope: number, found: readonly Found[]): Promise<void> {
  await query(
    `INSERT INTO contact_person (scope, contact_id, person) SELECT $1, * FROM unnest($2::bytea[], $3::bytea[])
      ON CONFLICT DO NOTHING`,
    scope,
    ...contactColumns(found),
  )
  await query(
    `INSERT INTO address_person (scope, channel, address, person)
      SELECT $1, * FROM unnest($2::text[], $3::bytea[], $4::bytea[]) ON CONFLICT DO NOTHING`,
    scope,
    ...addressColumns(found),
  )
}

function contactColumns(found: readonly Found[]): [Uint8Array[], Uint8Array[]] {
  const pairs = found.flatMap(({ person, contacts }) =>
    contacts.flatMap(({ contactId }) => (contactId === undefined ? [] : [{ person, contactId }])),
  )
  return [pairs.map(({ contactId }) => bytes(contactId)), pairs.map(({ person }) => personBytes(person))]
}

function addressColumns(found: readonly Found[]): [string[], Uint8Array[], Uint8Array[]] {
  const triples = found.flatMap(({ person, contacts }) =>
    contacts.flatMap(({ addresses }) => addresses.map(({ channel, address }) => ({ person, channel, address }))),
  )
  return [
    triples.map(({ channel }) => channel),
    triples.map(({ address }) => bytes(address)),
    triples.map(({ person }) => personBytes(person)),
  ]
}

function contactsByPerson(rows: readonly Row[]): Map<PersonId, PersonContact[]> {
  return new Map(rows.map((row) => [personOf(bytesOf(row, 'person')), parseContacts(textOf(row, 'contacts'))]))
}

/** Persons under what was asked for, in the order asked; `n` counts from 1. */
function personsByAsked(rows: readonly Row[], asked: readonly string[]): Map<string, PersonId[]> {
  const found = asked.map((): PersonId[] => [])
  for (const row of rows) found[integerOf(row, 'n') - 1]?.push(personOf(bytesOf(row, 'person')))
  return new Map(
    asked.map((name, index) => [name, found[index] ?? []] as const).filter(([, persons]) => persons.length > 0),
  )
}
