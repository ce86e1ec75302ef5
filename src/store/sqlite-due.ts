/** Due and parked persons in the embedded store, per target. */

import { personBytes, personOf } from './person-bytes.ts'
import { blobOf, integerOf, type SqliteDatabase } from './sqlite-database.ts'
import type { PersonId } from './store.ts'
import type { DuePart, MarkPart } from './store-parts.ts'

const AGAIN = 'ON CONFLICT (target, person) DO UPDATE SET mark = mark + 1, afresh = max(afresh, excluded.afresh)'

/**
 * Marks one person due within the caller's transaction, `afresh` where Dataverse must be read whatever the ledger says. A person without states is passed over: there is nothing to
 * deliver, and a due person must come to an outcome.
 */
export function dueMarker(db: SqliteDatabase): (target: string, person: PersonId, afresh: boolean) => void {
  const mark = db.prepare(
    `INSERT INTO due (target, person, mark, afresh) SELECT ?, person, 1, ? FROM person WHERE person = ? ${AGAIN}`,
  )
  return (target, person, afresh) => {
    mark.run(target, afresh ? 1 : 0, personBytes(person))
  }
}

/** The part of the store that knows whose work is left. */
export function dueIn(db: SqliteDatabase): DuePart {
  const countDue = db.prepare('SELECT count(*) AS n FROM due WHERE target = ?')
  const countParked = db.prepare(`SELECT count(*) FILTER (WHERE since > ?1) AS parked,
    count(*) FILTER (WHERE since <= ?1) AS expired FROM parked WHERE target = ?2`)
  const takeDue = db.prepare(
    'SELECT person, mark, afresh FROM due WHERE target = ? AND person > ? ORDER BY person LIMIT ?',
  )
  const dueMark = db.prepare('SELECT mark, afresh FROM due WHERE target = ? AND person = ?')
  const parkedSince = db.prepare('SELECT since FROM parked WHERE target = ? AND person = ?')
  return {
    ...marksIn(db),
    countDue: async (target) => integerOf(countDue.get(target) ?? {}, 'n'),
    async countParked(target, since) {
      const row = countParked.get(since, target) ?? {}
      return { parked: integerOf(row, 'parked'), expired: integerOf(row, 'expired') }
    },
    takeDue: async (target, after, limit) =>
      takeDue.all(target, after === undefined ? new Uint8Array() : personBytes(after), limit).map((row) => ({
        person: personOf(blobOf(row, 'person')),
        mark: integerOf(row, 'mark'),
        afresh: integerOf(row, 'afresh') === 1,
      })),
    dueMarks: async (target, persons) =>
      persons.map((person) => {
        const row = dueMark.get(target, personBytes(person))
        return row === undefined
          ? { person, mark: 0, afresh: true }
          : { person, mark: integerOf(row, 'mark'), afresh: integerOf(row, 'afresh') === 1 }
      }),
    async parkedSince(target, persons) {
      const found = new Map<PersonId, number>()
      for (const person of persons) {
        const row = parkedSince.get(target, personBytes(person))
        if (row !== undefined) found.set(person, integerOf(row, 'since'))
      }
      return found
    },
  }
}

function marksIn(db: SqliteDatabase): MarkPart {
  const mark = dueMarker(db)
  const markAll = db.prepare(
    `INSERT INTO due (target, person, mark, afresh) SELECT ?, person, 1, 1 FROM person WHERE true ${AGAIN}`,
  )
  const markParked = db.prepare(`INSERT INTO due (target, person, mark, afresh)
    SELECT target, person, 1, 1 FROM parked WHERE target = ? AND since > ? ${AGAIN}`)
  // Both halves of a state may state a key: the lines' own words (`said`) and the events'.
  const states = (member: string) => `EXISTS (SELECT 1 FROM json_each(state.state, '$.${member}') AS stated
    WHERE stated.key IN (SELECT value FROM json_each(?2)))`
  const markStating = db.prepare(`INSERT INTO due (target, person, mark, afresh)
    SELECT DISTINCT ?1, person, 1, 1 FROM state WHERE ${states('said')} OR ${states('events')} ${AGAIN}`)
  return {
    markAllDue: async (target) => db.transaction(() => void markAll.run(target)),
    markDue: async (target, persons) =>
      db.transaction(() => {
        for (const person of persons) mark(target, person, true)
      }),
    markStating: async (target, keys) => db.transaction(() => void markStating.run(target, JSON.stringify(keys))),
    markParkedDue: async (target, since) => db.transaction(() => void markParked.run(target, since)),
  }
}
