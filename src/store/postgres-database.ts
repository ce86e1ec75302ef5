/** Transactions on PostgreSQL that end well or not at all: conflicts are tried again, a lost commit is looked up. */

import { setTimeout } from 'node:timers/promises'
import type { CodedError } from '../lib/errors.ts'
import type { PostgresConnection } from './postgres-connection.ts'
import { held, LEASE_LOST, PostgresFailure, translated, unusable } from './postgres-failure.ts'
import { integerOf, type Query, type SqlParameter } from './postgres-values.ts'
import type { Row } from './stored-row.ts'

/** The store's way to its tables; every member throws `store-unusable`, `lease-held` or `defect`. */
export interface PostgresDatabase {
  /** Runs one statement that only reads; it is asked again where the connection was lost. */
  readonly query: Query
  /**
   * All or nothing: whatever `work` throws rolls everything back and is thrown on. `work` runs again after a conflict
   * or a lost connection, so it does nothing but ask `query` and compute. Transactions do not nest; they take turns.
   */
  transaction<T>(work: (query: Query) => Promise<T>, isolation?: Isolation): Promise<T>
  close(): Promise<void>
}

/**
 * `repeatable-read`: what was read stays true until the commit, and a row that another session changed meanwhile is a
 * conflict instead of a lost update. `read-committed`: for work that locks what it changes before it reads it, and then
 * waits for others instead of meeting conflicts.
 */
export type Isolation = 'repeatable-read' | 'read-committed'

export interface DatabaseParts {
  /** Names this opening of the store; its row in `opening` is there. */
  readonly opening: string
  readonly connect: () => Promise<PostgresConnection>
  /** Names the store in complaints. */
  readonly place: string
  /** Aborted when another run may have taken over: nothing is read or written any more. */
  readonly leaseLost: AbortSignal
}

const MOST_ATTEMPTS = 6
/** Where many pods write the same rows, each conflict is another pod's success. */
const MOST_CONFLICTS = 30
/** Doubles with each attempt: conflicts pass within milliseconds, a lost connection is made anew within seconds. */
const FIRST_PAUSE_MS = 50
const LONGEST_PAUSE_MS = 1_600

/**
 * A row of its own tells what this opening of the store committed last. Each transaction raises its number first, so
 * that the number is there if and only if the transaction was committed, and that its row stays locked for as long as a
 * transaction whose connection was lost is still under way. Whoever succeeds this opening removes the row
 * (`postgres-holders.ts`), and with it the right to write.
 */
export function postgresDatabase(parts: DatabaseParts): PostgresDatabase {
  return new Database(parts)
}

class Database implements PostgresDatabase {
  readonly #parts: DatabaseParts
  readonly #opening: string
  #connection: PostgresConnection | undefined
  #transactions = 0
  #closed = false
  /** Settles when the statement or transaction asked for last has ended. */
  #lastTurn: Promise<unknown> = Promise.resolve()

  constructor(parts: DatabaseParts) {
    this.#parts = parts
    this.#opening = parts.opening
  }

  query = (sql: string, ...parameters: SqlParameter[]): Promise<Row[]> =>
    this.#inTurn(() => this.#reading(sql, parameters))

  transaction<T>(work: (query: Query) => Promise<T>, isolation: Isolation = 'repeatable-read'): Promise<T> {
    return this.#inTurn(() => this.#untilItPasses((connection) => this.#attempt(connection, work, isolation)))
  }

  close(): Promise<void> {
    return this.#inTurn(async () => {
      this.#closed = true
      await this.#connection?.close()
    })
  }

  #reading(sql: string, parameters: readonly SqlParameter[]): Promise<Row[]> {
    return this.#untilItPasses((connection) => connection.query(sql, ...parameters))
  }

  async #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#lastTurn.then(work)
    this.#lastTurn = turn.catch(() => {})
    return turn
  }

  async #untilItPasses<T>(work: (connection: PostgresConnection) => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      this.#checkLease()
      try {
        return await work(await this.#connected())
      } catch (error) {
        this.#checkLease()
        if (!(error instanceof PostgresFailure)) throw error
        if (error.lost) this.#breakOff()
        const mayPass = error.lost || error.conflict
        const most = error.conflict ? MOST_CONFLICTS : MOST_ATTEMPTS
        if (!mayPass || attempt >= most) throw translated(error, this.#parts.place)
      }
      await setTimeout(Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (attempt - 1)) * (0.5 + Math.random()))
    }
  }

  /** Throws `PostgresFailure` where the transaction has not been committed and may be tried again. */
  async #attempt<T>(
    connection: PostgresConnection,
    work: (query: Query) => Promise<T>,
    isolation: Isolation,
  ): Promise<T> {
    const number = ++this.#transactions
    let done: { readonly result: T } | undefined
    try {
      await this.#begin(connection, number, isolation)
      done = { result: await work(connection.query) }
      await connection.script('COMMIT')
      return done.result
    } catch (error) {
      if (!(error instanceof PostgresFailure && error.lost)) {
        await connection.script('ROLLBACK').catch(() => this.#breakOff())
        throw error
      }
      this.#breakOff()
      // Without a commit under way the server has rolled back, or will.
      if (done !== undefined && (await this.#wasCommitted(number))) return done.result
      throw error
    }
  }

  async #begin(connection: PostgresConnection, number: number, isolation: Isolation): Promise<void> {
    const [, mine = []] = await connection.script(`BEGIN ISOLATION LEVEL ${isolation.replace('-', ' ')};
      UPDATE opening SET transaction = ${number} WHERE id = '${this.#opening}' RETURNING id`)
    if (mine.length === 0) throw this.#tookOver()
  }

  /** The connection broke while its commit was under way: waits until the server has decided, and asks it how. */
  #wasCommitted(number: number): Promise<boolean> {
    return this.#untilItPasses(async ({ query }) => {
      const [row] = await query('SELECT transaction FROM opening WHERE id = $1 FOR UPDATE', this.#opening)
      if (row === undefined) throw this.#tookOver()
      return integerOf(row, 'transaction') === number
    })
  }

  #tookOver(): CodedError {
    return held(this.#parts.place, 'another run that took the store over')
  }

  #checkLease(): void {
    const { place, leaseLost } = this.#parts
    if (this.#closed) throw unusable(place, 'a store that has been closed')
    if (leaseLost.aborted) throw held(place, LEASE_LOST)
  }

  async #connected(): Promise<PostgresConnection> {
    if (this.#connection === undefined || this.#connection.gone.aborted) {
      this.#connection = await this.#parts.connect()
    }
    return this.#connection
  }

  #breakOff(): void {
    this.#connection?.break()
    this.#connection = undefined
  }
}
