/** The emulator benchmark: bulk writes over HTTP against a large environment, and how quickly an empty one starts. */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { availableParallelism, cpus, loadavg, tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { performance } from 'node:perf_hooks'
import { createInterface } from 'node:readline'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { Pool } from 'undici'

const USAGE = `npm run bench:emulator -- [options]

  --contacts 1000000   contacts the environment holds before the first request
  --rows 100000        rows each case writes
  --concurrency 4      requests under way at once
  --starts 5           starts without a seed; the median is told
  --dist FOLDER        the built product (dist)
  --assert             exit with 1 where a goal is missed
  --json               print all measurements as JSON
`

/** What the emulator shall hold on two cores with a million contacts. */
const GOALS = { rowsPerSecond: 5_000, peakMiB: 3 * 1_024 }
const WRONG = 1
const SIZES = [1_000, 100]
/** What a consent mapping writes to a contact: some yes/no columns, a date and two texts. */
const FLAGS = Array.from({ length: 10 }, (_, at) => `new_consent${at + 1}`)
const TYPE = { '@odata.type': 'Microsoft.Dynamics.CRM.contact' }

/** @param {number} contacts */
function seedOf(contacts) {
  const columns = [
    { type: 'text', name: 'new_orguserid', maxLength: 100 },
    { type: 'datetime', name: 'new_consentedon' },
    { type: 'text', name: 'new_consentsource' },
    ...FLAGS.map((name) => ({ type: 'boolean', name })),
  ]
  const row = {
    contactid: '00000000-0000-4000-8000-{n:12}',
    new_orguserid: 'user-{n}',
    emailaddress1: 'person{n}@example.com',
    firstname: 'Person',
    lastname: 'Number {n}',
  }
  return {
    columns: { contacts: columns },
    keys: [{ table: 'contacts', schemaName: 'new_OrgUserIdKey', columns: ['new_orguserid'] }],
    generate: contacts === 0 ? [] : [{ table: 'contacts', count: contacts, row }],
  }
}

/** @param {number} round */
function consents(round) {
  return {
    ...Object.fromEntries(FLAGS.map((name, at) => [name, (round + at) % 2 === 0])),
    new_consentedon: `2026-01-01T00:00:${String(round % 60).padStart(2, '0')}Z`,
    new_consentsource: `Website ${round}`,
  }
}

/** One target of each message; `person` counts the rows of a case from 1. */
const TARGETS = {
  UpdateMultiple: (/** @type {number} */ person, /** @type {number} */ round) => ({
    ...TYPE,
    contactid: `00000000-0000-4000-8000-${String(person).padStart(12, '0')}`,
    ...consents(person + round),
  }),
  UpsertMultiple: (/** @type {number} */ person, /** @type {number} */ round) => ({
    ...TYPE,
    '@odata.id': `contacts(new_orguserid='user-${person}')`,
    ...consents(person + round),
  }),
  CreateMultiple: (/** @type {number} */ person, /** @type {number} */ round) => ({
    ...TYPE,
    new_orguserid: `new-${round}-${person}`,
    emailaddress1: `new${round}-${person}@example.com`,
    lastname: `New ${person}`,
    ...consents(person),
  }),
}

/**
 * Starts an emulator and waits for its ready line.
 *
 * @param {string} dist
 * @param {readonly string[]} args
 */
async function start(dist, args) {
  const startedAt = performance.now()
  const peak = fileURLToPath(new URL('peak.mjs', import.meta.url))
  const main = join(dist, 'src', 'emulator', 'main.js')
  const child = spawn(process.execPath, ['--import', peak, main, '--port', '0', ...args], {
    stdio: ['ignore', 'pipe', 'inherit', 'pipe'],
  })
  const ready = createInterface({ input: child.stdout })
  const first = await Promise.race([once(ready, 'line'), once(child, 'exit').then(() => undefined)])
  if (first === undefined) throw new Error('the emulator did not start')
  let told = ''
  child.stdio[3]?.on('data', (chunk) => {
    told += chunk
  })
  return {
    url: JSON.parse(first[0]).url,
    startMs: performance.now() - startedAt,
    /** Ends it and says how many MiB it held at its peak. */
    stop: async () => {
      const closed = once(child, 'close')
      child.kill('SIGTERM')
      await closed
      return JSON.parse(told).peakKiB / 1_024
    },
  }
}

/**
 * @param {string} dist
 * @param {string} url
 */
async function signIn(dist, url) {
  const { DEFAULT_APP_ID, DEFAULT_SECRET } = await import(
    pathToFileURL(join(dist, 'src', 'emulator', 'seed-ids.js')).href
  )
  const response = await fetch(`${url}/bench.example.com/oauth2/v2.0/token`, {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'client_credentials',
      client_id: DEFAULT_APP_ID,
      client_secret: DEFAULT_SECRET,
      scope: `${url}/.default`,
    }),
  })
  return (await response.json()).access_token
}

/**
 * Writes `rows` rows in requests of `size`; returns rows per second as the client sees them.
 *
 * @param {Pool} pool
 * @param {string} token
 * @param {{message: keyof typeof TARGETS, size: number, rows: number, round: number, concurrency: number, contacts: number}} task
 */
