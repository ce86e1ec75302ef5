/** States and persons in PostgreSQL: what ingest joins and delivery reads. */

import { byCodeUnit } from '../consent/choice.ts'
import { personBytes, personOf } from './person-bytes.ts'
import type { PostgresDatabase } from './postgres-database.ts'
import { markPersons } from './postgres-due.ts'
import { lookedUp, lookedUpIfThere } from './postgres-lookup.ts'
import { erasuresOf } from './postgres-suppression.ts'
import { bytes, bytesKey, bytesOf, chunks, integerOf, type Query, textOf } from './postgres-values.ts'
import type { PersonId, PersonStates, StateRow, Store } from './store.ts'
import type { StatePart } from './store-parts.ts'
import { optionally } from './stored-row.ts'
import { admitted } from './suppression.ts'

type Join = Parameters<Store['joinStates']>[1]

/** Everything that goes with the persons when states are forgotten: a person that is no more can never be settled. */
const FORGOTTEN = ['state', 'person', 'partition', 'object', 'reject', 'due', 'parked', 'quarantine']

/**
 * The part of the store that keeps states, persons and known ids. `shared`: pods join states of the same persons at the
 * same time. Then a person's row is locked before its states are read, in key order: pods wait for each other instead of
 * meeting conflicts.
 */
export function statesIn(db: PostgresDatabase, shared = false): StatePart {
  return {
    joinStates: (all, join, { targets, dueAll, spelling }) =>
      db.transaction(
        async (query) => {
          const { rows, suppressed } = admitted(all, await erasuresOf(query, all, spelling))
          const due = new Set<PersonId>(dueAll ? rows.map(({ person }) => person) : [])
          let changed = 0
          for (const chunk of chunks(rows, ({ state }) => state.length)) {
            if (shared) await lockPersons(query, chunk)
            const joined = await joinChunk(query, chunk, join)
            for (const person of joined.persons) due.add(person)
            changed += joined.changed
          }
          for (const target of targets) await markPersons(query, target, [...due], dueAll)
          return { changed, ...(suppressed > 0 && { suppressed }) }
        },
        shared ? 'read-committed' : 'repeatable-read',
      ),
    addKnownIds: (keys) =>
      db.transaction(async (query) => {
        for (const chunk of chunks(keys)) {
          await query(
            'INSERT INTO known_id (key) SELECT unnest($1::bytea[]) AS key ORDER BY key ON CONFLICT DO NOTHING',
            chunk.map(bytes),
          )
        }
      }),
    knownIds: async () => (await db.query('SELECT key FROM known_id ORDER BY key')).map((row) => textOf(row, 'key')),
    forgetStates: () =>
      db.transaction(async (query) => {
        // Not TRUNCATE: whoever reads meanwhile must find all of it or nothing.
        for (const table of FORGOTTEN) await query(`DELETE FROM ${table}`)
      }),
    async countStates() {
      const [row = {}] = await db.query('SELECT count(*) AS n FROM state')
      return integerOf(row, 'n')
    },
    persons: (ids) => readPersons(db, ids),
  }
}

/** One record on its way: what the store holds, what it shall hold, and how often that changed. */
interface Joining {
  readonly row: StateRow
  readonly old: string | undefined
  state: string | undefined
  changed: number
}

async function joinChunk(
  query: Query,
  rows: readonly StateRow[],
  join: Join,
): Promise<{ readonly persons: readonly PersonId[]; readonly changed: number }> {
  const stored = await storedStates(query, rows)
  const joining = new Map<string, Joining>()
  for (const row of rows) {
    const key = recordKey(personBytes(row.person), bytes(row.userId))
    const old = stored.get(key)
    const record = joining.get(key) ?? { row, old, state: old, changed: 0 }
    joining.set(key, record)
    const joined = record.state === undefined ? row.state : join(record.state, row.state)
    if (joined === record.state) continue
    record.state = joined
    record.changed += 1
  }
  const written = [...joining.values()].filter(({ changed }) => changed > 0)
  await insertStates(
    query,
    written.filter(({ old }) => old === undefined),
  )
  await updateStates(
    query,
    written.filter(({ old }) => old !== undefined),
  )
  return {
    persons: written.map(({ row }) => row.person),
    changed: written.reduce((sum, { changed }) => sum + changed, 0),
  }
}

