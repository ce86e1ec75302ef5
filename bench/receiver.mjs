/** The receiver benchmark: events per second that are acknowledged once they are durable, beside the same server without an inbox. */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { availableParallelism, cpus, loadavg, tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { performance } from 'node:perf_hooks'
import { createInterface } from 'node:readline'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { Pool } from 'undici'
import { PASSWORD, startPostgres } from './pods/postgres.mjs'

const USAGE = `npm run bench:receiver -- [options]

  --connections 64   events under way at once
  --seconds 3        how long each case is sent to, in each round
  --rounds 5         each has every case once, in turn; medians are told
  --dist FOLDER      the built product (dist)
  --assert           exit with 1 where a goal is missed
  --json             print all measurements as JSON
`

/** What two cores shall bear, sender included. */
const GOAL = { eventsPerSecond: 1_000 }
const WRONG = 1
const KEY = 'a-secret-of-the-bench-that-opens-nothing'
/**
 * `file`: the inbox beside a store in a file, as the program opens it. `table`: that of a store in PostgreSQL. `nothing`:
 * answered as soon as the event is understood.
 */
const CASES = /** @type {const} */ (['file', 'table', 'nothing'])
/** @typedef {typeof CASES[number]} Case */

/**
 * The process that receives: the product's own receiver, over HTTP on loopback.
 *
 * @param {string} dist
 * @param {string} kind
 * @param {string} path of the file, or the port of the server
 */
async function receive(dist, kind, path) {
  const load = (/** @type {string} */ name) => import(pathToFileURL(join(dist, 'src', name)).href)
  const { openReceiver } = await load('reverse/receiver.js')
  const { Secret } = await load('config/secret.js')
  const { silentLog } = await load('lib/log.js')
  const opened = {
    file: async () => (await load('store/sqlite-inbox.js')).openSqliteInbox(path),
    table: async () => {
      const { openPostgresInbox } = await load('store/postgres-inbox.js')
      const server = { host: '127.0.0.1', port: Number(path), database: 'postgres', user: 'owner', schema: 'bench' }
      return openPostgresInbox({ ...server, password: new Secret(PASSWORD) }, { now: Date.now })
    },
    nothing: async () => ({ add: async () => {}, close: async () => {} }),
  }
  const inbox = await opened[/** @type {Case} */ (kind)]()
  const receiver = await openReceiver({
    inbox,
    writable: async () => {},
    settings: {
      host: '127.0.0.1',
      port: 0,
      path: '/webhook',
      header: 'x-key',
      secrets: [new Secret(KEY)],
      ingress: false,
      maxBodyBytes: 1_048_576,
      connections: 1_024,
      requestTimeoutMs: 30_000,
      ownUsers: [],
    },
    tables: new Set(['contact']),
    log: silentLog,
    monotonic: () => performance.now(),
  })
  const began = process.cpuUsage()
  process.stdout.write(`${receiver.port}\n`)
  await once(process, 'SIGTERM')
  await receiver.drain()
  const { user, system } = process.cpuUsage(began)
  process.stdout.write(`${JSON.stringify({ accepted: receiver.counts.accepted, cpuMs: (user + system) / 1_000 })}\n`)
  await inbox.close()
}

/**
 * An event as Dataverse sends it, with one image: some 5 KB.
 *
 * @param {number} n
 */
function eventOf(n) {
  const id = `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`
  const user = '0c000000-0000-4000-8000-000000000002'
  const attributes = Array.from({ length: 24 }, (_, at) => ({ key: `new_consent${at}`, value: (n + at) % 2 === 0 }))
  const entity = { Attributes: attributes, EntityState: null, FormattedValues: [], Id: id, LogicalName: 'contact' }
  const context = {
    BusinessUnitId: user,
    CorrelationId: user,
    Depth: 1,
    InitiatingUserId: user,
    InputParameters: [{ key: 'Target', value: entity }],
    MessageName: 'Update',
    Mode: 1,
    OperationCreatedOn: '/Date(1793500000000+0000)/',
    OperationId: id,
    PostEntityImages: [{ key: 'post', value: entity }],
    PreEntityImages: [],
    PrimaryEntityId: id,
    PrimaryEntityName: 'contact',
    SharedVariables: [],
    Stage: 40,
    UserId: user,
  }
  return JSON.stringify({ ...context, ParentContext: context })
}

/**
 * One case of one round: events per second answered 204, how long the answers took, and the receiver's processor time for
 * each event.
 *
 * @param {string} dist
 * @param {Case} kind
 * @param {{connections: number, seconds: number, port: number | undefined}} options
 */
async function measureOne(dist, kind, { connections, seconds, port: server }) {
  const folder = await mkdtemp(join(tmpdir(), 'bench-receiver-'))
  const child = spawn(
    process.execPath,
    [
      ...[fileURLToPath(import.meta.url), '--dist', dist, '--receive', kind],
      ...['--path', kind === 'table' ? String(server) : join(folder, 'store.db.inbox')],
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  )
  const lines = createInterface({ input: child.stdout })
  const [port] = await once(lines, 'line')
  const pool = new Pool(`http://127.0.0.1:${port}`, { connections })
  const latencies = /** @type {number[]} */ ([])
  let n = 0
  /** @param {number} untilMs */
  const lane = async (untilMs) => {
    while (performance.now() < untilMs) {
      const sentMs = performance.now()
      const headers = { 'x-key': KEY, 'content-type': 'application/json' }
      const answer = await pool.request({ method: 'POST', path: '/webhook', headers, body: eventOf(++n) })
      await answer.body.dump()
      if (answer.statusCode !== 204) throw new Error(`answered ${answer.statusCode}`)
      latencies.push(performance.now() - sentMs)
    }
  }
  const lanes = (/** @type {number} */ untilMs) => Promise.all(Array.from({ length: connections }, () => lane(untilMs)))
  // Both processes compile what they need.
  await lanes(performance.now() + 500)
  latencies.length = 0
  const startedMs = performance.now()
  await lanes(startedMs + seconds * 1_000)
  const eventsPerSecond = latencies.length / ((performance.now() - startedMs) / 1_000)
  await pool.close()
  child.kill('SIGTERM')
  const [line] = await once(lines, 'line')
  const { accepted, cpuMs } = JSON.parse(line)
  if (accepted !== n) throw new Error(`${accepted} accepted, ${n} sent`)
  await rm(folder, { recursive: true })
  latencies.sort((a, b) => a - b)
  const at = (/** @type {number} */ share) => latencies[Math.floor(latencies.length * share)] ?? Number.NaN
  return { eventsPerSecond, p50Ms: at(0.5), p99Ms: at(0.99), cpuMsPerEvent: cpuMs / n }
}

/** @param {readonly number[]} values */
function median(values) {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN
}

function optionsOf() {
  const { values } = parseArgs({
    options: {
      connections: { type: 'string', default: '64' },
      seconds: { type: 'string', default: '3' },
      rounds: { type: 'string', default: '5' },
      dist: { type: 'string', default: fileURLToPath(new URL('../dist', import.meta.url)) },
      receive: { type: 'string' },
      path: { type: 'string', default: '' },
      assert: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  const [connections = 0, seconds = 0, rounds = 0] = [values.connections, values.seconds, values.rounds].map(Number)
  if (![connections, seconds, rounds].every((one) => Number.isInteger(one) && one > 0)) {
    throw new TypeError('--connections, --seconds and --rounds are whole numbers above 0')
  }
  return { ...values, connections, seconds, rounds, dist: resolve(values.dist) }
}

/**
 * @param {ReturnType<typeof optionsOf>} options
 * @param {number | undefined} port of a PostgreSQL, where there is one
 */
async function measure(options, port) {
  const kinds = CASES.filter((kind) => kind !== 'table' || port !== undefined)
  const rounds = []
  for (let round = 0; round < options.rounds; round++) {
    /** @type {Partial<Record<Case, Awaited<ReturnType<typeof measureOne>>>>} */
    const measured = {}
    for (const kind of kinds) measured[kind] = await measureOne(options.dist, kind, { ...options, port })
    rounds.push(measured)
  }
  const of = (/** @type {Case} */ kind, /** @type {'eventsPerSecond' | 'p50Ms' | 'p99Ms' | 'cpuMsPerEvent'} */ what) =>
    median(rounds.map((round) => round[kind]?.[what] ?? Number.NaN))
  return kinds.map((kind) => ({
    kind,
    eventsPerSecond: of(kind, 'eventsPerSecond'),
    ratio: median(
      rounds.map((round) => (round[kind]?.eventsPerSecond ?? 0) / (round.nothing?.eventsPerSecond ?? Number.NaN)),
    ),
    p50Ms: of(kind, 'p50Ms'),
    p99Ms: of(kind, 'p99Ms'),
    cpuMsPerEvent: of(kind, 'cpuMsPerEvent'),
  }))
}

const TOLD = { file: 'durable in a file', table: 'durable in PostgreSQL', nothing: 'understood: no inbox' }

/** @param {Awaited<ReturnType<typeof measure>>} cases */
function told(cases) {
  return [
    `${cpus()[0]?.model ?? 'unknown'}, ${availableParallelism()} cores, load ${loadavg()[0]?.toFixed(1)}, Node ${process.version}`,
    '',
    '| Answered once it is | events/s | ratio | median ms | 99 % ms | processor ms per event |',
    '|---|---:|---:|---:|---:|---:|',
    ...cases.map(
      ({ kind, eventsPerSecond, ratio, p50Ms, p99Ms, cpuMsPerEvent }) =>
        `| ${TOLD[kind]} | ${Math.round(eventsPerSecond)} | ${ratio.toFixed(2)} | ${p50Ms.toFixed(1)} | ${p99Ms.toFixed(1)} | ${cpuMsPerEvent.toFixed(2)} |`,
    ),
    '',
  ].join('\n')
}

const options = optionsOf()
if (options.help) process.stdout.write(USAGE)
else if (options.receive !== undefined) await receive(options.dist, options.receive, options.path)
else {
  const postgres = await startPostgres()
  try {
    const cases = await measure(options, postgres?.port)
    process.stdout.write(options.json ? `${JSON.stringify(cases)}\n` : told(cases))
    const slow = cases.filter(
      ({ kind, eventsPerSecond }) => kind !== 'nothing' && eventsPerSecond < GOAL.eventsPerSecond,
    )
    for (const { kind } of slow) process.stderr.write(`missed: ${TOLD[kind]}, below ${GOAL.eventsPerSecond} events/s\n`)
    if (options.assert && slow.length > 0) process.exitCode = WRONG
  } finally {
    await postgres?.close()
  }
}
