/**
 * A migration in the large: contacts with six columns each, planned by the command line against an emulator in a process of
 * its own, and applied on a virtual clock against a server with Dataverse's documented limits.
 *
 *     node bench/migrate.mjs [--contacts 20000] [--only plan|apply]
 */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { ceilingPerS, messageS } from './deliver/ceiling.mjs'
import { VirtualClock } from './deliver/clock.mjs'
import { DOCUMENTED, Server } from './deliver/server.mjs'
import { measure } from './measure.mjs'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const DIST = process.env.BENCH_DIST ?? join(ROOT, 'dist')
const COLUMNS = 6
const TENANT = '00000000-0000-4000-8000-00000000000a'
const BEGIN_MS = Date.parse('2026-11-02T08:00:00Z')
/** Windows of limits that an apply should last: a small one is given shorter ones, with limits to match. */
const WINDOWS = 5
/** What a query takes beside its request; an assumption. */
const QUERY_S = 0.01

const { values } = parseArgs({
  options: { contacts: { type: 'string', default: '20000' }, only: { type: 'string' } },
})
const contacts = Number(values.contacts)

const load = (/** @type {string} */ path) => import(join(DIST, path))
const columnName = (/** @type {number} */ at) => `new_consent${at + 1}`
const purposeId = (/** @type {number} */ at) => `0e0e0e00-0000-4000-8000-00000000000${at + 1}`
const reference = (/** @type {number} */ at) => `consents_purposes_p${at + 1}_enabled`
const positions = Array.from({ length: COLUMNS }, (_, at) => at)

/** Contacts, their columns and the purposes; every contact says something in each column. */
function seed() {
  const said = Object.fromEntries(positions.map((at) => [columnName(at), at % 3 !== 2]))
  return {
    columns: { contact: positions.map((at) => ({ type: 'boolean', name: columnName(at), defaultValue: null })) },
    rows: {
      msdynmkt_purpose: positions.map((at) => ({
        msdynmkt_purposeid: purposeId(at),
        msdynmkt_name: `Purpose ${at + 1}`,
        msdynmkt_type: 534120000,
      })),
    },
    generate: [
      {
        table: 'contact',
        count: contacts,
        row: {
          contactid: 'c0000000-0000-4000-8000-{n:12}',
          emailaddress1: 'person{n}@example.com',
          modifiedon: '2026-09-01T08:00:00Z',
          ...said,
        },
      },
    ],
  }
}

/** @param {string} url @param {object} authentication */
function configuration(url, authentication) {
  const target = (/** @type {string} */ name, /** @type {string} */ type, /** @type {object[]} */ mappings) => ({
    name,
    integration: {
      type,
      authentication: {
        client_id: '0c0ffee0-0000-4000-8000-000000000001',
        client_secret: 'emulator-secret',
        tenant_id: TENANT,
        instance: url,
      },
      properties: {},
      mappings,
      upsert_mode: false,
    },
    authentication,
  })
  return {
    source: { directory: './export' },
    store: { sqlite: './state/store.db' },
    targets: [
      target(
        'legacy',
        'microsoft-dynamics',
        positions.map((at) => ({ id: columnName(at), value: reference(at) })),
      ),
      target(
        'current',
        'microsoft-dynamics-cpc',
        positions.map((at) => ({ id: `purpose:${purposeId(at)}`, value: reference(at) })),
      ),
    ],
  }
}

