/** The virtual server as the product's `Send` meets it: Web API requests in, and the answers of Dataverse out. */

import { rowsIn } from './books.mjs'

/** Milliseconds from us to the server, and back. */
const ONE_WAY_MS = 10

/** What a part of a batch takes beside its row; an assumption. */
export const PART_S = 0.01

/** The columns that every row has: few, so that a grid of half a billion rows is done today. */
export const COLUMNS = Object.freeze({ new_consent: true })

/** The table that is written. */
export const TABLE = Object.freeze({
  logicalName: 'contact',
  entitySetName: 'contacts',
  primaryId: 'contactid',
  changeTracking: true,
  elastic: false,
  columns: new Map(),
  lookups: new Map(),
  bulk: { createMultiple: true, updateMultiple: true },
})

/** Codes of the limits (Dataverse: service protection limits). */
const CODES = { requests: '0x80072322', 'execution-time': '0x80072321', concurrency: '0x80072326' }

/** @typedef {{ status: number, headers: Record<string, string>, body: string }} Reply */

/**
 * @param {{ clock: import('./clock.mjs').VirtualClock, server: import('./server.mjs').Server, books: import('./books.mjs').Books }} world
 * @returns {(request: any, signal: AbortSignal) => Promise<Reply>}
 */
export function sendTo({ clock, server, books }) {
  return async (request, signal) => {
    const user = request.headers.authorization.slice('Bearer '.length)
    await clock.sleep(ONE_WAY_MS, signal)
    const task = taskOf(request, books, server)
    const arrival = server.arrive(user, task.rows, clock.now() / 1_000, task.rowS)
    if (arrival.kind === 'refused') {
      await clock.sleep(ONE_WAY_MS, signal)
      return throttled(arrival)
    }
    await clock.sleep(arrival.durationS * 1_000, signal)
    arrival.end(clock.now() / 1_000)
    const reply = task.done(clock.now() / 1_000)
    reply.headers.date = new Date(clock.now()).toUTCString()
    await clock.sleep(ONE_WAY_MS, signal)
    return reply
  }
}

/**
 * What a request asks: rows worked on, what each takes, and what is done in the end.
 *
 * @param {any} request @param {import('./books.mjs').Books} books @param {import('./server.mjs').Server} server
 * @returns {{ rows: number, rowS: number, done: (nowS: number) => Reply }}
 */
function taskOf({ method, path, body = '' }, books, { settings }) {
  const { rowS } = settings
  if (path === '$batch') {
    const rows = rowsIn(body)
    return { rows: rows.length, rowS: rowS + PART_S, done: (nowS) => batchReply(rows, books, nowS) }
  }
  if (/Microsoft\.Dynamics\.CRM\.(Create|Update)Multiple$/.test(path)) {
    const rows = rowsIn(body)
    const bad = rows.findIndex((row) => books.isBad(row))
    // Its rows up to the bad one were worked on, and are rolled back.
    if (bad >= 0) {
      if (rows.length === 1) return { rows: 1, rowS, done: () => refusedAlone(rows[0] ?? 0, books) }
      return { rows: bad + 1, rowS, done: badRow }
    }
    const done = (/** @type {number} */ nowS) => {
      books.apply(rows, nowS)
      return { status: 204, headers: {}, body: '' }
    }
    return { rows: rows.length, rowS, done }
  }
  const [row] = rowsIn(method === 'PATCH' ? path : body)
  if (row === undefined) throw new Error(`not understood: ${method} ${path}`)
  return { rows: 1, rowS, done: (nowS) => single(row, books, nowS) }
}

/** @param {number} row @param {import('./books.mjs').Books} books @param {number} nowS @returns {Reply} */
function single(row, books, nowS) {
  if (books.isBad(row)) return refusedAlone(row, books)
  books.apply([row], nowS)
  return { status: 204, headers: {}, body: '' }
}

/** @param {number} row @param {import('./books.mjs').Books} books */
function refusedAlone(row, books) {
  books.refuse(row)
  return badRow()
}

const badRow = () =>
  error(400, '0x80044331', "A validation error occurred. The length of a column's value is too long.")

/** @param {{ limit: string, retryAfterS: number }} refusal */
function throttled({ limit, retryAfterS }) {
  const reply = error(429, CODES[/** @type {keyof typeof CODES} */ (limit)], 'A service protection limit was exceeded.')
  return { ...reply, headers: { ...reply.headers, 'retry-after': String(retryAfterS) } }
}

/** @param {number} status @param {string} code @param {string} message @returns {Reply} */
function error(status, code, message) {
  return {
    status,
    headers: { 'content-type': 'application/json; odata.metadata=minimal' },
    body: JSON.stringify({ error: { code, message } }),
  }
}

/** Every part for itself, whatever became of the ones before it. @param {readonly number[]} rows @param {import('./books.mjs').Books} books @param {number} nowS */
function batchReply(rows, books, nowS) {
  const parts = rows.map((row) => {
    const { status, headers, body } = single(row, books, nowS)
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
    const head = `HTTP/1.1 ${status} ${status === 204 ? 'No Content' : 'Bad Request'}\r\n${lines.join('')}`
    return `--reply\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n\r\n${head}\r\n${body}\r\n`
  })
  return {
    status: 200,
    headers: /** @type {Record<string, string>} */ ({ 'content-type': 'multipart/mixed; boundary=reply' }),
    body: `${parts.join('')}--reply--\r\n`,
  }
}