async function storedStates(query: Query, rows: readonly StateRow[]): Promise<Map<string, string>> {
  const found = await query(
    `SELECT known.* FROM unnest($1::bytea[], $2::bytea[]) AS asked (person, user_id) ${lookedUp(
      'SELECT * FROM state WHERE state.person = asked.person AND sha256(state.user_id) = sha256(asked.user_id)',
      'known',
    )}`,
    rows.map(({ person }) => personBytes(person)),
    rows.map(({ userId }) => bytes(userId)),
  )
  return new Map(found.map((row) => [recordKey(bytesOf(row, 'person'), bytesOf(row, 'user_id')), textOf(row, 'state')]))
}

/** A person's 16 bytes come first, so that what follows cannot be taken for a part of them. */
function recordKey(person: Uint8Array, userId: Uint8Array): string {
  return bytesKey(person) + bytesKey(userId)
}

/** Makes the persons that are missing, and locks all of them until the transaction ends. */
async function lockPersons(query: Query, rows: readonly StateRow[]): Promise<void> {
  await insertPersons(query, rows)
  await query(
    'SELECT 1 FROM person WHERE person = ANY ($1::bytea[]) ORDER BY person FOR UPDATE',
    rows.map(({ person }) => personBytes(person)),
  )
}

/** The first record of a person names it. */
async function insertPersons(query: Query, rows: readonly StateRow[]): Promise<void> {
  const persons = new Map(rows.toReversed().map(({ person, ouid }) => [person, ouid]))
  await query(
    `INSERT INTO person (person, ouid) SELECT * FROM unnest($1::bytea[], $2::bytea[]) AS given (person, ouid)
      ORDER BY person ON CONFLICT DO NOTHING`,
    [...persons.keys()].map(personBytes),
    [...persons.values()].map(bytes),
  )
}

async function insertStates(query: Query, records: readonly Joining[]): Promise<void> {
  if (records.length === 0) return
  await insertPersons(
    query,
    records.map(({ row }) => row),
  )
  await query(
    `INSERT INTO state (person, user_id, state) SELECT * FROM unnest($1::bytea[], $2::bytea[], $3::bytea[])
      ON CONFLICT DO NOTHING`,
    ...columnsOf(records),
  )
}

async function updateStates(query: Query, records: readonly Joining[]): Promise<void> {
  if (records.length === 0) return
  await query(
    `UPDATE state SET state = joined.state
      FROM unnest($1::bytea[], $2::bytea[], $3::bytea[]) AS joined (person, user_id, state) ${lookedUp(
        `SELECT ctid AS row FROM state WHERE person = joined.person AND sha256(user_id) = sha256(joined.user_id)`,
        'known',
      )} WHERE state.ctid = known.row`,
    ...columnsOf(records),
  )
}

function columnsOf(records: readonly Joining[]): [Uint8Array[], Uint8Array[], Uint8Array[]] {
  return [
    records.map(({ row }) => personBytes(row.person)),
    records.map(({ row }) => bytes(row.userId)),
    records.map(({ state = '' }) => bytes(state)),
  ]
}

async function readPersons(db: PostgresDatabase, ids: readonly PersonId[]): Promise<PersonStates[]> {
  const rows = await db.query(
    `SELECT person.person, person.ouid, known.user_id, known.state FROM person ${lookedUpIfThere(
      'SELECT user_id, state FROM state WHERE state.person = person.person',
      'known',
    )} WHERE person.person = ANY ($1::bytea[])`,
    [...new Set(ids)].map(personBytes),
  )
  const found = new Map<PersonId, { readonly ouid: string; readonly states: { userId: string; state: string }[] }>()
  for (const row of rows) {
    const person = personOf(bytesOf(row, 'person'))
    const known = found.get(person) ?? { ouid: textOf(row, 'ouid'), states: [] }
    found.set(person, known)
    const userId = optionally(textOf, row, 'user_id')
    if (userId !== undefined) known.states.push({ userId, state: textOf(row, 'state') })
  }
  // Sorted here: bytes of UTF-8 sort otherwise than code units beyond the basic plane.
  for (const { states } of found.values()) states.sort((a, b) => byCodeUnit(a.userId, b.userId))
  return ids.flatMap((person) => {
    const known = found.get(person)
    return known === undefined ? [] : [{ person, ouid: known.ouid, states: known.states.map(({ state }) => state) }]
  })
}
