/** Erasure in PostgreSQL: a person's rows and key go, a keyed hash stays (semantics §8.9). */

import { addressesIn, type Holder, type KnownPerson, placesHeld } from './forgetting.ts'
import { personBytes, personOf } from './person-bytes.ts'
import { dropWays } from './postgres-contacts.ts'
import type { PostgresDatabase } from './postgres-database.ts'
import { evidenceOfPerson } from './postgres-evidence.ts'
import { lookedUp } from './postgres-lookup.ts'
import { suppress } from './postgres-suppression.ts'
import { bytes, bytesOf, integerOf, type Query, textOf } from './postgres-values.ts'
import type { Erased, PersonId } from './store.ts'
import type { ForgettingPart } from './store-parts.ts'
import { parseContacts } from './stored-contacts.ts'

/** The part of the store that erases persons. */
export function forgettingIn(db: PostgresDatabase): ForgettingPart {
  return {
    addressesHeld: (persons) => db.transaction(async (query) => addressesIn(await knownPersons(query, persons))),
    forget: (persons, at, spelling) =>
      db.transaction(async (query) => {
        await suppress(query, persons, at, spelling)
        const known = await knownPersons(
          query,
          persons.map(({ person }) => person),
        )
        const ledger = await dropLedger(query, known)
        return { persons: persons.length, ...ledger, ...(await dropRows(query, known)) }
      }),
  }
}

async function knownPersons(query: Query, persons: readonly PersonId[]): Promise<KnownPerson[]> {
  const rows = await query(
    `SELECT asked.person, held.scope, held.contacts
      FROM unnest($1::bytea[]) AS asked (person) CROSS JOIN scope ${lookedUp(
        'SELECT scope, contacts FROM person_contacts AS own WHERE own.scope = scope.id AND own.person = asked.person',
        'held',
      )}`,
    persons.map(personBytes),
  )
  const known: KnownPerson[] = []
  for (const person of persons) {
    const own = rows.filter((row) => personOf(bytesOf(row, 'person')) === person)
    known.push({
      person,
      contacts: own.map((row) => ({
        scope: integerOf(row, 'scope'),
        contacts: parseContacts(textOf(row, 'contacts')),
      })),
      evidence: await evidenceOfPerson(query, person),
    })
  }
  return known
}

/** Removes ledger entries of contacts and addresses that only these persons have; needs their rows and keys. */
async function dropLedger(
  query: Query,
  persons: readonly KnownPerson[],
): Promise<Pick<Erased, 'ledger' | 'ledgerShared'>> {
  const going = new Set(persons.map(({ person }) => person))
  const own: Place[] = []
  const shared: Place[] = []
  for (const { scope, holder } of placesHeld(persons)) {
    const others = (await personsAt(query, scope, holder)).filter((person) => !going.has(person))
    const list = others.length === 0 ? own : shared
    list.push({ scope, beginning: holder.beginning })
  }
  // The ledger is looked through once for all of them, since its index knows whole places only.
  await query('SET LOCAL enable_hashjoin = on')
  const gone = await query(`DELETE FROM ledger WHERE ctid = ANY (ARRAY (${BEGINNING})) RETURNING 1`, ...columnsOf(own))
  await query(LOOKS_GONE, ...columnsOf(own))
  const kept = await query(BEGINNING, ...columnsOf(shared))
  return { ledger: gone.length, ledgerShared: kept.length }
}

/** How the places of one contact or address begin. */
interface Place {
  readonly scope: number
  readonly beginning: string
}

/** Where ledger entries lie whose places begin as is asked: for each length of a beginning, by what is before it. */
const BEGINNING = `
  WITH asked AS (SELECT * FROM unnest($1::int[], $2::bytea[]) AS asked (scope, beginning)),
    lengths AS (SELECT DISTINCT scope, length(beginning) AS length FROM asked)
  SELECT ledger.ctid FROM ledger JOIN lengths ON lengths.scope = ledger.scope JOIN asked
    ON asked.scope = ledger.scope AND asked.beginning = substring(ledger.place FROM 1 FOR lengths.length)`

/** Places of theirs that were to be looked at again. */
const LOOKS_GONE = `DELETE FROM open_look USING unnest($1::int[], $2::bytea[]) AS asked (scope, beginning)
  WHERE open_look.kind = 'place' AND open_look.scope = asked.scope
    AND substring(open_look.name FROM 1 FOR length(asked.beginning)) = asked.beginning`

function columnsOf(places: readonly Place[]): [number[], Uint8Array[]] {
  return [places.map(({ scope }) => scope), places.map(({ beginning }) => bytes(beginning))]
}

async function personsAt(query: Query, scope: number, holder: Holder): Promise<PersonId[]> {
  const rows =
    'contactId' in holder
      ? await query(
          'SELECT person FROM contact_person WHERE scope = $1 AND sha256(contact_id) = sha256($2)',
          scope,
          bytes(holder.contactId),
        )
      : await query(
          'SELECT person FROM address_person WHERE scope = $1 AND sha256(address) = sha256($2) AND channel = $3',
          scope,
          bytes(holder.address),
          holder.channel,
        )
  return rows.map((row) => personOf(bytesOf(row, 'person')))
}

async function dropRows(
  query: Query,
  persons: readonly KnownPerson[],
): Promise<Omit<Erased, 'persons' | 'ledger' | 'ledgerShared'>> {
  const keys = persons.map(({ person }) => personBytes(person))
  const drop = async (table: string) =>
    (await query(`DELETE FROM ${table} WHERE person = ANY ($1::bytea[]) RETURNING 1`, keys)).length
  for (const { person, contacts: scopes } of persons) {
    for (const { scope, contacts } of scopes) await dropWays(query, scope, [{ person, contacts }])
  }
  await drop('told')
  return {
    known: await drop('person'),
    states: await drop('state'),
    due: await drop('due'),
    parked: await drop('parked'),
    quarantined: await drop('quarantine'),
    contacts: await drop('person_contacts'),
    evidenceKeys: await drop('evidence_key'),
  }
}
