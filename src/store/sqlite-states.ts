/** States and persons in the embedded store: what ingest joins and delivery reads. */

import { byCodeUnit } from '../consent/choice.ts'
import { personBytes } from './person-bytes.ts'
import { blobOf, integerOf, type SqliteDatabase, textOf } from './sqlite-database.ts'
import { dueMarker } from './sqlite-due.ts'
import { erasureIn } from './sqlite-suppression.ts'
import type { PersonId, PersonStates, Store } from './store.ts'
import type { StatePart } from './store-parts.ts'
import { admitted } from './suppression.ts'

/** Everything that goes with the persons when states are forgotten: a person that is no more can never be settled. */
const FORGOTTEN = ['state', 'person', 'partition', 'object', 'reject', 'due', 'parked', 'quarantine']

/** The part of the store that keeps states, persons and known ids. */
export function statesIn(db: SqliteDatabase): StatePart {
  const joinRows = stateJoiner(db)
  const addKnownId = db.prepare('INSERT OR IGNORE INTO known_id (key) VALUES (?)')
  const knownIds = db.prepare('SELECT key FROM known_id ORDER BY key')
  const countStates = db.prepare('SELECT count(*) AS n FROM state')
  const readPerson = personReader(db)
  return {
    joinStates: async (rows, join, options) => db.transaction(() => joinRows(rows, join, options)),
    addKnownIds: async (keys) =>
      db.transaction(() => {
        for (const key of keys) addKnownId.run(key)
      }),
    knownIds: async () => knownIds.all().map((row) => textOf(row, 'key')),
    forgetStates: async () =>
      db.transaction(() => db.exec(FORGOTTEN.map((table) => `DELETE FROM ${table};`).join('\n'))),
    countStates: async () => integerOf(countStates.get() ?? {}, 'n'),
    persons: async (ids) => ids.map(readPerson).filter((person) => person !== undefined),
  }
}

/**
 * Joins rows inside the caller's transaction. Rows in key order touch every page once, so the time stays linear
 * however large the store has grown; any other order is right too, but slower.
 */
function stateJoiner(db: SqliteDatabase) {
  const addPerson = db.prepare('INSERT OR IGNORE INTO person (person, ouid) VALUES (?, ?)')
  const readState = db.prepare('SELECT state FROM state WHERE person = ? AND user_id = ?')
  const insertState = db.prepare('INSERT INTO state (person, user_id, state) VALUES (?, ?, ?)')
  const updateState = db.prepare('UPDATE state SET state = ?3 WHERE person = ?1 AND user_id = ?2')
  const mark = dueMarker(db)
  const erasures = erasureIn(db)
  return (...[rows, join, { targets, dueAll, spelling }]: Parameters<Store['joinStates']>) => {
    const due = new Set<PersonId>()
    let changed = 0
    const { rows: said, suppressed } = admitted(rows, erasures(spelling))
    for (const { person, ouid, userId, state } of said) {
      const bytes = personBytes(person)
      if (dueAll) due.add(person)
      const stored = readState.get(bytes, userId)
      const old = stored === undefined ? undefined : textOf(stored, 'state')
      const joined = old === undefined ? state : join(old, state)
      if (joined === old) continue
      if (old === undefined) {
        addPerson.run(bytes, ouid)
        insertState.run(bytes, userId, joined)
      } else {
        updateState.run(bytes, userId, joined)
      }
      due.add(person)
      changed++
    }
    for (const target of targets) for (const person of due) mark(target, person, dueAll)
    return { changed, ...(suppressed > 0 && { suppressed }) }
  }
}

function personReader(db: SqliteDatabase): (person: PersonId) => PersonStates | undefined {
  const readPerson = db.prepare('SELECT person, ouid FROM person WHERE person = ?')
  const readStates = db.prepare('SELECT user_id, state FROM state WHERE person = ?')
  return (person) => {
    const bytes = personBytes(person)
    const row = readPerson.get(bytes)
    if (row === undefined) return undefined
    // Sorted here: SQLite orders text by UTF-8 bytes, which differs from code units beyond the basic plane.
    const states = readStates
      .all(blobOf(row, 'person'))
      .map((state) => ({ userId: textOf(state, 'user_id'), state: textOf(state, 'state') }))
      .sort((a, b) => byCodeUnit(a.userId, b.userId))
      .map(({ state }) => state)
    return { person, ouid: textOf(row, 'ouid'), states }
  }
}
