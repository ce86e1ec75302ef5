/** Work that pods share out, in PostgreSQL: an item is one row, claimed by writing the holder into it. */

import type { Clock } from '../lib/clock.ts'
import type { Phase, SharedKeys, Work } from '../work/work.ts'
import type { PostgresDatabase } from './postgres-database.ts'
import { succeedTheDead } from './postgres-holders.ts'
import { bytesKey, chunks, flagOf, integerOf, type Query, textOf } from './postgres-values.ts'
import { optionally } from './stored-row.ts'

/** Pauses between two looks at what others do: work is seldom done within a second, and a look costs next to nothing. */
const FIRST_PAUSE_MS = 100
const LONGEST_PAUSE_MS = 1_500

/** What pods do with the store beside the work itself. */
export interface PodParts {
  readonly db: PostgresDatabase
  /** This pod's opening of the store. */
  readonly opening: string
  readonly sleep: Clock['sleep']
}

/** The work that pods share out in this store. */
export function workIn(parts: PodParts): Work {
  const { db, opening } = parts
  return {
    shared: true,
    async begin(phase, items) {
      await locking(db, async (query) => {
        await query(`INSERT INTO work (phase, position, item) VALUES ($1, 0, '') ON CONFLICT DO NOTHING`, phase)
        // Whoever closes the phase waits for those who enter it, and the other way round.
        await query('SELECT 1 FROM work WHERE phase = $1 AND position = 0 FOR UPDATE', phase)
        const [begun] = await query('SELECT 1 FROM work WHERE phase = $1 AND position > 0 LIMIT 1', phase)
        if (begun === undefined) await insertItems(query, phase, items)
        await query('UPDATE holder SET phase = $2 WHERE id = $1', opening, phase)
      })
      return new PostgresPhase(parts, phase)
    },
    complete: () => locking(db, async (query) => void (await query('UPDATE job SET completed_at = clock_timestamp()'))),
  }
}

async function insertItems(query: Query, phase: string, items: readonly string[]): Promise<void> {
  let first = 1
  for (const chunk of chunks(items)) {
    await query(
      'INSERT INTO work (phase, position, item) SELECT $1, $2 + n - 1, item FROM unnest($3::text[]) WITH ORDINALITY AS given (item, n)',
      phase,
      first,
      chunk,
    )
    first += chunk.length
  }
}

/** Nothing here decides on what it read without a lock: waiting for others is better than meeting conflicts. */
function locking<T>(db: PostgresDatabase, work: (query: Query) => Promise<T>): Promise<T> {
  return db.transaction(work, 'read-committed')
}

const IS_CLOSED = '(SELECT done FROM work AS phase WHERE phase.phase = $1 AND phase.position = 0)'

class PostgresPhase implements Phase {
  readonly #parts: PodParts
  readonly #phase: string

  constructor(parts: PodParts, phase: string) {
    this.#parts = parts
    this.#phase = phase
  }