/** The plan as an operator makes it: wall time, and the most memory that it held. @param {string} folder */
async function plan(folder) {
  const { emulatorAuthority } = await load('src/demo/configuration.js')
  const script = join(ROOT, 'bench', 'deliver', 'emulator.mjs')
  const options = JSON.stringify({ seed: seed() })
  const emulator = spawn(process.execPath, ['--max-old-space-size=8192', script, DIST, options], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  try {
    const [{ url }] = await once(emulator, 'message')
    const config = join(folder, 'plan.json')
    writeFileSync(config, JSON.stringify(configuration(url, emulatorAuthority(url, TENANT))))
    const cli = join(DIST, 'src', 'cli.js')
    const flags = ['--config', config, '--json', '--quiet', '--log-level', 'error']
    const peak = join(ROOT, 'bench', 'peak.mjs')
    const command = [process.execPath, '--import', peak, cli, 'migrate', 'plan', ...flags]
    const { wallS, cpuS, peakMiB, answer } = await measure(command, new AbortController().signal)
    const { reading, slots } = /** @type {any} */ (answer)
    return { contacts: reading.rows, slots: slots.slots, wallS, cpuS, peakMiB }
  } finally {
    emulator.kill('SIGTERM')
  }
}

/** How many rows a request writes or queries, and what each takes. @param {{ path: string, body?: string }} request @param {number} rowS */
function loadOf({ path, body = '' }, rowS) {
  if (path === '$batch') return { rows: body.split(' HTTP/1.1\r\n').length - 1, rowS: QUERY_S }
  if (/Multiple$/.test(path)) return { rows: JSON.parse(body).Targets.length, rowS }
  return { rows: 1, rowS: QUERY_S }
}

/** The product's client before the emulator without sockets, behind the virtual server's limits. */
async function connect(
  /** @type {any} */ world,
  /** @type {VirtualClock} */ clock,
  /** @type {Server} */ server,
  /** @type {number} */ scale,
) {
  const { exchange } = await load('src/emulator/exchange.js')
  const { openDataverse } = await load('src/dataverse/open.js')
  const origin = 'http://127.0.0.1:1'
  const form = {
    grant_type: 'client_credentials',
    client_id: '0c0ffee0-0000-4000-8000-000000000001',
    client_secret: 'emulator-secret',
    scope: `${origin}/.default`,
  }
  const asked = {
    method: 'POST',
    url: `/${TENANT}/oauth2/v2.0/token`,
    headers: new Map(),
    body: `${new URLSearchParams(form)}`,
  }
  const { access_token: token } = JSON.parse((await exchange(world, origin, asked)).reply.body)
  /** @type {{ atMs: number, rows: number }[]} */
  const writes = []
  const send = async (/** @type {any} */ request, /** @type {AbortSignal} */ signal) => {
    const { rows, rowS } = loadOf(request, server.settings.rowS)
    const arrival = server.arrive('user 1', rows, clock.now() / 1_000, rowS)
    if (arrival.kind === 'refused') {
      const error = {
        code: { requests: '0x80072322', 'execution-time': '0x80072321' }[arrival.limit] ?? '0x80072326',
        message: '',
      }
      return { status: 429, headers: { 'retry-after': String(arrival.retryAfterS) }, body: JSON.stringify({ error }) }
    }
    const writing = /Multiple$/.test(request.path)
    const atMs = clock.now()
    await clock.sleep(arrival.durationS * 1_000, signal)
    arrival.end(clock.now() / 1_000)
    const path = request.path.startsWith('http') ? request.path.slice(origin.length) : `/api/data/v9.2/${request.path}`
    const headers = new Map(Object.entries(request.headers ?? {}).map(([name, value]) => [name.toLowerCase(), value]))
    const answer = await exchange(world, origin, {
      method: request.method,
      url: path,
      headers,
      body: request.body ?? '',
    })
    if (writing) writes.push({ atMs, rows })
    const all = Object.entries({ ...answer.headers, ...answer.reply.headers }).map(([name, value]) => [
      name.toLowerCase(),
      value,
    ])
    return { status: answer.reply.status, headers: Object.fromEntries(all), body: answer.reply.body ?? '' }
  }
  const dataverse = openDataverse({
    apiRoot: `${origin}/api/data/v9.2/`,
    authentication: [
      {
        tenantId: TENANT,
        clientId: form.client_id,
        credential: { kind: 'secret', secret: { reveal: () => form.client_secret } },
      },
    ],
    userAgent: 'bench',
    transport: { send, close: async () => {} },
    tokens: () => ({ token: async () => token, forget: () => {} }),
    pace: {
      windowMs: 300_000 * scale,
      slackMs: 600 * scale,
      documentedSeconds: 1_200 * scale,
      documentedRequests: 6_000 * scale,
    },
    // No real time passes in a virtual request, but the timer of its timeout runs on the machine's clock.
    requestTimeoutMs: 3_600_000,
    clock,
    random: () => 0.5,
  })
  return { dataverse, writes, origin }
}

/** An apply on the virtual clock: rows per second beside what the limits allow. @param {string} folder */
async function apply(folder) {
  const { openWorld } = await load('src/emulator/emulator.js')
  const { loadSettings } = await load('src/config/load.js')
  const { fingerprints } = await load('src/config/fingerprint.js')
  const { openPorts } = await load('src/wire.js')
  const { silentLog } = await load('src/lib/log.js')
  const { noProgress } = await load('src/lib/progress.js')
  const { migrate } = await load('jobs/migrate.js')
  const clock = new VirtualClock()
  const now = () => BEGIN_MS + clock.now()
  const neededS = (contacts * COLUMNS * messageS(DOCUMENTED, 1_000)) / 1_000
  const scale = Math.min(1, neededS / (DOCUMENTED.seconds * WINDOWS))
  const { windowS, seconds, requests } = DOCUMENTED
  const server = new Server({ windowS: windowS * scale, seconds: seconds * scale, requests: requests * scale }, 1)
  const world = openWorld({
    seed: seed(),
    now,
    uptime: clock.monotonic,
    sleep: clock.sleep,
    tokenSeconds: 1e9,
    tokenClock: now,
  })
  const { dataverse, writes, origin } = await connect(world, clock, server, scale)
  const text = JSON.stringify(configuration(origin, {}))
  const settings = await loadSettings('apply.json', { cwd: folder, env: {}, readFile: async () => text })
  const own = await openPorts(settings, {
    log: silentLog,
    progress: noProgress,
    version: 'bench',
    clock: { ...clock, now, monotonic: clock.monotonic, sleep: clock.sleep },
  })
  const [legacy, current] = settings.targets
  const request = {
    run: 'bench',
    sides: { legacy, current },
    fingerprint: fingerprints(settings).delivery.current,
    adoptEnvironment: false,
  }
  /** @type {any} */
  let report
  const startedMs = performance.now()
  const work = migrate(
    { ...own, openDataverse: () => dataverse },
    settings,
    'apply',
    request,
    new AbortController().signal,
  ).then((/** @type {any} */ done) => {
    report = done
  })
  await Promise.race([work, clock.run(() => report !== undefined, 1e10)])
  await work
  await dataverse.close()
  await own.close()
  const { whole, rows } = wholeWindows(writes, server.settings.windowS * 1_000)
  const ceilingPerWindow = ceilingPerS(server.settings, 1) * server.settings.windowS
  return {
    rows: report.slots.rows,
    virtualS: clock.now() / 1_000,
    ratio: rows / (ceilingPerWindow * whole),
    windows: whole,
    refused: server.counters.refused,
    realS: (performance.now() - startedMs) / 1_000,
    peakMiBWithEmulator: process.resourceUsage().maxRSS / 1_024,
  }
}

/**
 * Rows begun within whole windows, from the first write on: a window that is only begun may be spent at once.
 *
 * @param {readonly { atMs: number, rows: number }[]} writes @param {number} windowMs
 */
function wholeWindows(writes, windowMs) {
  const times = writes.map(({ atMs }) => atMs)
  const firstMs = Math.min(...times)
  const whole = Math.floor((Math.max(...times) - firstMs) / windowMs)
  const within = writes.filter(({ atMs }) => atMs < firstMs + whole * windowMs)
  return { whole, rows: within.reduce((sum, { rows }) => sum + rows, 0) }
}

const folder = mkdtempSync(join(tmpdir(), 'bench-migrate-'))
mkdirSync(join(folder, 'export'), { recursive: true })
try {
  if (values.only !== 'apply') process.stdout.write(`${JSON.stringify({ plan: await plan(folder) })}\n`)
  if (values.only !== 'plan') process.stdout.write(`${JSON.stringify({ apply: await apply(folder) })}\n`)
} finally {
  rmSync(folder, { recursive: true, force: true })
}
