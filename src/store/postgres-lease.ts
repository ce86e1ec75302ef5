/** The lease of a store in PostgreSQL: a lock of a session, and a time that is renewed: whoever lets it pass sends nothing more. */

import { createHash } from 'node:crypto'
import type { PostgresConnection } from './postgres-connection.ts'
import { held, LEASE_LOST, LEASE_PASSED } from './postgres-failure.ts'
import { flagOf, integerOf } from './postgres-values.ts'

export interface PostgresLease {
  /** Names this opening of the store in all its tables. */
  readonly opening: string
  /** Aborted when the lease is gone: from then on others may hold the store. */
  readonly lost: AbortSignal
  /** Throws `lease-held` from the moment at which others may hold the store: for the last look before something is sent. */
  check(): void
  /** Ends it; says goodbye before the connection is closed, unless the lease is gone. */
  release(goodbye: () => Promise<void>): Promise<void>
}

/** How long a lease is good without being renewed, and who shares it. */
export interface LeaseWishes {
  /** The pods of one job hold the store together; without a job one process has it alone. */
  readonly job?: string
  readonly leaseMs: number
  /** How long after the end of the lease something that was sent before may still be at work at its target. */
  readonly afterMs: number
  /** Milliseconds on a clock that never jumps. */
  readonly monotonic: () => number
}

/** First half of all advisory locks of ours: other programs may use the same database. */
const OURS = 0x64_64_63_76

/** What is locked: the run that owns a store, the job whose pods share it, the change of a schema, the joining of a pod. */
type Lock = 'run' | 'migration' | 'joining' | `job ${string}`

/** A lease is renewed this many times while it is good: one answer may be late. */
const RENEWALS = 4

/**
 * Takes the locks of the store in `schema` on this connection, or throws `lease-held` at once. `PostgresFailure` where
 * they cannot be tried. The connection must be a session of its own: a pooler that hands out a server connection for each
 * transaction (PgBouncer: `pool_mode = transaction`) would give the lock to anybody.
 *
 * A process that dies takes its connection with it, and with that the lock. But Dataverse checks no lock: what was sent
 * by then may still be at work. Therefore the time of the lease is kept as well (`postgres-holders.ts`).
 */
export async function takeLocks(
  connection: PostgresConnection,
  schema: string,
  place: string,
  job: string | undefined,
): Promise<void> {
  if (job === undefined) {
    if (!(await tryLock(connection, 'pg_try_advisory_lock', 'run', schema)))
      throw held(place, 'another run that holds it')
    return
  }
  if (!(await tryLock(connection, 'pg_try_advisory_lock_shared', 'run', schema)))
    throw held(place, 'another run that holds it alone')
  await tryLock(connection, 'pg_try_advisory_lock_shared', `job ${job}`, schema)
  const { sharing, ours } = await podsAlive(connection, schema, job)
  if (sharing > ours) throw held(place, 'pods of another job that share it')
}

/** Sessions that share the store now, and those of them that are pods of the job. */
export async function podsAlive(
  { query }: PostgresConnection,
  schema: string,
  job: string,
): Promise<{ readonly sharing: number; readonly ours: number }> {
  const count = (n: number) => `count(*) FILTER (WHERE objid = $${n}::int::oid)`
  const [row = {}] = await query(
    `SELECT ${count(2)} AS sharing, ${count(3)} AS ours FROM pg_locks
      WHERE locktype = 'advisory' AND granted AND objsubid = 2 AND classid = $1::int::oid
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
    OURS,
    lockKey('run', schema)[1],
    lockKey(`job ${job}`, schema)[1],
  )
  return { sharing: integerOf(row, 'sharing'), ours: integerOf(row, 'ours') }
}

async function tryLock({ query }: PostgresConnection, by: string, lock: Lock, schema: string): Promise<boolean> {
  const [first, second] = lockKey(lock, schema)
  const [row = {}] = await query(`SELECT ${by}($1::int, $2::int) AS taken`, first, second)
  return flagOf(row, 'taken')
}

/** The two halves of the lock's key; equal schemas have equal keys, in whichever process. */
export function lockKey(lock: Lock, schema: string): readonly [number, number] {
  const digest = createHash('sha256').update(`${lock}/${schema}`).digest()
  return [OURS, digest.readInt32BE()]
}

/** Does something that pods which join must do one after the other. */
export async function whileNobodyJoins<T>(
  { query }: PostgresConnection,
  schema: string,
  work: () => Promise<T>,
): Promise<T> {
  const [first, second] = lockKey('joining', schema)
  await query('SELECT pg_advisory_lock($1::int, $2::int)', first, second)
  try {
    return await work()
  } finally {
    await query('SELECT pg_advisory_unlock($1::int, $2::int)', first, second).catch(() => {})
  }
}

/**
 * Keeps the lease of an opening that holds the locks: tells the database again and again that it lives, and counts from
 * the moment at which that was sent, so that the database never believes it dead while it believes itself alive. The
 * first time counts from `beganMs`.
 */
export function keepLease(
  connection: PostgresConnection,
  place: string,
  opening: string,
  { leaseMs, monotonic }: LeaseWishes,
  beganMs: number,
): PostgresLease {
  const lost = new AbortController()
  let validUntilMs = beganMs + leaseMs
  let asking = false
  const lose = () => {
    clearInterval(timer)
    lost.abort()
    connection.break()
  }
  const renew = async () => {
    const sentMs = monotonic()
    if (sentMs > validUntilMs) return lose()
    if (asking) return
    asking = true
    const rows = await connection.query(RENEW, opening).catch(() => [])
    asking = false
    // An answer that comes after the end came too late, whatever it says: somebody may have been told that it is over.
    if (rows.length === 0 || monotonic() > validUntilMs) return lose()
    validUntilMs = sentMs + leaseMs
  }
  const timer = setInterval(() => void renew(), leaseMs / RENEWALS)
  timer.unref()
  connection.gone.addEventListener('abort', lose, { once: true })
  return {
    opening,
    lost: lost.signal,
    check() {
      if (!lost.signal.aborted && monotonic() <= validUntilMs) return
      const found = lost.signal.aborted ? LEASE_LOST : LEASE_PASSED
      lose()
      throw held(place, found)
    },
    async release(goodbye) {
      clearInterval(timer)
      connection.gone.removeEventListener('abort', lose)
      // Whoever believes itself dead leaves no word: others count on its time.
      if (!lost.signal.aborted && monotonic() <= validUntilMs) await goodbye().catch(() => {})
      await connection.close()
      lost.abort()
    },
  }
}

/** Whoever was succeeded has no opening any more, and lives in vain. */
const RENEW = `UPDATE holder SET seen_at = clock_timestamp()
  WHERE id = $1 AND EXISTS (SELECT 1 FROM opening WHERE opening.id = holder.id) RETURNING id`
