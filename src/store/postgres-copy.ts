/**
 * A copy of a store in PostgreSQL for a command that only looks: temporary tables of one session. The server drops them
 * with the session, however the process ends, so nothing is left to be cleared away; it writes no log of them; and the
 * right to make them is what a user of a database has by itself, unlike that to make a schema.
 *
 * Nothing else would do: a transaction on the store's own tables that is rolled back in the end would keep rows locked
 * for as long as the look lasts, and a run that comes to them would wait, and give up. Copying reads one snapshot
 * instead, and asks for no lease and for no lock that anything but a change of the schema waits for. From then on the
 * session may write nothing but its temporary tables: the server itself refuses any other write.
 */

import { randomUUID } from 'node:crypto'
import { CodedError } from '../lib/errors.ts'
import {
  connectPostgres,
  type PostgresAddress,
  type PostgresConnection,
  placeOf,
  schemaName,
} from './postgres-connection.ts'
import { postgresDatabase } from './postgres-database.ts'
import { PostgresFailure, translated, unusable } from './postgres-failure.ts'
import { bringForward, newer, POSTGRES_SCHEMA_VERSION } from './postgres-migrations.ts'
import { tablesOf } from './postgres-tables.ts'
import { flagOf, textOf } from './postgres-values.ts'
import type { Store } from './store.ts'

/** The schema of a session's temporary tables, whatever it is really called. */
const TEMPORARY = 'pg_temp'

/** Older ones make triggers with functions of their own, which no temporary schema can hold. */
const OLDEST_COPIED = 3

/** Who holds the store and what pods share out, and what the receiver was told: nothing of it is anything to a copy. */
const LEFT_EMPTY: ReadonlySet<string> = new Set(['opening', 'holder', 'job', 'work', 'held_key', 'inbox'])

/** What is kept of temporary tables in memory; the server's default would write and read them again and again. */
const BUFFERS = '64MB'

/**
 * Copies the store at `address` as it is at one moment, also while a run has it; nothing where there is no store yet.
 * `now` is in milliseconds. @throws CodedError `store-copy-forbidden`, `store-unusable`
 */
export async function openPostgresCopy(
  address: PostgresAddress,
  { now }: { readonly now: () => number },
): Promise<Store | undefined> {
  const place = placeOf(address)
  let held: PostgresConnection | undefined
  try {
    held = await connectPostgres(address)
    const opening = randomUUID()
    if (!(await copyTables(held, address, opening))) {
      await held.close()
      return undefined
    }
    const db = postgresDatabase({ opening, connect: onceOnly(held, place), place, leaseLost: NEVER })
    return { ...(await tablesOf(db, now, false)), close: () => db.close() }
  } catch (error) {
    held?.break()
    if (!(error instanceof PostgresFailure)) throw error
    throw error.sqlState === '42501' ? forbidden(address, MAY_READ) : translated(error, place)
  }
}

/** A copy is nobody else's: no lease of it can be lost. */
const NEVER = new AbortController().signal

/** Another connection would be another session, without the copy. */
function onceOnly(connection: PostgresConnection, place: string): () => Promise<PostgresConnection> {
  let given = false
  return async () => {
    if (given) throw unusable(place, 'no copy of the store any more: its connection is gone', 'Run the command again.')
    given = true
    return connection
  }
}

/** Whether there was a store to copy. From then on the session sees and changes nothing but the copy. */
async function copyTables(connection: PostgresConnection, address: PostgresAddress, opening: string): Promise<boolean> {
  const { query, script } = connection
  await script(`SET temp_buffers = '${BUFFERS}'; BEGIN ISOLATION LEVEL REPEATABLE READ`)
  const version = await versionIn(connection, address)
  if (version === undefined) return false
  const tables = await readableTables(connection, address)
  // From here on a name that is not qualified means a table of the copy.
  await script(`SET search_path TO ${TEMPORARY}`)
  for (const table of tables) {
    const original = `${schemaName(address.schema)}.${table}`
    await script(`CREATE TABLE ${table} (LIKE ${original} INCLUDING ALL EXCLUDING INDEXES)`)
    if (!LEFT_EMPTY.has(table)) await script(`INSERT INTO ${table} OVERRIDING SYSTEM VALUE SELECT * FROM ${original}`)
    await copyIndexes(connection, original, table)
  }
  await bringForward(connection, version)
  await continueNumbers(connection)
  await query('INSERT INTO opening (id, transaction) VALUES ($1, 0)', opening)
  await script(`ANALYZE ${tables.join(', ')}; COMMIT; SET default_transaction_read_only = on`)
  return true
}

