/** Due and parked persons in PostgreSQL, per target. */

import { defect } from '../lib/errors.ts'
import { personBytes, personOf } from './person-bytes.ts'
import type { PostgresDatabase } from './postgres-database.ts'
import { bytes, bytesOf, chunks, flagOf, instantBound, integerOf, type Query, textOf } from './postgres-values.ts'
import type { DuePerson, PersonId } from './store.ts'
import type { DuePart, MarkPart } from './store-parts.ts'
import type { Row } from './stored-row.ts'

const AGAIN = `ON CONFLICT (target, person)
  DO UPDATE SET mark = due.mark + excluded.mark, afresh = due.afresh OR excluded.afresh`

/** Marks are put in key order, so that two sessions never wait for each other crosswise. */
const MARK_PERSONS = `INSERT INTO due (target, person, mark, afresh)
  SELECT $1, person.person, count(*), $2 FROM unnest($3::bytea[]) AS asked (person) JOIN person USING (person)
  GROUP BY person.person ORDER BY person.person ${AGAIN}`

/**
 * Marks persons due within the caller's transaction, `afresh` where Dataverse must be read whatever the ledger says. A
 * person without states is passed over: there is nothing to deliver, and a due person must come to an outcome.
 */
export async function markPersons(
  query: Query,
  target: string,
  persons: readonly PersonId[],
  afresh: boolean,
): Promise<void> {
  for (const chunk of chunks(persons)) await query(MARK_PERSONS, target, afresh, chunk.map(personBytes))
}

/** The part of the store that knows whose work is left. */
export function dueIn(db: PostgresDatabase): DuePart {
  return {
    ...marksIn(db),
    async countDue(target) {
      const [row = {}] = await db.query('SELECT count(*) AS n FROM due WHERE target = $1', target)
      return integerOf(row, 'n')
    },
    async countParked(target, since) {
      const [row = {}] = await db.query(
        `SELECT count(*) FILTER (WHERE since > $1::bigint) AS parked,
          count(*) FILTER (WHERE since <= $1::bigint) AS expired FROM parked WHERE target = $2`,
        instantBound(since),
        target,
      )
      return { parked: integerOf(row, 'parked'), expired: integerOf(row, 'expired') }
    },
    async takeDue(target, after, limit) {
      const from = after === undefined ? new Uint8Array() : personBytes(after)
      const rows = await db.query(
        'SELECT person, mark, afresh FROM due WHERE target = $1 AND person > $2 ORDER BY person LIMIT $3',
        target,
        from,
        limit,
      )
      return rows.map(dueOf)
    },
    async dueMarks(target, persons) {
      const rows = await db.query(
        'SELECT person, mark, afresh FROM due WHERE target = $1 AND person = ANY ($2::bytea[])',
        target,
        persons.map(personBytes),
      )
      const found = new Map(rows.map(dueOf).map((due) => [due.person, due]))
      return persons.map((person) => found.get(person) ?? { person, mark: 0, afresh: true })
    },
    async parkedSince(target, persons) {
      const rows = await db.query(
        'SELECT person, since FROM parked WHERE target = $1 AND person = ANY ($2::bytea[])',
        target,
        persons.map(personBytes),
      )
      return new Map(rows.map((row) => [personOf(bytesOf(row, 'person')), integerOf(row, 'since')]))
    },
  }
}

function dueOf(row: Row): DuePerson {
  return { person: personOf(bytesOf(row, 'person')), mark: integerOf(row, 'mark'), afresh: flagOf(row, 'afresh') }
}

function marksIn(db: PostgresDatabase): MarkPart {
  const run = (sql: string, ...parameters: Parameters<Query> extends [string, ...infer Rest] ? Rest : never) =>
    db.transaction(async (query) => void (await query(sql, ...parameters)))
  return {
    markAllDue: (target) =>
      run(
        `INSERT INTO due (target, person, mark, afresh) SELECT $1, person, 1, true FROM person ORDER BY person ${AGAIN}`,
        target,
      ),
    markDue: (target, persons) => db.transaction((query) => markPersons(query, target, persons, true)),
    markStating: (target, keys) => db.transaction((query) => markStating(query, target, keys)),
    markParkedDue: (target, since) =>
      run(
        `INSERT INTO due (target, person, mark, afresh)
          SELECT target, person, 1, true FROM parked WHERE target = $1 AND since > $2::bigint ORDER BY person ${AGAIN}`,
        target,
        instantBound(since),
      ),
  }
}

const STATES_AT_ONCE = 500

/**
 * The server only looks for the key's JSON text anywhere in a state, which is canonical; whether the state states the
 * key is decided here. PostgreSQL's own JSON functions refuse a text with U+0000, which a state may hold.
 */
async function markStating(query: Query, target: string, keys: readonly string[]): Promise<void> {
  await query(
    `DECLARE stating NO SCROLL CURSOR FOR SELECT person, state FROM state
      WHERE EXISTS (SELECT 1 FROM unnest($1::bytea[]) AS written (key) WHERE position(written.key IN state.state) > 0)
      ORDER BY person`,
    keys.map((key) => bytes(JSON.stringify(key))),
  )
  let last: PersonId | undefined
  for (;;) {
    const rows = await query(`FETCH ${STATES_AT_ONCE} FROM stating`)
    if (rows.length === 0) break
    const stating = rows.filter((row) => states(textOf(row, 'state'), keys))
    const persons = new Set(stating.map((row) => personOf(bytesOf(row, 'person'))))
    // A person's states lie side by side, but may be fetched apart; a person is marked once.
    if (last !== undefined) persons.delete(last)
    await markPersons(query, target, [...persons], true)
    last = [...persons].at(-1) ?? last
  }
  await query('CLOSE stating')
}

/** Both halves of a state may state a key: the lines' own words (`said`) and the events'. */
function states(text: string, keys: readonly string[]): boolean {
  const { said, events } = parsedState(text)
  return keys.some((key) => Object.hasOwn(Object(said), key) || Object.hasOwn(Object(events), key))
}

function parsedState(text: string): { readonly said?: unknown; readonly events?: unknown } {
  try {
    return Object(JSON.parse(text))
  } catch {
    return defect('store state', 'a state that is no JSON')
  }
}
