/** A glance at a store in PostgreSQL: one snapshot, read only, beside whoever holds it. */

import { defect } from '../lib/errors.ts'
import { type GlanceWishes, RUNS_LOOKED_AT, type StoreGlance, type StoreLook, type StorePlace } from './glance.ts'
import {
  connectPostgres,
  type PostgresAddress,
  type PostgresConnection,
  placeOf,
  schemaName,
} from './postgres-connection.ts'
import type { PostgresDatabase } from './postgres-database.ts'
import { PostgresFailure, translated, unusable } from './postgres-failure.ts'
import { lockKey } from './postgres-lease.ts'
import { POSTGRES_SCHEMA_VERSION } from './postgres-migrations.ts'
import { partitionsIn } from './postgres-partitions.ts'
import { rememberedIn, runsIn } from './postgres-runs.ts'
import { statesIn } from './postgres-states.ts'
import { flagOf, textOf } from './postgres-values.ts'

/** Looks at the store at `address`; each look has a connection of its own. */
export function lookAtPostgres(address: PostgresAddress): StoreLook {
  return {
    place: () => inSnapshot(address, (connection) => placeIn(connection, address.schema)),
    glance: (wishes) => inSnapshot(address, (connection) => glanceIn(connection, address, wishes)),
  }
}

async function inSnapshot<T>(address: PostgresAddress, work: (connection: PostgresConnection) => Promise<T>) {
  let connection: PostgresConnection | undefined
  try {
    connection = await connectPostgres(address)
    await connection.script('BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY')
    return await work(connection)
  } catch (error) {
    throw error instanceof PostgresFailure ? translated(error, placeOf(address)) : error
  } finally {
    await connection?.close()
  }
}

/** Of several rights in one text the server asks for any: each is asked for by itself. */
async function placeIn({ query }: PostgresConnection, schema: string): Promise<StorePlace> {
  const [ours, key] = lockKey('run', schema)
  const [row = {}] = await query(
    `SELECT to_regclass($1) IS NOT NULL AS made,
      NOT pg_is_in_recovery() AND CASE WHEN to_regnamespace($2) IS NULL
        THEN has_database_privilege(current_database(), 'CREATE')
        ELSE has_schema_privilege(to_regnamespace($2), 'CREATE') AND has_schema_privilege(to_regnamespace($2), 'USAGE')
          AND NOT EXISTS (SELECT 1 FROM pg_class WHERE relnamespace = to_regnamespace($2) AND relkind = 'r'
            AND NOT (has_table_privilege(oid, 'INSERT') AND has_table_privilege(oid, 'UPDATE')
              AND has_table_privilege(oid, 'DELETE'))) END AS writable,
      has_database_privilege(current_database(), 'TEMPORARY') AS copyable,
      EXISTS (SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND granted AND objsubid = 2
        AND classid = $3::int::oid AND objid = $4::int::oid
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())) AS held`,
    `${schemaName(schema)}.meta`,
    schemaName(schema),
    ours,
    key,
  )
  return {
    exists: flagOf(row, 'made'),
    writable: flagOf(row, 'writable'),
    held: flagOf(row, 'held'),
    copyable: flagOf(row, 'copyable'),
  }
}

async function glanceIn(
  { query }: PostgresConnection,
  address: PostgresAddress,
  { targets, bookmarks, sample, runs = RUNS_LOOKED_AT }: GlanceWishes,
): Promise<StoreGlance | undefined> {
  const [made = {}] = await query('SELECT to_regclass($1) IS NOT NULL AS there', `${schemaName(address.schema)}.meta`)
  if (made['there'] !== true) return undefined
  const [meta] = await query(`SELECT value FROM meta WHERE name = 'schema-version'`)
  if (meta === undefined) throw unusable(placeOf(address), 'a schema without a store of this program')
  const version = Number(textOf(meta, 'value'))
  const told = { version, current: POSTGRES_SCHEMA_VERSION }
  const nothing = { runs: [], partitions: [], bookmarks: new Map(), knownIds: [], frozen: new Map(), ouids: [] }
  // Another version has other tables, and only a run may bring them up to date.
  if (version !== POSTGRES_SCHEMA_VERSION) return { ...told, ...nothing }
  const db: PostgresDatabase = {
    query,
    transaction: () => defect('a glance at the store', 'a transaction that would write'),
    close: async () => {},
  }
  const remembered = rememberedIn(db)
  const marks = new Map<string, string>()
  for (const name of bookmarks) {
    const value = await remembered.bookmark(name)
    if (value !== undefined) marks.set(name, value)
  }
  const frozen = new Map<string, ReadonlyMap<string, string>>()
  for (const name of targets) frozen.set(name, await remembered.frozenReadings(name))
  return {
    ...told,
    runs: await runsIn(db).runs(runs),
    partitions: await partitionsIn(db).partitions(),
    bookmarks: marks,
    knownIds: await statesIn(db).knownIds(),
    frozen,
    ouids: (await query('SELECT ouid FROM person ORDER BY person LIMIT $1', sample)).map((row) => textOf(row, 'ouid')),
  }
}
