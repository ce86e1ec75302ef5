/** Erasure in the embedded store: a person's rows and key go, a keyed hash stays (semantics §8.9). */

import type { Instant } from '../consent/time.ts'
import { addressesIn, type Holder, type KnownPerson, placesHeld } from './forgetting.ts'
import { personBytes, personOf } from './person-bytes.ts'
import { blobOf, integerOf, type SqliteDatabase, textOf } from './sqlite-database.ts'
import { evidenceReader } from './sqlite-evidence.ts'
import { erasureKeyIn } from './sqlite-suppression.ts'
import type { Erased, ErasedPerson, PersonId } from './store.ts'
import type { ForgettingPart } from './store-parts.ts'
import { parseContacts } from './stored-contacts.ts'
import { hashesToKeep, type Spelling } from './suppression.ts'

/** The part of the store that erases persons; `erased` is told that the file is to be written anew. */
export function forgettingIn(db: SqliteDatabase, erased: () => void): ForgettingPart {
  const suppress = suppressor(db)
  const known = knownReader(db)
  const dropLedger = ledgerDropper(db)
  const dropRows = rowDropper(db)
  return {
    addressesHeld: async (persons) => addressesIn(persons.map(known)),
    async forget(persons, at, spelling) {
      erased()
      // What the transaction lets go of is overwritten with zeros, wherever it lay.
      db.pragma('secure_delete = ON')
      try {
        return db.transaction(() => {
          suppress(persons, at, spelling)
          const going = persons.map(({ person }) => known(person))
          const ledger = dropLedger(going)
          return { persons: persons.length, ...ledger, ...dropRows(going) }
        })
      } finally {
        db.pragma('secure_delete = OFF')
        db.pragma('wal_checkpoint(TRUNCATE)')
      }
    },
  }
}

function suppressor(db: SqliteDatabase): (persons: readonly ErasedPerson[], at: Instant, spelling: Spelling) => void {
  const erasureKey = erasureKeyIn(db)
  const put = db.prepare(`INSERT INTO suppression (hash, until) VALUES (?, ?)
    ON CONFLICT (hash) DO UPDATE SET until = max(until, excluded.until)`)
  return (persons, at, spelling) => {
    const key = erasureKey()
    for (const { ouid } of persons) for (const hash of hashesToKeep(key, ouid, spelling)) put.run(hash, at)
  }
}

function knownReader(db: SqliteDatabase): (person: PersonId) => KnownPerson {
  const scopes = db.prepare('SELECT id FROM scope')
  const read = db.prepare('SELECT scope, contacts FROM person_contacts WHERE scope = ? AND person = ?')
  const evidence = evidenceReader(db)
  return (person) => {
    const contacts = scopes.all().flatMap((scope) => {
      const row = read.get(integerOf(scope, 'id'), personBytes(person))
      if (row === undefined) return []
      return [{ scope: integerOf(row, 'scope'), contacts: parseContacts(textOf(row, 'contacts')) }]
    })
    return { person, contacts, evidence: evidence(person) }
  }
}

/** Removes ledger entries of contacts and addresses that only these persons have; needs their rows and keys. */
function ledgerDropper(db: SqliteDatabase) {
  const ofContact = db.prepare('SELECT person FROM contact_person WHERE scope = ? AND contact_id = ?')
  const ofAddress = db.prepare('SELECT person FROM address_person WHERE scope = ? AND channel = ? AND address = ?')
  const within = 'scope = ? AND place >= ? AND place < ?'
  const count = db.prepare(`SELECT count(*) AS n FROM ledger WHERE ${within}`)
  const drop = db.prepare(`DELETE FROM ledger WHERE ${within}`)
  const dropLooks = db.prepare("DELETE FROM open_look WHERE scope = ? AND kind = 'place' AND name >= ? AND name < ?")
  const personsAt = (scope: number, holder: Holder): PersonId[] => {
    const rows =
      'contactId' in holder
        ? ofContact.all(scope, holder.contactId)
        : ofAddress.all(scope, holder.channel, holder.address)
    return rows.map((row) => personOf(blobOf(row, 'person')))
  }
  return (persons: readonly KnownPerson[]): Pick<Erased, 'ledger' | 'ledgerShared'> => {
    const going = new Set(persons.map(({ person }) => person))
    const removed = { ledger: 0, ledgerShared: 0 }
    for (const { scope, holder } of placesHeld(persons)) {
      // Bytes that begin with `…/` are those from there up to `…0`: the slash is followed by the zero.
      const range = [scope, holder.beginning, `${holder.beginning.slice(0, -1)}0`] as const
      if (personsAt(scope, holder).every((person) => going.has(person))) {
        removed.ledger += drop.run(...range)
        dropLooks.run(...range)
      } else removed.ledgerShared += integerOf(count.get(...range) ?? {}, 'n')
    }
    return removed
  }
}

function rowDropper(
  db: SqliteDatabase,
): (persons: readonly KnownPerson[]) => Omit<Erased, 'persons' | 'ledger' | 'ledgerShared'> {
  const of = (table: string) => db.prepare(`DELETE FROM ${table} WHERE person = ?`)
  const [states, rows, keys, told] = [of('state'), of('person'), of('evidence_key'), of('told')]
  const targets = db.prepare('SELECT DISTINCT target FROM scope UNION SELECT DISTINCT target FROM due')
  const ofTarget = (table: string) => db.prepare(`DELETE FROM ${table} WHERE target = ? AND person = ?`)
  const [due, parked, quarantined] = [ofTarget('due'), ofTarget('parked'), ofTarget('quarantine')]
  const contactsOf = db.prepare('DELETE FROM person_contacts WHERE scope = ? AND person = ?')
  const contactPerson = db.prepare('DELETE FROM contact_person WHERE scope = ? AND contact_id = ? AND person = ?')
  const addressPerson = db.prepare(
    'DELETE FROM address_person WHERE scope = ? AND channel = ? AND address = ? AND person = ?',
  )
  return (persons) => {
    const removed = { known: 0, states: 0, due: 0, parked: 0, quarantined: 0, contacts: 0, evidenceKeys: 0 }
    const names = targets.all().map((row) => textOf(row, 'target'))
    for (const { person, contacts } of persons) {
      const bytes = personBytes(person)
      removed.known += rows.run(bytes)
      removed.states += states.run(bytes)
      for (const target of names) {
        removed.due += due.run(target, bytes)
        removed.parked += parked.run(target, bytes)
        removed.quarantined += quarantined.run(target, bytes)
      }
      for (const { scope, contacts: own } of contacts) {
        removed.contacts += contactsOf.run(scope, bytes)
        for (const { contactId, addresses } of own) {
          if (contactId !== undefined) contactPerson.run(scope, contactId, bytes)
          for (const { channel, address } of addresses) addressPerson.run(scope, channel, address, bytes)
        }
      }
      removed.evidenceKeys += keys.run(bytes)
      told.run(bytes)
    }
    return removed
  }
}
