/** What README and docs promise is done here: commands run, examples load and deliver, privileges suffice. */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { statSync } from 'node:fs'
import { mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, relative } from 'node:path'
import { createInterface } from 'node:readline'
import Database from 'libsql'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parse, stringify } from 'yaml'
import { packExport } from '../../fixtures/pack.mjs'
import { loadSettings } from '../../src/config/load.ts'
import { emulatorAuthority } from '../../src/demo/configuration.ts'
import { type DidomiEmulator, startDidomiEmulator } from '../../src/emulator/didomi.ts'
import { type Emulator, startEmulator } from '../../src/emulator/emulator.ts'
import type { EmulatorSeed } from '../../src/emulator/seed.ts'
import { COMMERCIAL_PURPOSE_ID, DEFAULT_APP_ID, DEFAULT_SECRET } from '../../src/emulator/seed-ids.ts'
import { type Cloud, openGcsCloud, openS3Cloud } from '../support/clouds.ts'
import { userOf } from '../support/didomi-users.ts'
import {
  blocksIn,
  codeSpansIn,
  commandsIn,
  DOCS,
  examples,
  proseOf,
  ROOT,
  tableIn,
  textOf,
} from '../support/documents.ts'

const TENANT = 'd2a4c6e8-1357-4b9d-8f02-6a8c0e2b4d6f'

let folder: string
let emulator: Emulator
let didomi: DidomiEmulator
let env: NodeJS.ProcessEnv

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'didomi-dataverse-docs-'))
  emulator = await startEmulator({ seed: JSON.parse(textOf('fixtures/world.json')) })
  didomi = await startDidomiEmulator({
    users: ['nora', 'otto'].map((name) => userOf(`${name}.newcomer@example.com`)),
  })
  env = {
    ...process.env,
    PATH: [join(folder, 'npm/bin'), dirname(process.execPath), process.env['PATH']].join(':'),
    npm_config_prefix: join(folder, 'npm'),
    npm_config_offline: 'true',
    DATAVERSE_INSTANCE: emulator.url,
    DATAVERSE_TENANT_ID: TENANT,
    DATAVERSE_CLIENT_ID: DEFAULT_APP_ID,
    DATAVERSE_CLIENT_SECRET: DEFAULT_SECRET,
    DIDOMI_API_SECRET: didomi.secret,
    OUID: 'clara.mindchanger@example.com',
    PLAN: '0123456789abcdef',
  }
  expect((await run('npm link')).code).toBe(0)
}, 120_000)

afterAll(async () => {
  await emulator.close()
  await didomi.close()
  await rm(folder, { recursive: true, force: true })
})

interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** `npm` works on the repository, everything else in the operator's folder. */
async function run(command: string, cwd = ROOT, more: NodeJS.ProcessEnv = {}): Promise<Ended> {
  const child = spawn('bash', ['-euc', command], { cwd, env: { ...env, ...more }, stdio: ['ignore', 'pipe', 'pipe'] })
  let stdout = ''
  let stderr = ''
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk
  })
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk
  })
  const [code] = await once(child, 'close')
  return { code, stdout, stderr }
}

/**
 * An operator's folder beside an environment never written to: the export, the fixtures, and an example's
 * configuration with what is `given` besides, its tokens taken from the emulator.
 */
async function operatorsFolder(name: string, example: string, given: object = {}): Promise<string> {
  emulator.world.reset()
  const place = join(folder, name)
  await packExport(join(ROOT, 'fixtures/export'), join(place, 'exports'))
  await symlink(join(ROOT, 'fixtures'), join(place, 'fixtures'))
  // Pages have tests of their own: they take their time to draw.
  const settings = { report: { page: false }, ...parse(example), ...given }
  for (const target of settings.targets) {
    target.authentication = emulatorAuthority(emulator.url, TENANT)
  }
  await writeFile(join(place, 'didomi-dataverse.yaml'), stringify(settings))
  return place
}

const example = (type: string): string =>
  examples.find(({ text }) => text.includes(`type: ${type}\n`))?.text ?? `no example of ${type}`

/** What the commands of the documents need besides: an archive and Didomi's API, which here is an emulator. */
function archiveAndApi(): object {
  const { apiRoot, organizationId, key } = didomi
  const api = { apiRoot, organizationId, key, secret: `\${env:DIDOMI_API_SECRET}` }
  return { archive: { to: { directory: './archive' } }, didomi: api }
}

