/** The inbox as a table of the store in PostgreSQL, on a connection of its own and without the store's lease. */

import { setTimeout } from 'node:timers/promises'
import type { Clock } from '../lib/clock.ts'
import { groupCommit } from '../lib/group-commit.ts'
import type { ReceivingInbox, TouchedRow } from '../reverse/inbox.ts'
import { openPostgresStore } from './postgres.ts'
import { connectPostgres, type PostgresAddress, type PostgresConnection, placeOf } from './postgres-connection.ts'
import { PostgresFailure, translated, unusable } from './postgres-failure.ts'
import { chunks, flagOf, integerOf, lastOfEach, type Query, textOf } from './postgres-values.ts'

/**
 * A sender at Dataverse waits for a minute, and tries again only where it is refused before: an event must not wait for
 * a database that is away, not even behind another one.
 */
const PATIENCE_MS = 10_000
const FIRST_PAUSE_MS = 50
const LONGEST_PAUSE_MS = 800

/**
 * Opens the inbox of the store at `address`, beside whatever run holds that store. Where the store is missing or older
 * than the inbox it is made or brought up to date first, which alone takes its lease.
 * @throws CodedError `store-unusable`, `lease-held`
 */
export async function openPostgresInbox(
  address: PostgresAddress,
  clock: Pick<Clock, 'now'>,
  patienceMs = PATIENCE_MS,
): Promise<ReceivingInbox> {
  const way = new Way(address, patienceMs)
  try {
    const [row = {}] = await way.asked((query) => query(`SELECT to_regclass('inbox') IS NOT NULL AS there`))
    if (!flagOf(row, 'there')) {
      const store = await openPostgresStore(address, clock)
      await store.close()
    }
    return inboxOver(way)
  } catch (error) {
    await way.close()
    throw error
  }
}

function inboxOver(way: Way): ReceivingInbox {
  return {
    add: groupCommit<TouchedRow>(async (rows) => {
      const once = lastOfEach(rows, keyOf)
      // In one order, so that two receivers never wait for each other's rows.
      once.sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1))
      for (const chunk of chunks(once)) await way.asked((query) => put(query, chunk))
    }),
    async take(limit) {
      const rows = await way.asked((query) =>
        query('SELECT table_name, row_id, mark FROM inbox ORDER BY mark LIMIT $1', limit),
      )
      return rows.map((row) => ({
        table: textOf(row, 'table_name'),
        rowId: textOf(row, 'row_id'),
        mark: integerOf(row, 'mark'),
      }))
    },
    async remove(taken) {
      for (const chunk of chunks(taken)) {
        const marks = chunk.map(({ mark }) => mark)
        await way.asked((query) => query('DELETE FROM inbox WHERE mark = ANY($1::bigint[])', marks))
      }
    },
    async count() {
      const [row = {}] = await way.asked((query) => query('SELECT count(*) AS n FROM inbox'))
      return integerOf(row, 'n')
    },
    // A server that only reads gives no mark.
    check: async () => void (await way.asked((query) => query(`SELECT nextval('inbox_mark')`))),
    close: () => way.close(),
  }
}

function keyOf({ table, rowId }: TouchedRow): string {
  return `${table} ${rowId}`
}

/** A sequence, so that no mark ever comes again. */
function put(query: Query, rows: readonly TouchedRow[]): ReturnType<Query> {
  return query(
    `INSERT INTO inbox (table_name, row_id, mark)
      SELECT table_name, row_id, nextval('inbox_mark') FROM unnest($1::text[], $2::uuid[]) AS touched (table_name, row_id)
      ON CONFLICT (table_name, row_id) DO UPDATE SET mark = excluded.mark`,
    rows.map(({ table }) => table),
    rows.map(({ rowId }) => rowId),
  )
}

/** A connection that is made anew where it was lost. Each statement is a commit of its own, and may be done twice. */
class Way {
  readonly #address: PostgresAddress
  readonly #patienceMs: number
  #connection: Promise<PostgresConnection> | undefined
  #closed = false

  constructor(address: PostgresAddress, patienceMs: number) {
    this.#address = address
    this.#patienceMs = patienceMs
  }

  async asked<T>(work: (query: Query) => Promise<T>): Promise<T> {
    const place = placeOf(this.#address)
    const untilMs = performance.now() + this.#patienceMs
    for (let attempt = 1; ; attempt++) {
      if (this.#closed) throw unusable(place, 'an inbox that has been closed')
      try {
        return await answeredBy(await this.#connected(), untilMs, work)
      } catch (error) {
        if (!(error instanceof PostgresFailure)) throw error
        if (error.lost) await this.#breakOff()
        const mayPass = error.lost || error.conflict
        if (!mayPass || performance.now() >= untilMs) throw translated(error, place)
      }
      await setTimeout(Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (attempt - 1)))
    }
  }

  async close(): Promise<void> {
    this.#closed = true
    const connection = await this.#connection?.catch(() => undefined)
    this.#connection = undefined
    await connection?.close()
  }

  async #connected(): Promise<PostgresConnection> {
    const made = await this.#connection?.catch(() => undefined)
    if (made !== undefined && !made.gone.aborted) return made
    this.#connection = connectPostgres(this.#address)
    return this.#connection
  }

  async #breakOff(): Promise<void> {
    const lost = this.#connection
    this.#connection = undefined
    const connection = await lost?.catch(() => undefined)
    connection?.break()
  }
}

/** A server that is silent for too long is left: the connection breaks off, and the statement fails as one that was lost. */
async function answeredBy<T>(
  connection: PostgresConnection,
  untilMs: number,
  work: (query: Query) => Promise<T>,
): Promise<T> {
  const over = new AbortController()
  void setTimeout(Math.max(0, untilMs - performance.now()), undefined, { signal: over.signal }).then(
    () => connection.break(),
    () => {},
  )
  try {
    return await work(connection.query)
  } finally {
    over.abort()
  }
}
