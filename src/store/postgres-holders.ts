/** Who holds a store in PostgreSQL, by name and time: processes, the work they took, and when the dead have surely ended. */

import type { PostgresConnection } from './postgres-connection.ts'
import type { LeaseWishes } from './postgres-lease.ts'
import { bytes, flagOf, integerOf, type Query, textOf } from './postgres-values.ts'

/** A job that was completed keeps its late pods idle for this long; afterwards the same name means a new job. */
const COMPLETE_HOURS = 1

/** `seen_at`, and from then on the time in which a holder may still believe in its lease and have a request under way. */
const SURELY_OVER = `seen_at + patience_ms * interval '1 millisecond'`

type Joining = Pick<LeaseWishes, 'job' | 'leaseMs' | 'afterMs'>

/**
 * Makes the opening of the one process that holds the store alone. Every process before it loses the right to write; those
 * that ended without a word are remembered until their time is over. What pods shared out is begun anew some day.
 */
export async function joinAlone(connection: PostgresConnection, opening: string, wishes: Joining): Promise<void> {
  await atOnce(connection, async (query) => {
    await query('DELETE FROM opening')
    await query('DELETE FROM work')
    await query('DELETE FROM job')
    await insertHolder(query, opening, wishes)
  })
}

/**
 * Makes the opening of a pod. `alive` is whether other pods of the job live; if none does, whatever is left of the job is
 * begun anew, unless it was completed: then this pod comes late. Answers whether it did.
 */
export async function joinPods(
  connection: PostgresConnection,
  opening: string,
  wishes: Joining & { readonly job: string },
  alive: boolean,
): Promise<{ readonly late: boolean }> {
  return atOnce(connection, async (query) => {
    const [known] = await query(
      `SELECT name, completed_at > clock_timestamp() - interval '${COMPLETE_HOURS} hour' AS complete FROM job`,
    )
    const same = known !== undefined && textOf(known, 'name') === wishes.job
    const late = same && known['complete'] !== null && flagOf(known, 'complete')
    if (alive)
      await query('DELETE FROM opening WHERE id NOT IN (SELECT id FROM holder WHERE job = $1)', bytes(wishes.job))
    else await query('DELETE FROM opening')
    if (!same || (!alive && !late)) {
      await query('DELETE FROM work')
      await query('DELETE FROM held_key WHERE holder IS NULL')
      await query('DELETE FROM job')
      await query('INSERT INTO job (name) VALUES ($1)', bytes(wishes.job))
    }
    await insertHolder(query, opening, wishes)
    return { late }
  })
}

async function insertHolder(query: Query, opening: string, { job, leaseMs, afterMs }: Joining): Promise<void> {
  await query('INSERT INTO opening (id, transaction) VALUES ($1, 0)', opening)
  await query(
    'INSERT INTO holder (id, job, seen_at, patience_ms) VALUES ($1, $2, clock_timestamp(), $3)',
    opening,
    job === undefined ? null : bytes(job),
    leaseMs + afterMs,
  )
}

/** All or nothing, on a connection that does one thing at a time. */
async function atOnce<T>({ query, script }: PostgresConnection, work: (query: Query) => Promise<T>): Promise<T> {
  await script('BEGIN')
  try {
    const result = await work(query)
    await script('COMMIT')
    return result
  } catch (error) {
    await script('ROLLBACK').catch(() => {})
    throw error
  }
}

/**
 * Ends an opening in order: nobody need wait for it. Keys that it still holds are those of work that failed with a request
 * under way, perhaps: they fall with the time of a holder that ended without a word.
 */
export async function leaveStore(connection: PostgresConnection, opening: string): Promise<void> {
  await atOnce(connection, async (query) => {
    await query('DELETE FROM opening WHERE id = $1', opening)
    await query('UPDATE work SET holder = NULL WHERE holder = $1 AND NOT done', opening)
    await query(
      'DELETE FROM holder WHERE id = $1 AND NOT EXISTS (SELECT 1 FROM held_key WHERE held_key.holder = $1)',
      opening,
    )
  })
}

/**
 * Milliseconds until nothing can be under way any more of those who held the store before: for a process alone all who
 * ended without a word, for a pod those that were alone (what pods had in hand is held by its keys). 0 where all is over.
 */
export async function msUntilQuiet(query: Query, opening: string, job: string | undefined): Promise<number> {
  const [row = {}] = await query(
    `SELECT coalesce(ceil(extract(epoch FROM max(${SURELY_OVER}) - clock_timestamp()) * 1000), 0)::bigint AS ms
      FROM holder WHERE id <> $1 AND ($2 OR job IS NULL)`,
    opening,
    job === undefined,
  )
  return Math.max(0, integerOf(row, 'ms'))
}

/**
 * Takes everything away from holders whose time is over: their openings, so that they can neither write nor renew, the
 * items they had not done, the keys they held. One with a transaction still open is left for the next time. Part of the
 * caller's transaction.
 */
export async function succeedTheDead(query: Query, opening: string): Promise<void> {
  const dead = await query(
    `SELECT id FROM holder WHERE id <> $1 AND ${SURELY_OVER} < clock_timestamp() FOR UPDATE SKIP LOCKED`,
    opening,
  )
  if (dead.length === 0) return
  const ids = dead.map((row) => textOf(row, 'id'))
  const open = await query('SELECT id FROM opening WHERE id = ANY ($1::uuid[])', ids)
  const free = await query('SELECT id FROM opening WHERE id = ANY ($1::uuid[]) FOR UPDATE SKIP LOCKED', ids)
  const busy = new Set(open.map((row) => textOf(row, 'id')))
  for (const row of free) busy.delete(textOf(row, 'id'))
  const over = ids.filter((id) => !busy.has(id))
  await query('DELETE FROM opening WHERE id = ANY ($1::uuid[])', over)
  await query('UPDATE work SET holder = NULL WHERE holder = ANY ($1::uuid[]) AND NOT done', over)
  await query(
    `UPDATE held_key SET holder = NULL, released = nextval('key_release') WHERE holder = ANY ($1::uuid[])`,
    over,
  )
  await query('DELETE FROM holder WHERE id = ANY ($1::uuid[])', over)
}
