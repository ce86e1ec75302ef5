/** What a store in PostgreSQL is worth: schema, counts and sums, in one snapshot and without the lease. Reads only. */

import {
  connectPostgres,
  type PostgresAddress,
  type PostgresConnection,
  placeOf,
  schemaName,
} from './postgres-connection.ts'
import { PostgresFailure, translated, unusable } from './postgres-failure.ts'
import { POSTGRES_SCHEMA_VERSION } from './postgres-migrations.ts'
import { integerOf, textOf } from './postgres-values.ts'
import { COUNTED, RULES, type StoreCheck } from './store-rules.ts'

/**
 * Looks at the store at `address`, also while runs write it: everything is read as it was at one moment. Pages are the
 * server's own affair (`amcheck`, `pg_checksums`), so `damage` is always empty.
 * @throws CodedError `store-unusable` where it cannot be reached, or is no store
 */
export async function checkPostgresStore(address: PostgresAddress): Promise<StoreCheck> {
  const place = placeOf(address)
  let connection: PostgresConnection | undefined
  try {
    connection = await connectPostgres(address)
    await connection.script('BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY')
    return await checkSchema(connection, address.schema, place)
  } catch (error) {
    throw error instanceof PostgresFailure ? translated(error, place) : error
  } finally {
    await connection?.close()
  }
}

async function checkSchema({ query }: PostgresConnection, schema: string, place: string): Promise<StoreCheck> {
  const [table = {}] = await query('SELECT to_regclass($1) IS NOT NULL AS there', `${schemaName(schema)}.meta`)
  const [meta] = table['there'] === true ? await query(`SELECT value FROM meta WHERE name = 'schema-version'`) : []
  if (meta === undefined) throw unusable(place, 'a schema without a store of this program')
  const number = async (sql: string) => integerOf((await query(sql))[0] ?? {}, 'n')
  const counts: Record<string, number> = {}
  for (const name of COUNTED) counts[name] = await number(`SELECT count(*) AS n FROM ${name}`)
  const broken = []
  for (const { rule, sql } of RULES) {
    const rows = await number(sql)
    if (rows > 0) broken.push({ rule, rows })
  }
  const told = { kind: 'postgres', current: POSTGRES_SCHEMA_VERSION, read: 'snapshot', damage: [] } as const
  return { ...told, version: Number(textOf(meta, 'value')), counts, broken }
}
