/** The same engine over HTTP, against the product's emulator in a process of its own, on a clock that runs faster. */

import { fork } from 'node:child_process'
import { once } from 'node:events'
import { performance } from 'node:perf_hooks'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { bareCpuMs } from './bare.mjs'
import { Books, idOf } from './books.mjs'
import { bestRows, ceilingPerS, messageS, peakPerS } from './ceiling.mjs'
import { deliver, openerIn } from './engine.mjs'
import { DOCUMENTED, seeded } from './server.mjs'

/** Contacts that are written again and again: many more than are at work at once. */
const CONTACTS = 50_000
/** What a consent mapping writes to a contact: some yes/no columns, a date and two texts. */
const FLAGS = Array.from({ length: 10 }, (_, at) => `new_consent${at + 1}`)
const MOST_LETTERS = 100
const SIGMA = 0.25
/** The emulator's jitter has a median of one; this is its mean. */
const MEAN_JITTER = Math.exp(SIGMA ** 2 / 2)
/** Its clock may run so many times as fast; beyond it a millisecond of the machine would be too much of a message. */
const MOST_SCALE = 30
const APPS = 4
const SECRET = 'bench-secret'

const guid = (/** @type {string} */ kind, /** @type {number} */ number) =>
  `${kind}-0000-4000-8000-${String(number).padStart(12, '0')}`

/** @typedef {{ name: string, costMs: number, users?: number, servers?: number, bad?: number, windows: number, server?: any, goal: number }} WireCell */

/** @returns {WireCell[]} */
export function wireCells() {
  return [
    { name: '5 ms', costMs: 5, windows: 2, goal: 0.95 },
    { name: '20 ms', costMs: 20, windows: 4, goal: 0.95 },
    { name: '200 ms', costMs: 200, windows: 4, goal: 0.95 },
    { name: '60 ms, users 2', costMs: 60, users: 2, windows: 4, goal: 0.95 },
    { name: '60 ms, servers 4', costMs: 60, servers: 4, windows: 4, goal: 0.93 },
    { name: '20 ms, bad 0.1 %', costMs: 20, bad: 0.001, windows: 4, goal: 0.9 },
    { name: '60 ms, queueing', costMs: 60, windows: 4, server: { limits: false, slowsAbove: 8 }, goal: 0.95 },
    { name: '20 ms, halved limits', costMs: 20, windows: 4, server: { requests: 3_000, seconds: 600 }, goal: 0.93 },
  ]
}

