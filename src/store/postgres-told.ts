/** What the reverse flow remembers, in PostgreSQL (semantics §11). */

import { personBytes, personOf } from './person-bytes.ts'
import type { PostgresDatabase } from './postgres-database.ts'
import { appendEvidence } from './postgres-evidence.ts'
import { writeLedger } from './postgres-ledger.ts'
import { ensureScope, SCOPE_ASKED } from './postgres-scope.ts'
import {
  bytes,
  bytesOf,
  chunks,
  integerOf,
  lastOfEach,
  POSTGRES_COLUMNS,
  type Query,
  textOf,
} from './postgres-values.ts'
import type { LedgerEntry } from './store.ts'
import type { Row } from './stored-row.ts'
import { openLook, toldStatement } from './stored-told.ts'
import type { OpenLook, ToldPart, ToldStatement } from './told.ts'

/** The part of the store that knows what Didomi was told. */
export function toldIn(db: PostgresDatabase): ToldPart<LedgerEntry> {
  return {
    async recordsOf(person) {
      const sql = 'SELECT user_id, state FROM state WHERE person = $1 ORDER BY user_id'
      const rows = await db.query(sql, personBytes(person))
      return rows.map((row) => ({ userId: textOf(row, 'user_id'), state: textOf(row, 'state') }))
    },
    async toldOf(persons) {
      const asked = persons.map(personBytes)
      const rows = await db.query('SELECT * FROM told WHERE person = ANY ($1::bytea[]) ORDER BY person, key', asked)
      return rows.map(statementOf)
    },
    async untold() {
      const rows = await db.query("SELECT * FROM told WHERE state = 'intended' ORDER BY event, person, key")
      return rows.map(statementOf)
    },
    async countRefused() {
      const [row = {}] = await db.query("SELECT count(*) AS n FROM told WHERE state = 'refused'")
      return integerOf(row, 'n')
    },
    setTold: (events) =>
      db.transaction(async (query) => {
        await query(
          `UPDATE told SET state = now.state FROM unnest($1::text[], $2::text[]) AS now (event, state)
            WHERE told.event = now.event AND told.state = 'intended'`,
          events.map(({ event }) => event),
          events.map(({ state }) => state),
        )
      }),
    async openLooks({ organization, target }) {
      const sql = `SELECT kind, name, reason FROM open_look WHERE scope = ${SCOPE_ASKED} ORDER BY kind, name`
      return (await db.query(sql, organization, target)).map(lookOf)
    },
    keepHeard: (scope, { now, statements, open, closed, ledger, evidence }) =>
      db.transaction(async (query) => {
        const id = await ensureScope(query, scope)
        await writeLedger(query, id, ledger)
        const last = lastOfEach(statements, ({ person, key }) => `${person} ${key}`)
        for (const chunk of chunks(last)) await putStatements(query, chunk)
        await putLooks(query, id, open, closed)
        // Last: all writers of the log queue behind its end.
        await appendEvidence(query, id, scope, now, evidence)
      }),
    async placesOfRows({ organization, target }, rowIds) {
      if (rowIds.length === 0) return []
      const sql = `SELECT place FROM ledger WHERE scope = ${SCOPE_ASKED} AND row_id = ANY ($3::bytea[])`
      return (await db.query(sql, organization, target, rowIds.map(bytes))).map((row) => textOf(row, 'place'))
    },
  }
}

async function putLooks(
  query: Query,
  scope: number,
  open: readonly OpenLook[],
  closed: readonly Pick<OpenLook, 'kind' | 'name'>[],
): Promise<void> {
  await query(
    `DELETE FROM open_look USING unnest($2::text[], $3::bytea[]) AS gone (kind, name)
      WHERE scope = $1 AND open_look.kind = gone.kind AND sha256(open_look.name) = sha256(gone.name)`,
    scope,
    [...closed, ...open].map(({ kind }) => kind),
    [...closed, ...open].map(({ name }) => bytes(name)),
  )
  for (const chunk of chunks(lastOfEach(open, ({ kind, name }) => `${kind} ${name}`)))
    await query(
      `INSERT INTO open_look (scope, kind, name, reason)
        SELECT $1, * FROM unnest($2::text[], $3::bytea[], $4::text[])`,
      scope,
      chunk.map(({ kind }) => kind),
      chunk.map(({ name }) => bytes(name)),
      chunk.map(({ reason }) => reason),
    )
}

async function putStatements(query: Query, statements: readonly ToldStatement[]): Promise<void> {
  const persons = statements.map(({ person }) => personBytes(person))
  const keys = statements.map(({ key }) => bytes(key))
  await query(
    `DELETE FROM told USING unnest($1::bytea[], $2::bytea[]) AS gone (person, key)
      WHERE told.person = gone.person AND sha256(told.key) = sha256(gone.key)`,
    persons,
    keys,
  )
  await query(
    `INSERT INTO told (person, key, value, instant, event, state)
      SELECT * FROM unnest($1::bytea[], $2::bytea[], $3::bytea[], $4::bigint[], $5::text[], $6::text[])`,
    persons,
    keys,
    statements.map(({ value }) => bytes(JSON.stringify(value))),
    statements.map(({ instant }) => instant),
    statements.map(({ event }) => event),
    statements.map(({ state }) => state),
  )
}

const statementOf = (row: Row): ToldStatement => toldStatement(row, personOf(bytesOf(row, 'person')), POSTGRES_COLUMNS)

const lookOf = (row: Row): OpenLook => openLook(row, POSTGRES_COLUMNS)