  async take(): Promise<string | undefined> {
    const [row] = await this.#locking((query) =>
      query(
        `UPDATE work SET holder = $2 WHERE phase = $1 AND position =
          (SELECT position FROM work WHERE phase = $1 AND position > 0 AND holder IS NULL AND NOT done
            AND NOT ${IS_CLOSED} ORDER BY position LIMIT 1 FOR UPDATE SKIP LOCKED) RETURNING item`,
        this.#phase,
        this.#parts.opening,
      ),
    )
    return row === undefined ? undefined : textOf(row, 'item')
  }

  async done(results: ReadonlyMap<string, unknown>): Promise<void> {
    await this.#locking(async (query) => {
      for (const chunk of chunks([...results])) {
        await query(
          `UPDATE work SET done = true, result = given.result FROM unnest($3::text[], $4::text[]) AS given (item, result)
            WHERE work.phase = $1 AND work.item = given.item AND work.holder = $2`,
          this.#phase,
          this.#parts.opening,
          chunk.map(([item]) => item),
          chunk.map(([, result]) => JSON.stringify(result ?? null)),
        )
      }
    })
  }

  async release(): Promise<void> {
    await this.#locking((query) => this.#giveBack(query))
  }

  async giveUp(signal: AbortSignal): Promise<void> {
    await this.#locking(async (query) => {
      await this.#giveBack(query)
      await query('UPDATE holder SET phase = NULL WHERE id = $1', this.#parts.opening)
    })
    await this.#until(signal, () =>
      this.#locking(async (query) => {
        await succeedTheDead(query, this.#parts.opening)
        const rows = await query(
          `UPDATE work SET done = true WHERE phase = $1 AND position = 0
            AND NOT EXISTS (SELECT 1 FROM holder WHERE holder.phase = $1) RETURNING 1`,
          this.#phase,
        )
        return rows.length > 0 ? true : undefined
      }),
    )
  }

  async results(): Promise<ReadonlyMap<string, unknown>> {
    const rows = await this.#parts.db.query(
      'SELECT item, result FROM work WHERE phase = $1 AND position > 0 AND done ORDER BY position',
      this.#phase,
    )
    return new Map(rows.map((row) => [textOf(row, 'item'), JSON.parse(optionally(textOf, row, 'result') ?? 'null')]))
  }

  async wait(signal: AbortSignal): Promise<'free' | 'over'> {
    return this.#until(signal, async () => (await this.#look()) ?? (await this.#lookAgain()))
  }

  async #look(): Promise<'free' | 'over' | undefined> {
    const [row = {}] = await this.#parts.db.query(
      `SELECT ${IS_CLOSED} OR NOT EXISTS
          (SELECT 1 FROM work WHERE phase = $1 AND position > 0 AND NOT done) AS over,
        EXISTS (SELECT 1 FROM work WHERE phase = $1 AND position > 0 AND holder IS NULL AND NOT done) AS free`,
      this.#phase,
    )
    if (flagOf(row, 'over')) return 'over'
    return flagOf(row, 'free') ? 'free' : undefined
  }

  async #lookAgain(): Promise<'free' | 'over' | undefined> {
    await this.#locking((query) => succeedTheDead(query, this.#parts.opening))
    return this.#look()
  }

  async #giveBack(query: Query): Promise<void> {
    await query(
      'UPDATE work SET holder = NULL WHERE phase = $1 AND holder = $2 AND NOT done',
      this.#phase,
      this.#parts.opening,
    )
  }

  #until<T>(signal: AbortSignal, look: () => Promise<T | undefined>): Promise<T> {
    return untilThere(look, this.#parts.sleep, signal)
  }

  #locking<T>(work: (query: Query) => Promise<T>): Promise<T> {
    return locking(this.#parts.db, work)
  }
}

/** Looks again and again, ever less often, until there is an answer. Rejects with the signal's reason. */
async function untilThere<T>(
  look: () => Promise<T | undefined>,
  sleep: Clock['sleep'],
  signal: AbortSignal,
): Promise<T> {
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS)) {
    signal.throwIfAborted()
    const found = await look()
    if (found !== undefined) return found
    await sleep(pauseMs, signal)
  }
}

/** The keys that pods hold in this store. */
export function keysIn({ db, opening }: PodParts): SharedKeys {
  return {
    async mark() {
      const [row = {}] = await db.query(`SELECT nextval('key_release') AS mark`)
      return integerOf(row, 'mark')
    },
    take: (keys) =>
      locking(db, async (query) => {
        // Rows are locked in order, so that two pods that want some of the same never wait for each other crosswise.
        const wanted = [...new Map(keys.map((key) => [bytesKey(key), key])).entries()]
          .sort(([a], [b]) => (a < b ? -1 : 1))
          .map(([, key]) => key)
        await query(
          `INSERT INTO held_key (key, released) SELECT key, 0 FROM unnest($1::bytea[]) AS wanted (key) ORDER BY key
            ON CONFLICT DO NOTHING`,
          wanted,
        )
        const rows = await query(
          'SELECT holder, released FROM held_key WHERE key = ANY ($1::bytea[]) ORDER BY key FOR UPDATE',
          wanted,
        )
        if (rows.some(({ holder }) => holder !== null && holder !== opening)) {
          await succeedTheDead(query, opening)
          return undefined
        }
        await query('UPDATE held_key SET holder = $1 WHERE key = ANY ($2::bytea[])', opening, wanted)
        return { released: Math.max(0, ...rows.map((row) => integerOf(row, 'released'))) }
      }),
    release: (keys) =>
      locking(db, async (query) => {
        // The number is drawn when all writing is done: whoever read since then has read what was written.
        await query(
          `UPDATE held_key SET holder = NULL, released = number.released
            FROM (SELECT nextval('key_release') AS released) AS number WHERE key = ANY ($1::bytea[]) AND holder = $2`,
          [...keys],
          opening,
        )
      }),
  }
}