/** A first configuration is told where tokens come from by a flag. */
function atTheEmulator(command: string): string {
  if (!command.startsWith('didomi-dataverse init ')) return command
  return `${command} --authentication '${JSON.stringify(emulatorAuthority(emulator.url, TENANT))}'`
}

const SYNC = 'didomi-dataverse sync --config didomi-dataverse.yaml'

describe('commands', () => {
  /** Only these replace what is installed or built while other tests use it; the check of a fresh clone runs them. */
  const LEFT_TO_CI = /^npm (ci|test|run [\w:-]+)$/
  it('README shows the two commands, and .ci/run runs every npm command that stands in a document', () => {
    expect(commandsIn('README.md').slice(0, 2)).toEqual(['npm ci && npm run demo', 'npm ci && npm test'])
    const left = DOCS.flatMap(commandsIn)
      .flatMap((line) => line.split(' && '))
      .filter((command) => LEFT_TO_CI.test(command))
    const ci = textOf('.ci/run')
      .split('\n')
      .filter((line) => !line.includes('announce'))
    // At the beginning of a line, or after `if`.
    const runs = (command: string) =>
      ci.some((line) => `${line.trim().replace(/^if /, '')} `.replace(';', ' ').startsWith(`${command} `))
    expect(left.filter((command) => !runs(command))).toEqual([])
  })

  /** A test of its own runs it: its servers stay, and its ports are fixed. */
  const OF_ITS_OWN = ['docs/tutorial.md']
  for (const path of DOCS.filter((doc) => commandsIn(doc).length > 0 && !OF_ITS_OWN.includes(doc))) {
    it(`every command of ${path} works`, { timeout: 600_000 }, async () => {
      const given = { ...archiveAndApi(), ...targetsOf(path) }
      const place = await operatorsFolder(path.replace(/\W/g, '-'), example('microsoft-dynamics-cpc'), given)
      const commands = commandsIn(path).filter((line) => !line.split(' && ').every((one) => LEFT_TO_CI.test(one)))
      expect(commands.length).toBeGreaterThan(0)
      for (const line of commands) {
        const [written = '', expected = '0'] = line.split(/ # exit (?=\d+$)/)
        const command = atTheEmulator(written)
        if (/ emulate( |$)/.test(command)) {
          await startsAndStops(command, place)
          continue
        }
        const { code, stdout, stderr } = await run(command, /^np[mx] /.test(command) ? ROOT : place)
        expect(`${line} → ${code}`, stdout + stderr).toBe(`${line} → ${expected}`)
        expect(stdout + stderr).not.toContain('@example')
      }
      if (!commands.some((line) => line.startsWith(SYNC))) return
      const again = await run(`${SYNC} --json`, place)
      const { exitCode, deliver } = JSON.parse(again.stdout)
      expect([exitCode, deliver.length > 0]).toEqual([0, true])
      for (const { places } of deliver) expect(places).toMatchObject({ written: 0, rejected: 0 })
    })
  }

  /** Where a document is about several targets it shows them, and its commands are run with them. */
  function targetsOf(path: string): object {
    const parts = blocksIn(path).flatMap(({ info, text }) => (info === 'yml' ? [parse(text)] : []))
    return parts.find(({ targets }) => targets?.length > 1) ?? {}
  }

  async function startsAndStops(command: string, place: string): Promise<void> {
    const child = spawn('bash', ['-euc', `exec ${command}`], { cwd: place, env, stdio: ['ignore', 'pipe', 'inherit'] })
    const [line] = await once(createInterface({ input: child.stdout }), 'line')
    const { url } = JSON.parse(line)
    expect(await (await fetch(`${url}/__emulator/rows/contacts`)).json()).not.toHaveLength(0)
    child.kill('SIGTERM')
    expect(await once(child, 'exit')).toEqual([0, null])
  }

  it('the store has the modes that operations.md tells, and fits the SQL that it shows', {
    timeout: 120_000,
  }, async () => {
    const place = await operatorsFolder('sql', example('microsoft-dynamics'))
    expect((await run(`${SYNC} --quiet`, place)).code).toBe(0)
    const modes = ['', '/didomi-dataverse.db', '/didomi-dataverse.db.lease'].map(
      (name) => statSync(join(place, `state${name}`)).mode & 0o777,
    )
    expect(modes).toEqual([0o700, 0o600, 0o600])
    const shown = DOCS.flatMap((path) => [...textOf(path).matchAll(/sqlite3 (\S+) '([^']+)'/g)])
    expect(shown.length).toBeGreaterThan(0)
    for (const [, file = '', sql = ''] of shown) {
      const database = new Database(join(place, file), { fileMustExist: true } as Database.Options)
      expect(database.prepare(sql).all()).toBeInstanceOf(Array)
      database.close()
    }
  })

  it('flags that are spoken of exist', { timeout: 120_000 }, async () => {
    const helps = await Promise.all(
      [
        '--help',
        'sync --help',
        'bootstrap --help',
        'plan --help',
        'apply --help',
        'verify --help',
        'explain --help',
        'init --help',
        'reverse run --help',
        'reverse serve --help',
        'reverse webhook install --help',
        'errors --help',
        'doctor --help',
        'doctor role --help',
        'sources status --help',
        'runs list --help',
        'runs show --help',
        'migrate plan --help',
        'migrate apply --help',
        'migrate rollback --help',
        'forget --help',
        'store check --help',
        'store backup --help',
        'store restore --help',
        'evidence check --help',
        'evidence export --help',
        'emulate --help',
        'config schema --help',
      ].map((of) => run(`didomi-dataverse ${of}`)),
    )
    const flags = new Set(helps.flatMap(({ stdout }) => stdout.match(/--[a-z-]+/g) ?? []))
    const spoken = DOCS.flatMap((path) => [
      ...codeSpansIn(proseOf(path)).filter((span) => span.startsWith('--')),
      ...commandsIn(path).filter((line) => line.startsWith('didomi-dataverse')),
      ...blocksIn(path)
        .filter(({ info }) => info === 'console' || info === 'text')
        .flatMap(({ text }) => text.split('\n'))
        .filter((line) => /^(\$ )?didomi-dataverse /.test(line)),
    ]).flatMap((text) => text.match(/(?<![\w-])--[a-z-]+/g) ?? [])
    expect(spoken.length).toBeGreaterThan(10)
    expect(spoken.filter((flag) => !flags.has(flag))).toEqual([])
  })
})

describe('examples', () => {
  it('every YAML example is a configuration that loads', async () => {
    expect(examples.length).toBeGreaterThan(2)
    for (const { text } of examples) {
      const path = join(ROOT, 'fixtures/example.yaml')
      const settings = await loadSettings(path, {
        env: { ...env, DATAVERSE_INSTANCE: 'https://acme.crm4.dynamics.com', STORE_PASSWORD: 'not a real one' },
        readFile: async (file) => {
          if (file === path) return text
          return /\/secrets\/\w+$/.test(file) ? 'not a real one' : await readFile(file, 'utf8')
        },
        cwd: ROOT,
      })
      expect(settings.targets.length).toBe(1)
      expect(settings.warnings).toEqual([])
    }
  })

  it.each([
    ['s3', openS3Cloud],
    ['gcs', openGcsCloud],
  ] as const)(
    'the source of README in a bucket (%s) is read, archived and delivered',
    { timeout: 120_000 },
    async (kind, openCloud) => {
      const parts = blocksIn('README.md').filter(({ info }) => info === 'yml')
      const shown = parts.map(({ text }) => parse(text)).find(({ source }) => source[kind] !== undefined)
      const source: Cloud = await openCloud()
      const copies: Cloud = await openCloud()
      const at = (cloud: Cloud, location: Record<string, object>) => {
        const [[name = '', own] = []] = Object.entries(cloud.location)
        return location[name] === undefined
          ? location
          : { ...location, [name]: { ...location[name], ...(own as object) } }
      }
      const given = { source: at(source, shown.source), archive: { to: at(copies, shown.archive.to) } }
      const place = await operatorsFolder(`bucket-${kind}`, example('microsoft-dynamics-cpc'), given)
      const exports = join(place, 'exports')
      for (const entry of await readdir(exports, { recursive: true, withFileTypes: true })) {
        const path = join(entry.parentPath, entry.name)
        if (entry.isFile()) source.put(relative(exports, path), await readFile(path))
      }
      const { code, stdout, stderr } = await run(`${SYNC} --json --quiet --log-level error`, place, source.env)
      expect([code, stderr]).toEqual([0, ''])
      const { ingest, deliver } = JSON.parse(stdout)
      expect(ingest.partitions).toHaveLength(6)
      expect(deliver[0].outcomes.written).toBeGreaterThan(100)
      const sealed = source.keys().filter((key) => !/cmp_hourly_metrics|date=2026-10-23/.test(key))
      const kept = copies.keys().length > 0 ? copies.keys() : await archivedIn(join(place, 'archive'))
      expect([...kept].sort()).toEqual([...sealed].sort())
      await source.close()
      await copies.close()
    },
  )

  async function archivedIn(archive: string): Promise<string[]> {
    const entries = await readdir(archive, { recursive: true, withFileTypes: true })
    return entries
      .filter((entry) => entry.isFile())
      .map(({ parentPath, name }) => relative(archive, join(parentPath, name)))
  }

  it('the demo prints what README shows of it', { timeout: 120_000 }, async () => {
    const plain = (line: string) =>
      line
        .trim()
        .replace(/Run \S+:/, 'Run:')
        .replace(/\d+\.\d s/g, 's')
    const { code, stdout } = await run('node dist/jobs/demo.js')
    expect(code).toBe(0)
    const printed = stdout.split('\n').map(plain)
    const shown = blocksIn('README.md').find(({ text }) => text.startsWith('Three persons'))?.text ?? ''
    const lines = shown.split('\n').map(plain)
    for (const line of lines.filter((one) => one !== '' && one !== '…')) expect(printed).toContain(line)
  })

  it.each([
    ['contact point consents', 'microsoft-dynamics-cpc'],
    ['contact columns', 'microsoft-dynamics'],
  ])('the privileges listed for %s are enough', { timeout: 120_000 }, async (mode, type) => {
    const table = new Map(
      tableIn('README.md', 'privileges').map(([name = '', cell = '']) => [name.replace(/ \(.*/, ''), cell]),
    )
    const listed = new Set(codeSpansIn(`${table.get('both')} ${table.get(mode)}`))
    const place = await operatorsFolder(`least-${type}`, example(type))
    const held = emulator.world.state.registrations.get(DEFAULT_APP_ID)?.identity?.privileges ?? new Map()
    expect([...listed].filter((name) => !held.has(name))).toEqual([])
    for (const name of [...held.keys()]) if (!listed.has(name)) held.delete(name)
    expect(held.size).toBe(listed.size)
    const { code, stdout } = await run(`${SYNC} --quiet`, place)
    expect(code, stdout).toBe(0)
    held.delete('prvReadContact')
    const refused = await run(`${SYNC} --quiet`, place)
    expect(refused.code).toBe(3)
    expect(refused.stdout).toContain('prvReadContact')
  })

  it('the control endpoints that emulator.md lists exist', async () => {
    const seed: EmulatorSeed = JSON.parse(textOf('fixtures/world.json'))
    const keys = [{ table: 'contact', schemaName: 'new_MailKey', columns: ['emailaddress1'] }]
    const own = await startEmulator({ seed: { ...seed, keys: [...(seed.keys ?? []), ...keys] } })
    const [contact] = own.world.rows('contacts') as { contactid: string }[]
    const { schema } = own.world.state.table('contact')
    const key = schema.keys[0]?.schemaName ?? ''
    const column = [...schema.columns.values()].find(({ custom }) => custom)?.logicalName ?? ''
    const fill = (path: string) =>
      path
        .replace('<set>', 'contacts')
        .replace('<id>', contact?.contactid ?? '')
        .replace('<table>', 'contact')
        .replace('<key>', key)
        .replace('<column>', column)
        .replace(
          /^contactability$/,
          `contactability?address=a%40example.com&purpose=${COMMERCIAL_PURPOSE_ID}&channel=email`,
        )
    const bodies: Record<string, string> = { faults: '[]', 'keys/<table>/<key>': '{"status":"Active"}' }
    const requests = tableIn('docs/emulator.md', 'control').flatMap(([cell = '']) => codeSpansIn(cell))
    expect(requests.length).toBeGreaterThan(15)
    for (const request of requests) {
      const [method = '', path = ''] = request.split(' ')
      const body = method === 'GET' || method === 'DELETE' ? null : (bodies[path] ?? '{}')
      const held = path === 'hold/wait' ? fetch(`${own.url}/api/data/v9.2/WhoAmI`) : undefined
      const answer = await fetch(`${own.url}/__emulator/${fill(path)}`, { method, body })
      expect(`${request} ${answer.ok}`).toBe(`${request} true`)
      if (held !== undefined) await fetch(`${own.url}/__emulator/hold/release`, { method: 'POST', body: '{}' })
      await held
    }
    await own.close()
  })
})