/** @param {string} dist @param {object} options */
async function start(dist, options) {
  const seed = {
    columns: {
      contacts: [
        { type: 'datetime', name: 'new_consentedon' },
        { type: 'text', name: 'new_consentsource', maxLength: MOST_LETTERS },
        { type: 'text', name: 'new_orguserid', maxLength: MOST_LETTERS },
        ...FLAGS.map((name) => ({ type: 'boolean', name })),
      ],
    },
    applications: Array.from({ length: APPS }, (_, at) => ({
      appId: guid('0a000000', at + 1),
      userId: guid('0b000000', at + 1),
      secret: SECRET,
    })),
    generate: [
      {
        table: 'contacts',
        count: CONTACTS,
        row: { contactid: '00000000-0000-4000-8000-{n:12}', lastname: 'Number {n}' },
      },
    ],
  }
  const program = fileURLToPath(new URL('emulator.mjs', import.meta.url))
  const child = fork(program, [dist, JSON.stringify({ ...options, seed })], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  const first = await Promise.race([once(child, 'message'), once(child, 'exit').then(() => undefined)])
  if (first === undefined) throw new Error('the emulator did not start')
  const { url } = first[0]
  return {
    url,
    counters: async () => (await fetch(`${url}/__emulator/counters`)).json(),
    stop: async () => {
      const exit = once(child, 'exit')
      child.kill('SIGTERM')
      await exit
    },
  }
}

/** The machine's clock, so many times as fast: the emulator's own. @param {number} scale */
function fastClock(scale) {
  const startedAt = Date.now()
  const started = performance.now()
  const passed = () => (performance.now() - started) * scale
  return {
    now: () => startedAt + passed(),
    monotonic: passed,
    sleep: (/** @type {number} */ ms, /** @type {AbortSignal | undefined} */ signal) =>
      pause(ms / scale, undefined, signal === undefined ? {} : { signal }),
  }
}

/** @param {(options: any) => any} openDataverse @param {{ url: string, users: number, clock: any, seed: number, batchRows?: number }} wish */
function open(openDataverse, { url, users, clock, seed, batchRows }) {
  const authority = 'https://login.example.com/bench'
  const authorityMetadata = JSON.stringify({
    token_endpoint: `${url}/bench.example.com/oauth2/v2.0/token`,
    authorization_endpoint: `${authority}/authorize`,
    issuer: `${authority}/v2.0`,
    jwks_uri: `${authority}/keys`,
  })
  const registration = { tenantId: 'bench', authority, authorityMetadata, knownAuthorities: ['login.example.com'] }
  return openDataverse({
    apiRoot: `${url}/api/data/v9.2/`,
    authentication: Array.from({ length: users }, (_, at) => ({
      ...registration,
      clientId: guid('0a000000', at + 1),
      credential: { kind: 'secret', secret: { reveal: () => SECRET } },
    })),
    userAgent: 'didomi-dataverse-bench/1',
    random: seeded(seed),
    clock,
    ...(batchRows === undefined ? {} : { batchRows }),
  })
}

/** Made once: to make up rows is no work of the client's. */
const COLUMNS = Array.from({ length: 1_000 }, (_, number) => ({
  ...Object.fromEntries(FLAGS.map((name, at) => [name, (number + at) % 2 === 0])),
  new_consentedon: new Date(1_767_225_600_000 + number * 1_000).toISOString(),
  new_consentsource: `Website ${number % 7}`,
  new_orguserid: `user-${number}`,
}))
const ROW_BYTES = JSON.stringify({ contactid: idOf(1), ...COLUMNS[0] }).length
const BAD = { new_consentsource: 'x'.repeat(MOST_LETTERS + 1) }

/** @param {Books} books */
const rowOf = (books) => (/** @type {number} */ number) => {
  const columns = COLUMNS[number % COLUMNS.length]
  const id = idOf((number % CONTACTS) + 1)
  return { kind: 'update', id, columns: books.isBad(number) ? { ...columns, ...BAD } : columns }
}

const CAPACITY_ROWS = 30_000
const CAPACITY_BATCH = 100

/** Rows per second that client and emulator manage together on this machine, in small messages and without any limit. */
export async function capacity(dist) {
  const openDataverse = await openerIn(dist)
  const emulator = await start(dist, {})
  const clock = fastClock(1)
  const dataverse = open(openDataverse, { url: emulator.url, users: 1, clock, seed: 1, batchRows: CAPACITY_BATCH })
  const books = new Books({ badShare: 0, seed: 1, untilS: 0, slotS: 1 })
  await deliver(dataverse, { clock, untilMs: Number.POSITIVE_INFINITY, row: rowOf(books), limit: CAPACITY_ROWS / 4 })
  const startedMs = performance.now()
  await deliver(dataverse, { clock, untilMs: Number.POSITIVE_INFINITY, row: rowOf(books), limit: CAPACITY_ROWS })
  const perS = CAPACITY_ROWS / ((performance.now() - startedMs) / 1_000)
  await dataverse.close()
  await emulator.stop()
  return perS
}

/**
 * @param {WireCell} cell
 * @param {{ dist: string, capacityPerS: number, seed?: number }} options
 */
export async function measuredOverWire(cell, { dist, capacityPerS, seed = 1 }) {
  const { costMs, users = 1, servers = 1, bad = 0, windows } = cell
  const settings = { ...DOCUMENTED, servers, rowS: costMs / 1_000, ...cell.server }
  const mean = { ...settings, baseS: settings.baseS * MEAN_JITTER, rowS: settings.rowS * MEAN_JITTER }
  const perS = ceilingPerS(mean, users)
  // Beyond the peak requests would queue for the machine before they reach any limit, and be refused all together.
  const scale = Math.min(MOST_SCALE, capacityPerS / 2 / perS, capacityPerS / peakPerS(mean, users))
  const openDataverse = await openerIn(dist)
  const emulator = await start(dist, emulatorOptions(settings, scale, seed))
  const clock = fastClock(scale)
  const untilMs = windows * settings.windowS * 1_000
  const books = new Books({ badShare: bad, seed, untilS: 0, slotS: 1 })
  const dataverse = open(openDataverse, { url: emulator.url, users, clock, seed })
  try {
    const before = process.cpuUsage()
    const work = deliver(dataverse, { clock, untilMs, row: rowOf(books) })
    const atEnd = clock.sleep(untilMs).then(() => emulator.counters())
    const [outcomes, counters] = await Promise.all([work, atEnd])
    // Of all rows, those too that were begun within the time and written after it.
    const cpu = process.cpuUsage(before)
    const last = await emulator.counters()
    const message = { rows: bestRows(mean), takesS: messageS(mean, bestRows(mean)) }
    return {
      ratio: counters.rowsUpdated / (perS * (untilMs / 1_000)),
      rows: counters.rowsUpdated,
      requests: counters.requests,
      throttles: counters.throttles,
      notUnderstood: last.notUnderstood,
      scale,
      message,
      cpuMsPer1000: (cpu.user + cpu.system) / last.rowsUpdated,
      bareCpuMsPer1000: (1_000 / message.rows) * (await bareCpuMs(message.rows * ROW_BYTES)),
      outcomes,
      fates: { ...fatesOf(books, outcomes), applied: last.rowsUpdated },
    }
  } finally {
    await dataverse.close()
    await emulator.stop()
  }
}

/** @param {typeof DOCUMENTED} settings @param {number} timeScale @param {number} randomSeed */
function emulatorOptions(
  { servers, rowS, baseS, requests, seconds, atOnce, windowS, slowsAbove, limits },
  timeScale,
  randomSeed,
) {
  const rowMs = rowS * 1_000
  return {
    servers,
    timeScale,
    randomSeed,
    ...(limits
      ? { limits: { requests, executionMs: seconds * 1_000, concurrent: atOnce, windowMs: windowS * 1_000 } }
      : {}),
    serviceTime: {
      baseMs: baseS * 1_000,
      rowMs: { create: rowMs, update: rowMs, upsert: rowMs, delete: rowMs },
      sigma: SIGMA,
      // JSON has no infinity.
      ...(Number.isFinite(slowsAbove) ? { slowAbove: slowsAbove } : {}),
    },
  }
}

/** @param {Books} books @param {{ offered: number }} outcomes */
function fatesOf(books, { offered }) {
  const { good, bad } = books.fates(offered)
  return { good, bad }
}
