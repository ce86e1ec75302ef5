/** The lease of a store in PostgreSQL: a lock of a session that lives exactly as long as its connection. */

import { createHash } from 'node:crypto'
import type { PostgresConnection } from './postgres-connection.ts'
import { held } from './postgres-failure.ts'
import { flagOf } from './postgres-values.ts'

export interface PostgresLease {
  /** Aborted when the connection is gone: from then on another run may hold the store. */
  readonly lost: AbortSignal
  release(): Promise<void>
}

/** First half of all advisory locks of ours: other programs may use the same database. */
const OURS = 0x64_64_63_76

/** What is locked: the run that owns a store, or the change of a schema. Claims of shards can stand beside them. */
type Lock = 'run' | 'migration'

/** How often the connection is tried, and how long it may take to answer. */
const WATCH_MS = 10_000

/**
 * Takes the lease of the store in `schema` on this connection, or throws `lease-held` at once. `PostgresFailure` where
 * it cannot be tried. The connection must be a session of its own: a pooler that hands out a server connection for each
 * transaction (PgBouncer: `pool_mode = transaction`) would give the lock to anybody.
 *
 * A process that dies takes its connection with it, and with that the lock; a machine that vanishes is found out by the
 * server's keepalives. On this side a connection that breaks, or does not answer, is a lease that is lost.
 */
export async function takePostgresLease(
  connection: PostgresConnection,
  schema: string,
  place: string,
): Promise<PostgresLease> {
  const [first, second] = lockKey('run', schema)
  const [row = {}] = await connection.query('SELECT pg_try_advisory_lock($1::int, $2::int) AS taken', first, second)
  if (!flagOf(row, 'taken')) throw held(place, 'another run that holds it')
  const watch = setInterval(() => void isThere(connection), WATCH_MS)
  watch.unref()
  connection.gone.addEventListener('abort', () => clearInterval(watch), { once: true })
  return {
    lost: connection.gone,
    async release() {
      clearInterval(watch)
      await connection.close()
    },
  }
}

/** Takes the right to write away from every run before this one, such as one that was paused; holds the lease. */
export async function succeed(connection: PostgresConnection): Promise<void> {
  await connection.query('DELETE FROM opening')
}

/** The two halves of the lock's key; equal schemas have equal keys, in whichever process. */
export function lockKey(lock: Lock, schema: string): readonly [number, number] {
  const digest = createHash('sha256').update(`${lock}/${schema}`).digest()
  return [OURS, digest.readInt32BE()]
}

async function isThere(connection: PostgresConnection): Promise<void> {
  const impatience = setTimeout(() => connection.break(), WATCH_MS)
  await connection.query('SELECT 1').catch(() => connection.break())
  clearTimeout(impatience)
}
