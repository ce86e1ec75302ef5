/** The product's engine, opened on the virtual server, and rows driven through its `write` as delivery drives them. */

import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { idOf } from './books.mjs'
import { COLUMNS, sendTo, TABLE } from './dataverse.mjs'
import { seeded } from './server.mjs'

/** Rows of one call, and calls beyond what may be at work: as delivery does it. */
const ROWS_PER_CALL = 1_000
const AHEAD = 2

/** No real time passes in a virtual request, but the timer of its timeout runs on the machine's clock. */
const NEVER_MS = 3_600_000

/**
 * @param {string} dist folder of the built product
 * @returns {Promise<(options: any) => any>} `openDataverse`
 */
export async function openerIn(dist) {
  const { openDataverse } = await import(pathToFileURL(join(dist, 'src', 'dataverse', 'open.js')).href)
  return openDataverse
}

/**
 * @param {(options: any) => any} openDataverse
 * @param {{ clock: any, server: any, books: any, users: number, seed: number }} world
 */
export function openEngine(openDataverse, { clock, server, books, users, seed }) {
  const names = Array.from({ length: users }, (_, at) => `user ${at + 1}`)
  return openDataverse({
    apiRoot: 'https://bench.example.com/api/data/v9.2/',
    authentication: names.map((clientId) => ({ clientId })),
    tokens: (/** @type {{ clientId: string }} */ { clientId }) => ({ token: async () => clientId, forget: () => {} }),
    transport: { send: sendTo({ clock, server, books }), close: async () => {} },
    requestTimeoutMs: NEVER_MS,
    userAgent: 'didomi-dataverse-bench/1',
    random: seeded(seed),
    clock,
  })
}

/**
 * Offers rows until `untilMs`, and what was answered `again` once more, until every row has its outcome. `limit` ends it
 * after so many rows.
 *
 * @param {any} dataverse
 * @param {{ clock: any, untilMs: number, row?: (number: number) => any, table?: any, limit?: number }} work
 */
export async function deliver(
  dataverse,
  { clock, untilMs, row = update, table = TABLE, limit = Number.POSITIVE_INFINITY },
) {
  const { signal } = new AbortController()
  const outcomes = { offered: 0, done: 0, rejected: 0, again: 0, other: 0 }
  /** @type {any[]} */
  const left = []
  let calls = 0
  /** @type {(reason?: unknown) => void} */
  let failed = () => {}
  /** @type {() => void} */
  let finished = () => {}

  const nextRows = () => {
    if (left.length > 0) return left.splice(0, ROWS_PER_CALL)
    if (clock.monotonic() >= untilMs || outcomes.offered >= limit) return []
    const rows = Array.from({ length: Math.min(ROWS_PER_CALL, limit - outcomes.offered) }, (_, at) =>
      row(outcomes.offered + at),
    )
    outcomes.offered += rows.length
    return rows
  }
  const take = (/** @type {any[]} */ rows, /** @type {{ kind: string }[]} */ results) => {
    results.forEach(({ kind }, at) => {
      if (kind === 'done' || kind === 'rejected') outcomes[kind] += 1
      else if (kind === 'again') {
        outcomes.again += 1
        left.push(rows[at])
      } else outcomes.other += 1
    })
  }
  const start = () => {
    while (calls < dataverse.concurrency() + AHEAD) {
      const rows = nextRows()
      if (rows.length === 0) break
      calls += 1
      dataverse.write(table, rows, { repeatable: true }, signal).then((/** @type {any[]} */ results) => {
        calls -= 1
        take(rows, results)
        start()
      }, failed)
    }
    if (calls === 0) finished()
  }
  await new Promise((resolve, reject) => {
    finished = () => resolve(undefined)
    failed = reject
    start()
  })
  return outcomes
}

/** @param {number} number */
const update = (number) => ({ kind: 'update', id: idOf(number), columns: COLUMNS })