/** The schema version of the store; `undefined` where there is none yet. */
async function versionIn({ query }: PostgresConnection, address: PostgresAddress): Promise<number | undefined> {
  const place = placeOf(address)
  const [made = {}] = await query('SELECT to_regclass($1) IS NOT NULL AS there', `${schemaName(address.schema)}.meta`)
  if (!flagOf(made, 'there')) return undefined
  const [meta] = await query(`SELECT value FROM meta WHERE name = 'schema-version'`)
  const version = meta === undefined ? Number.NaN : Number(textOf(meta, 'value'))
  if (!Number.isSafeInteger(version)) throw unusable(place, 'a schema without a store of this program')
  if (version > POSTGRES_SCHEMA_VERSION) throw newer(place, version)
  if (version < OLDEST_COPIED)
    throw unusable(
      place,
      `schema version ${version}, too old to be copied`,
      'Run `sync` once: it brings the store up to date.',
    )
  return version
}

/** The tables of the store's schema, once it is sure that they may be copied. */
async function readableTables({ query }: PostgresConnection, address: PostgresAddress): Promise<string[]> {
  const [database = {}] = await query(`SELECT has_database_privilege(current_database(), 'TEMPORARY') AS granted`)
  if (!flagOf(database, 'granted')) throw forbidden(address, 'TEMPORARY on the database')
  const tables = await query(
    `SELECT quote_ident(relname) AS name, has_table_privilege(oid, 'SELECT') AS granted FROM pg_class
      WHERE relnamespace = to_regnamespace($1) AND relkind = 'r' ORDER BY relname`,
    schemaName(address.schema),
  )
  if (tables.some((table) => !flagOf(table, 'granted'))) throw forbidden(address, MAY_READ)
  return tables.map((table) => textOf(table, 'name'))
}

/** An index of what is there already is made several times as fast as one that grows row by row. */
async function copyIndexes({ query, script }: PostgresConnection, original: string, table: string): Promise<void> {
  const indexes = await query(
    `SELECT regexp_replace(pg_get_indexdef(indexrelid), ' ON .*? USING ', $2) AS made FROM pg_index
      WHERE indrelid = to_regclass($1)`,
    original,
    ` ON ${table} USING `,
  )
  for (const index of indexes) await script(textOf(index, 'made'))
}

/** Numbers that the server gives out by itself go on behind those that were copied. */
async function continueNumbers({ query, script }: PostgresConnection): Promise<void> {
  const columns = await query(
    `SELECT quote_ident(relname) AS "table", quote_ident(attname) AS "column" FROM pg_attribute
      JOIN pg_class ON pg_class.oid = attrelid WHERE relnamespace = pg_my_temp_schema() AND attidentity <> ''`,
  )
  for (const row of columns) {
    const [table, column] = [textOf(row, 'table'), textOf(row, 'column')]
    await script(`SELECT setval(pg_get_serial_sequence('${TEMPORARY}.${table}', '${column}'),
      (SELECT coalesce(max(${column}), 0) + 1 FROM ${table}), false)`)
  }
}

const MAY_READ = 'USAGE on the schema and SELECT on all its tables'

function forbidden(address: PostgresAddress, right: string): CodedError {
  const schema = schemaName(address.schema)
  const grant =
    right === MAY_READ
      ? `GRANT USAGE ON SCHEMA ${schema} TO …; GRANT SELECT ON ALL TABLES IN SCHEMA ${schema} TO …`
      : `GRANT TEMPORARY ON DATABASE ${schemaName(address.database)} TO …`
  return new CodedError('store-copy-forbidden', [
    {
      where: placeOf(address),
      found: `a user without the right ${right}`,
      expected: 'a user who may copy the store into temporary tables: only the copy is worked on',
      remedy: `As the owner: ${grant}`,
    },
  ])
}
