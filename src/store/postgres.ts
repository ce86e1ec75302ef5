/** The store in PostgreSQL: a schema of its own, one connection for the work and one for the lease. */

import { randomBytes } from 'node:crypto'
import type { Clock } from '../lib/clock.ts'
import { connectPostgres, type PostgresAddress, type PostgresConnection, placeOf } from './postgres-connection.ts'
import { contactsIn } from './postgres-contacts.ts'
import { openPostgresDatabase, type PostgresDatabase } from './postgres-database.ts'
import { dueIn } from './postgres-due.ts'
import { held, LEASE_LOST, PostgresFailure, translated } from './postgres-failure.ts'
import { type PostgresLease, succeed, takePostgresLease } from './postgres-lease.ts'
import { ledgerIn } from './postgres-ledger.ts'
import { migratePostgres } from './postgres-migrations.ts'
import { partitionsIn } from './postgres-partitions.ts'
import { rememberedIn, runsIn } from './postgres-runs.ts'
import { settlingIn } from './postgres-settle.ts'
import { statesIn } from './postgres-states.ts'
import { bytes, bytesOf } from './postgres-values.ts'
import type { Store } from './store.ts'

/** The store, and when it was lost. */
export interface PostgresStore extends Store {
  /**
   * Aborted with a `lease-held` when the lease is gone before `close`: whoever sends anything stops. From then on
   * every method throws the same, whatever it would do.
   */
  readonly leaseLost: AbortSignal
}

/**
 * Opens the store at `address`, making schema and tables where they are missing, and holds its lease until `close`.
 * Throws `lease-held` (another run has it) or `store-unusable`.
 */
export async function openPostgresStore(address: PostgresAddress, { now }: Pick<Clock, 'now'>): Promise<PostgresStore> {
  const place = placeOf(address)
  const lease = await openLease(address, place)
  try {
    const database = await openPostgresDatabase({
      connect: () => connectPostgres(address),
      place,
      leaseLost: lease.lost,
    })
    try {
      return await storeIn(database, now, lease, place)
    } catch (error) {
      await database.close()
      throw error
    }
  } catch (error) {
    await lease.release()
    throw error
  }
}

/** The lease comes first: only who holds it brings the schema up to date and takes over from those before. */
async function openLease(address: PostgresAddress, place: string): Promise<PostgresLease> {
  let connection: PostgresConnection | undefined
  try {
    connection = await connectPostgres(address)
    const lease = await takePostgresLease(connection, address.schema, place)
    await migratePostgres(connection, address.schema, place)
    await succeed(connection)
    return lease
  } catch (error) {
    await connection?.close()
    throw error instanceof PostgresFailure ? translated(error, place) : error
  }
}

async function storeIn(
  database: PostgresDatabase,
  now: () => number,
  lease: PostgresLease,
  place: string,
): Promise<PostgresStore> {
  let open = true
  const leaseLost = new AbortController()
  lease.lost.addEventListener('abort', () => {
    if (open) leaseLost.abort(held(place, LEASE_LOST))
  })
  return {
    leaseLost: leaseLost.signal,
    pseudonymKey: await pseudonymKeyIn(database, now),
    ...runsIn(database),
    ...rememberedIn(database),
    ...partitionsIn(database),
    ...statesIn(database),
    ...dueIn(database),
    ...contactsIn(database),
    ...ledgerIn(database),
    ...settlingIn(database),
    async close() {
      if (!open) return
      open = false
      try {
        await database.close()
      } finally {
        await lease.release()
      }
    },
  }
}

/** 32 random bytes, made once with the store and then kept; beside them the time it was made, in milliseconds. */
function pseudonymKeyIn(database: PostgresDatabase, now: () => number): Promise<Uint8Array> {
  return database.transaction(async (query) => {
    const keep = 'INSERT INTO meta (name, value) VALUES ($1, $2) ON CONFLICT DO NOTHING'
    await query(keep, 'pseudonym-key', randomBytes(32))
    await query(keep, 'made-at', bytes(String(now())))
    const [row = {}] = await query(`SELECT value FROM meta WHERE name = 'pseudonym-key'`)
    return bytesOf(row, 'value')
  })
}
