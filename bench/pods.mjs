/** The benchmark of many pods: one job by 1, 2 and 4 real processes on one PostgreSQL, against a Dataverse with limits. */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { availableParallelism, loadavg, tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { performance } from 'node:perf_hooks'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { gzipSync } from 'node:zlib'
import { PASSWORD, startPostgres } from './pods/postgres.mjs'

const USAGE = `npm run bench:pods -- [options]

  --persons 1500   persons to deliver, two consents each
  --pods 1,2,4     numbers of pods, each measured with an application user for each pod, and with one for all
  --dist FOLDER    the built product (dist)
  --assert         exit with 1 where four pods with users of their own are not twice as fast as one
  --json           print all measurements as JSON
`

/**
 * Rows are dear, so that the environment and not this machine sets the pace: a row takes 40 ms, and at most eight requests of
 * a user are at work at once. A user then writes at most 8 / 0.04 = 200 rows a second, however many pods share it.
 */
const SERVICE = { baseMs: 100, readMs: 5, rowMs: { create: 40, update: 40, upsert: 40, delete: 40 }, sigma: 0.1 }
const AT_ONCE = 8
const CEILING = (1_000 / SERVICE.rowMs.create) * AT_ONCE
const WANTED_RATIO = 2
const TENANT = '00000000-0000-4000-8000-00000000000a'
const DATE = '2026-10-20'
const HERE = dirname(fileURLToPath(import.meta.url))

const { values } = parseArgs({
  options: {
    persons: { type: 'string', default: '1500' },
    pods: { type: 'string', default: '1,2,4' },
    dist: { type: 'string', default: resolve(HERE, '..', 'dist') },
    assert: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})
if (values.help) {
  process.stdout.write(USAGE)
  process.exit()
}
const persons = Number(values.persons)
const counts = values.pods.split(',').map(Number)
const most = Math.max(...counts)
const dist = resolve(values.dist)
const built = (path) => import(join(dist, 'src', path))
const { COMMERCIAL_PURPOSE_ID, SECOND_PURPOSE_ID } = await built('emulator/seed-ids.js')

/** A GUID of the benchmark's own. @param {string} kind @param {number} number */
const guid = (kind, number) => `${kind}0000000-0000-4000-8000-${String(number).padStart(12, '0')}`
const userOf = (number) => ({ appId: guid('b', number), secret: `secret ${number}`, userId: guid('d', number) })

async function startEmulator() {
  const options = {
    seed: { applications: Array.from({ length: most }, (_, number) => userOf(number)) },
    serviceTime: SERVICE,
    limits: { concurrent: AT_ONCE },
  }
  const child = spawn(process.execPath, [join(HERE, 'deliver', 'emulator.mjs'), dist, JSON.stringify(options)], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  const [{ url }] = await once(child, 'message')
  return { url, ask: async (path) => (await fetch(`${url}/__emulator/${path}`)).json(), stop: () => child.kill() }
}

/** @param {string} folder */
async function writeExport(folder) {
  const users = join(folder, 'export', 'data', 'export-id=E', `date=${DATE}`, 'users')
  await mkdir(users, { recursive: true })
  for (let part = 0; part < 8; part += 1) {
    const lines = []
    for (let person = part; person < persons; person += 8) lines.push(lineOf(person))
    await writeFile(join(users, `part-${part}.json.gz`), gzipSync(lines.join('\n')))
  }
  await writeFile(join(users, '_SUCCESS'), '')
}

/** @param {number} person */
function lineOf(person) {
  const purposes = ['news', 'offers'].map((id, at) => ({ id, enabled: (person + at) % 3 !== 0 }))
  const user = { id: `u${person}`, organization_user_id: `p${person}@example.com`, version: 1 }
  return JSON.stringify({ user: { ...user, updated_at: `${DATE}T10:00:00Z`, consents: { purposes } }, events: [] })
}

/** @param {string} url @param {number} users @param {number} port @param {string} schema */
function configOf(url, users, port, schema) {
  const authority = `https://login.example.com/${TENANT}`
  const metadata = {
    token_endpoint: `${url}/${TENANT}/oauth2/v2.0/token`,
    authorization_endpoint: `${authority}/authorize`,
    issuer: `${authority}/v2.0`,
    jwks_uri: `${authority}/keys`,
  }
  const authentication = Array.from({ length: users }, (_, number) => {
    const { appId, secret } = userOf(number)
    const signIn = { authority, knownAuthorities: ['login.example.com'], authorityMetadata: metadata }
    return { clientId: appId, clientSecret: secret, ...signIn }
  })
  const first = userOf(0)
  const account = { client_id: first.appId, client_secret: first.secret, tenant_id: TENANT, instance: url }
  const mappings = [
    { id: `purpose:${COMMERCIAL_PURPOSE_ID}`, value: 'consents_purposes_news_enabled' },
    { id: `purpose:${SECOND_PURPOSE_ID}`, value: 'consents_purposes_offers_enabled' },
  ]
  const integration = {
    type: 'microsoft-dynamics-cpc',
    authentication: account,
    properties: {},
    mappings,
    upsert_mode: false,
  }
  const points = [{ channel: 'email', from: 'organization_user_id' }]
  const target = { name: 'crm', integration, authentication, addressOnly: true, contactPoints: points }
  const store = { host: '127.0.0.1', port, database: 'postgres', user: 'owner', password: PASSWORD, schema }
  return {
    source: { directory: './export' },
    store: { postgres: { ...store, spill: './spill' } },
    targets: [{ ...target, concurrency: AT_ONCE, batchRows: 100 }],
  }
}

/** One pod, to its end. @param {string} folder @param {string} job @param {number} index */
async function runPod(folder, job, index) {
  const args = [
    join(dist, 'src', 'cli.js'),
    'sync',
    '--config',
    'config.json',
    '--job',
    job,
    '--json',
    '--quiet',
    '--log-level',
    'error',
  ]
  const env = { ...process.env, JOB_COMPLETION_INDEX: String(index) }
  const child = spawn(process.execPath, args, { cwd: folder, env, stdio: ['ignore', 'pipe', 'inherit'] })
  let out = ''
  child.stdout.setEncoding('utf8').on('data', (text) => {
    out += text
  })
  const [exitCode] = await once(child, 'close')
  if (exitCode !== 0) throw new Error(`pod ${index} ended with ${exitCode}`)
  return JSON.parse(out)
}

/** @param {string} folder @param {number} port @param {number} pods @param {number} users */
async function measure(folder, port, pods, users) {
  const emulator = await startEmulator()
  try {
    const job = `pods-${pods}-users-${users}`
    const config = configOf(emulator.url, users, port, job.replaceAll('-', '_'))
    await writeFile(join(folder, 'config.json'), JSON.stringify(config))
    const began = performance.now()
    const reports = await Promise.all(Array.from({ length: pods }, (_, index) => runPod(folder, job, index)))
    const wallS = (performance.now() - began) / 1_000
    const journal = await emulator.ask('journal')
    const { throttles } = await emulator.ask('counters')
    const times = journal.map(({ at }) => Date.parse(at))
    const writingS = (Math.max(...times) - Math.min(...times)) / 1_000
    const delivered = reports.map(({ deliver }) => deliver[0].persons)
    const rows = journal.filter(({ operation }) => operation === 'create').length
    if (rows !== 2 * persons || delivered.reduce((sum, one) => sum + one, 0) !== persons)
      throw new Error(`${rows} rows were made and ${delivered} persons delivered, of ${persons}`)
    return { pods, users, rows, wallS, writingS, rowsPerSecond: rows / writingS, throttles, delivered }
  } finally {
    emulator.stop()
  }
}

const postgres = await startPostgres()
if (postgres === undefined) {
  process.stderr.write('No PostgreSQL on this machine (apt-get install postgresql, or POSTGRES_BIN).\n')
  process.exit(2)
}
const folder = await mkdtemp(join(tmpdir(), 'bench-pods-'))
try {
  await writeExport(folder)
  const cells = [...counts.map((pods) => [pods, pods]), ...counts.filter((pods) => pods > 1).map((pods) => [pods, 1])]
  const results = []
  for (const [pods, users] of cells) results.push(await measure(folder, postgres.port, pods, users))
  const first = results[0].rowsPerSecond
  const ratios = results.map((result) => ({ ...result, ratio: result.rowsPerSecond / first }))
  if (values.json) process.stdout.write(`${JSON.stringify(ratios)}\n`)
  else {
    const load = loadavg()[0].toFixed(1)
    process.stdout.write(
      `${2 * persons} rows, ${availableParallelism()} cores, load ${load} at the end; a user's ceiling `,
    )
    process.stdout.write(
      `is ${CEILING} rows/s\n\npods  users   rows/s  ratio  writing s  whole s   429s  persons by pod\n`,
    )
    for (const { pods, users, rowsPerSecond, ratio, writingS, wallS, throttles, delivered } of ratios) {
      const figures = [
        rowsPerSecond.toFixed(0).padStart(7),
        ratio.toFixed(2).padStart(6),
        writingS.toFixed(1).padStart(9),
      ]
      const more = [wallS.toFixed(1).padStart(8), String(throttles).padStart(6), delivered.join(' ')]
      process.stdout.write(`${String(pods).padEnd(6)}${String(users).padEnd(6)}${[...figures, ...more].join(' ')}\n`)
    }
  }
  const four = ratios.find(({ pods, users }) => pods === 4 && users === 4)
  if (values.assert && four !== undefined && four.ratio < WANTED_RATIO) process.exitCode = 1
} finally {
  await postgres.close()
  await rm(folder, { recursive: true, force: true })
}