async function write(pool, token, { message, size, rows, round, concurrency, contacts }) {
  const headers = { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' }
  const path = `/api/data/v9.2/contacts/Microsoft.Dynamics.CRM.${message}`
  const offset = (round * rows) % Math.max(1, contacts - rows)
  let next = 0
  const lane = async () => {
    while (next < rows) {
      const first = next
      next += size
      const people = Array.from({ length: Math.min(size, rows - first) }, (_, at) => offset + first + at + 1)
      const body = JSON.stringify({ Targets: people.map((person) => TARGETS[message](person, round)) })
      const answer = await pool.request({ method: 'POST', path, headers, body })
      const text = await answer.body.text()
      if (answer.statusCode >= 300) throw new Error(`${message} answered ${answer.statusCode}: ${text.slice(0, 500)}`)
    }
  }
  const startedAt = performance.now()
  await Promise.all(Array.from({ length: concurrency }, lane))
  return rows / ((performance.now() - startedAt) / 1_000)
}

/**
 * All cases against one emulator.
 *
 * @param {{url: string}} emulator
 * @param {{contacts: number, rows: number, concurrency: number, dist: string}} options
 */
async function writeAll({ url }, { contacts, rows, concurrency, dist }) {
  const pool = new Pool(url, { connections: concurrency })
  const token = await signIn(dist, url)
  const cases = []
  const first = {
    message: /** @type {const} */ ('UpdateMultiple'),
    size: 1,
    rows: 1,
    round: 0,
    concurrency: 1,
    contacts,
  }
  // The first write makes the index of the alternate key, once and for all rows.
  const firstMs = 1_000 / (await write(pool, token, first))
  let round = 0
  for (const size of SIZES) {
    for (const message of /** @type {(keyof typeof TARGETS)[]} */ (Object.keys(TARGETS))) {
      const task = { message, size, rows, round: round++, concurrency, contacts }
      cases.push({ message, size, rowsPerSecond: await write(pool, token, task) })
    }
  }
  await pool.close()
  return { firstMs, cases }
}

function optionsOf() {
  const { values } = parseArgs({
    options: {
      contacts: { type: 'string', default: '1000000' },
      rows: { type: 'string', default: '100000' },
      concurrency: { type: 'string', default: '4' },
      starts: { type: 'string', default: '5' },
      dist: { type: 'string', default: fileURLToPath(new URL('../dist', import.meta.url)) },
      assert: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  const [contacts = 0, rows = 0, concurrency = 0, starts = 0] = [
    values.contacts,
    values.rows,
    values.concurrency,
    values.starts,
  ].map(Number)
  if (![contacts, rows, concurrency, starts].every((one) => Number.isInteger(one) && one > 0) || rows >= contacts) {
    throw new TypeError(
      '--contacts, --rows, --concurrency and --starts are whole numbers above 0, and --rows the smaller',
    )
  }
  return { ...values, contacts, rows, concurrency, starts, dist: resolve(values.dist) }
}

/** @param {ReturnType<typeof optionsOf>} options */
async function measure({ contacts, rows, concurrency, starts, dist }) {
  const startMs = []
  for (let at = 0; at < starts; at++) {
    const emulator = await start(dist, [])
    startMs.push(emulator.startMs)
    await emulator.stop()
  }
  const folder = await mkdtemp(join(tmpdir(), 'bench-emulator-'))
  try {
    const seed = join(folder, 'seed.json')
    await writeFile(seed, JSON.stringify(seedOf(contacts)))
    const emulator = await start(dist, ['--seed', seed])
    try {
      const written = await writeAll(emulator, { contacts, rows, concurrency, dist })
      return { startMs, seededMs: emulator.startMs, ...written, peakMiB: await emulator.stop() }
    } catch (error) {
      await emulator.stop()
      throw error
    }
  } finally {
    await rm(folder, { recursive: true })
  }
}

/** @param {readonly number[]} values */
function median(values) {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN
}

/** @param {Awaited<ReturnType<typeof measure>>} measured */
function told({ startMs, seededMs, firstMs, cases, peakMiB }) {
  return [
    `${cpus()[0]?.model ?? 'unknown'}, ${availableParallelism()} cores, load ${loadavg()[0]?.toFixed(1)}, Node ${process.version}`,
    '',
    '| Message | rows per request | rows/s |',
    '|---|---:|---:|',
    ...cases.map(({ message, size, rowsPerSecond }) => `| ${message} | ${size} | ${Math.round(rowsPerSecond)} |`),
    '',
    `start without seed ${Math.round(median(startMs))} ms, with the contacts ${(seededMs / 1_000).toFixed(1)} s, first write ${(firstMs / 1_000).toFixed(1)} s, peak ${Math.round(peakMiB)} MiB`,
    '',
  ].join('\n')
}

const options = optionsOf()
if (options.help) process.stdout.write(USAGE)
else {
  const measured = await measure(options)
  process.stdout.write(options.json ? `${JSON.stringify(measured)}\n` : told(measured))
  const slow = measured.cases.filter(({ rowsPerSecond }) => rowsPerSecond < GOALS.rowsPerSecond)
  const missed = [
    ...slow.map(({ message, size }) => `${message} of ${size} rows: below ${GOALS.rowsPerSecond} rows/s`),
    ...(measured.peakMiB < GOALS.peakMiB ? [] : [`peak memory: not below ${GOALS.peakMiB} MiB`]),
  ]
  for (const each of missed) process.stderr.write(`missed: ${each}\n`)
  if (options.assert && missed.length > 0) process.exitCode = WRONG
}
