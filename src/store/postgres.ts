/** The store in PostgreSQL: a schema of its own, one connection for the work and one for the lease. */

import { randomUUID } from 'node:crypto'
import { type Clock, systemClock } from '../lib/clock.ts'
import type { SharedKeys, Work } from '../work/work.ts'
import { connectPostgres, type PostgresAddress, type PostgresConnection, placeOf } from './postgres-connection.ts'
import { type PostgresDatabase, postgresDatabase } from './postgres-database.ts'
import { held, LEASE_LOST, PostgresFailure, translated } from './postgres-failure.ts'
import { joinAlone, joinPods, leaveStore, msUntilQuiet } from './postgres-holders.ts'
import {
  keepLease,
  type LeaseWishes,
  type PostgresLease,
  podsAlive,
  takeLocks,
  whileNobodyJoins,
} from './postgres-lease.ts'
import { migratePostgres } from './postgres-migrations.ts'
import { tablesOf } from './postgres-tables.ts'
import { keysIn, workIn } from './postgres-work.ts'
import type { Store } from './store.ts'

/** How a store is to be held. */
export interface StoreWishes {
  /** Shares the store with the other pods of this job; without it this process has the store alone. */
  readonly job?: string
  /** How long the lease is good without being renewed; default 30,000. */
  readonly leaseMs?: number
  /** The longest time that one request to Dataverse may take; default 180,000. */
  readonly requestMs?: number
}

/** The store, and when it was lost. */
export interface PostgresStore extends Store {
  /**
   * Aborted with a `lease-held` when the lease is gone before `close`: whoever sends anything stops. From then on
   * every method throws the same, whatever it would do.
   */
  readonly leaseLost: AbortSignal
  /** Throws `lease-held` from the moment at which others may have the store: asked right before anything is sent. */
  checkLease(): void
  /**
   * Resolves once nothing can be under way any more of a process that held the store before and ended without a word:
   * Dataverse checks no lease. `tell` hears how many milliseconds are waited. Rejects with the signal's reason.
   */
  quiet(signal: AbortSignal, tell: (waitMs: number) => void): Promise<void>
  /** What the pods of the job share out; absent where this process has the store alone. `late`: all of it is done. */
  readonly pods?: { readonly work: Work; readonly keys: SharedKeys; readonly late: boolean }
}

/**
 * Opens the store at `address`, making schema and tables where they are missing, and holds its lease until `close`: alone,
 * or together with the pods of its job. Throws `lease-held` (others have it) or `store-unusable`.
 */
export async function openPostgresStore(
  address: PostgresAddress,
  clock: Pick<Clock, 'now'> & Partial<Clock>,
  { job, leaseMs = 30_000, requestMs = 180_000 }: StoreWishes = {},
): Promise<PostgresStore> {
  const place = placeOf(address)
  const complete = { ...systemClock, ...clock }
  const wishes = { leaseMs, afterMs: requestMs, monotonic: complete.monotonic, ...(job !== undefined && { job }) }
  const { lease, connection, late } = await openLease(address, place, wishes)
  const goodbye = () => leaveStore(connection, lease.opening)
  const { opening } = lease
  const db = postgresDatabase({ opening, connect: () => connectPostgres(address), place, leaseLost: lease.lost })
  try {
    return await storeIn({ db, lease, goodbye, place, clock: complete, job, late })
  } catch (error) {
    await db.close()
    await lease.release(goodbye)
    throw error
  }
}

interface HeldConnection {
  readonly connection: PostgresConnection
  readonly lease: PostgresLease
  /** This pod comes to a job that is done. */
  readonly late: boolean
}

/** The lease comes first: only who holds it brings the schema up to date and takes over from those before. */
async function openLease(address: PostgresAddress, place: string, wishes: LeaseWishes): Promise<HeldConnection> {
  const { schema } = address
  const { job, monotonic } = wishes
  const opening = randomUUID()
  let connection: PostgresConnection | undefined
  try {
    const held = await connectPostgres(address)
    connection = held
    const kept = (beganMs: number) => keepLease(held, place, opening, wishes, beganMs)
    if (job === undefined) {
      await takeLocks(held, schema, place, undefined)
      await migratePostgres(held, schema, place)
      const beganMs = monotonic()
      await joinAlone(held, opening, wishes)
      return { connection: held, lease: kept(beganMs), late: false }
    }
    return await whileNobodyJoins(held, schema, async () => {
      await takeLocks(held, schema, place, job)
      await migratePostgres(held, schema, place)
      const { ours } = await podsAlive(held, schema, job)
      const beganMs = monotonic()
      const { late } = await joinPods(held, opening, { ...wishes, job }, ours > 1)
      return { connection: held, lease: kept(beganMs), late }
    })
  } catch (error) {
    await connection?.close()
    throw error instanceof PostgresFailure ? translated(error, place) : error
  }
}

interface StoreParts {
  readonly db: PostgresDatabase
  readonly lease: PostgresLease
  readonly goodbye: () => Promise<void>
  readonly place: string
  readonly clock: Clock
  readonly job: string | undefined
  readonly late: boolean
}

async function storeIn({ db, lease, goodbye, place, clock, job, late }: StoreParts): Promise<PostgresStore> {
  let open = true
  const leaseLost = new AbortController()
  lease.lost.addEventListener('abort', () => {
    if (open) leaseLost.abort(held(place, LEASE_LOST))
  })
  const parts = { db, opening: lease.opening, sleep: clock.sleep }
  return {
    leaseLost: leaseLost.signal,
    checkLease: lease.check,
    async quiet(signal, tell) {
      for (;;) {
        const waitMs = await msUntilQuiet(db.query, lease.opening, job)
        if (waitMs === 0) return
        tell(waitMs)
        await clock.sleep(waitMs, signal)
      }
    },
    ...(job !== undefined && { pods: { work: workIn(parts), keys: keysIn(parts), late } }),
    ...(await tablesOf(db, clock.now, job !== undefined)),
    async close() {
      if (!open) return
      open = false
      try {
        await db.close()
      } finally {
        await lease.release(goodbye)
      }
    },
  }
}
