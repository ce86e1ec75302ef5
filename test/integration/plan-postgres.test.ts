/** Plans with a store in PostgreSQL: as with a file, beside whoever holds it, and without a trace in it. */

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { DEFAULT_SECRET } from '../../src/emulator/seed-ids.ts'
import { openPostgresStore } from '../../src/store/postgres.ts'
import {
  CLI,
  CONFIG,
  configuration,
  daysAgo,
  type Ended,
  type Lab,
  line,
  openLab,
  runCli,
  target,
} from '../support/cli-run.ts'
import { storeRows } from '../support/postgres-rows.ts'
import { findPostgres, type PostgresServer, startPostgres } from '../support/postgres-server.ts'
import { type Control, controlOf } from '../support/sync-run.ts'
import { describePlans } from './plan.ts'

const bin = findPostgres()
const LIMIT_MS = 120_000
const DATE = daysAgo(1)
const PEOPLE = [1, 2, 3].map((n) => ({
  contactid: `c0000000-0000-4000-8000-00000000000${n}`,
  lastname: 'x',
  emailaddress1: `zq-${n}@example.com`,
}))

/** The setting `store` of a schema, whose password stands in `STORE_PASSWORD`. */
function storeIn(server: PostgresServer, schema: string, user = 'owner'): object {
  const { host, port, database } = server.address(schema)
  // A killed run is waited for, but not for long.
  return {
    postgres: {
      ...{ host, port, database, user, schema, password: `\${env:STORE_PASSWORD}` },
      ...{ spill: './spill', lease: '8s' },
    },
  }
}
const passwordOf = (server: PostgresServer) => server.address('').password.reveal()

describe.skipIf(bin === undefined)('with a server', () => {
  describePlans(async () => {
    const server = await startPostgres(bin ?? '')
    return {
      settings: (lab) => storeIn(server, `plans_${lab}`),
      env: { STORE_PASSWORD: passwordOf(server) },
      close: () => server.close(),
    }
  })
})

describe.skipIf(bin === undefined)('beside whoever holds the store', () => {
  let server: PostgresServer
  let lab: Lab
  let control: Control
  let env: Record<string, string>
  let schema = ''
  let schemas = 0

  beforeAll(async () => {
    server = await startPostgres(bin ?? '')
    env = { DATAVERSE_CLIENT_SECRET: DEFAULT_SECRET, STORE_PASSWORD: passwordOf(server) }
  })
  afterAll(() => server?.close())
  beforeEach(async () => {
    schemas += 1
    schema = `beside_${schemas}`
    const columns = [{ type: 'boolean', name: 'new_news', defaultValue: null }] as const
    lab = await openLab({ seed: { columns: { contact: columns }, rows: { contacts: PEOPLE } } })
    control = controlOf(lab.emulator.url)
    await configure()
    await lab.part(DATE, 'a.ndjson', PEOPLE.map(({ emailaddress1 }) => line(emailaddress1, DATE)).join('\n'))
    await lab.seal(DATE)
  })
  afterEach(() => lab.close())

  const configure = (user?: string) =>
    lab.configure(
      configuration([target(lab.emulator.url, 'columns', 'contact', [{ id: 'new_news', value: 'newsletter' }])], {
        store: storeIn(server, schema, user),
      }),
    )
  const cli = (...args: string[]): Promise<Ended> =>
    runCli([...args, '--config', CONFIG, '--json', ...(args[0] === 'explain' ? [] : ['--quiet'])], {
      cwd: lab.folder,
      env,
    })
  const makeStore = async () => (await openPostgresStore(server.address(schema), { now: () => 0 })).close()
  const start = (...args: string[]): ChildProcess =>
    spawn(process.execPath, [CLI, ...args, '--config', CONFIG, '--json', '--quiet'], {
      cwd: lab.folder,
      env: { PATH: process.env['PATH'] ?? '', ...env },
      stdio: 'ignore',
    })
  const nothingKept = () =>
    server.until(`SELECT 1 WHERE NOT EXISTS (SELECT 1 FROM pg_class WHERE relpersistence = 't')`)
  const scratches = () => readdirSync(join(lab.folder, 'spill'))

  it('plan, verify and explain leave every row of the store as it was, and nothing beside it', {
    timeout: LIMIT_MS,
  }, async () => {
    expect((await cli('sync')).code).toBe(0)
    await lab.part(
      DATE,
      'b.ndjson',
      line(PEOPLE[0]?.emailaddress1, DATE, { id: 'other', purposes: [{ id: 'newsletter', enabled: false }] }),
    )
    const before = await storeRows(server, schema)
    expect(before['ledger']).toHaveLength(3)
    const [planned, verified, explained] = [
      await cli('plan', '--from', DATE, '--detailed-exitcode'),
      await cli('verify'),
      await cli('explain', '--ouid', 'zq-2@example.com'),
    ]
    expect([planned.code, verified.code, explained.code]).toEqual([8, 0, 0])
    expect(JSON.parse(planned.stdout)).toMatchObject({ changes: 1, failures: [] })
    expect(JSON.parse(explained.stdout).persons).toMatchObject([{ targets: [{ outcome: 'unchanged' }], past: [{}] }])
    expect(await storeRows(server, schema)).toEqual(before)
    await nothingKept()
    expect(scratches()).toEqual([])
  })

  it('a run goes on and ends as it would have, while another process plans, reads back and explains', {
    timeout: LIMIT_MS,
  }, async () => {
    const hold = await control.hold({ message: 'UpdateMultiple' })
    const sync = cli('sync')
    await control.held(hold)
    const looks = [await cli('plan'), await cli('verify'), await cli('explain', '--ouid', 'zq-1@example.com')]
    expect(looks.map(({ code, stderr }) => [code, stderr])).toEqual([0, 0, 0].map((code) => [code, '']))
    // What needs the lease is refused meanwhile, as ever.
    expect((await cli('sync')).code).toBe(7)
    await control.ask('POST', 'hold/release', {})
    const { code, stderr, stdout } = await sync
    expect([code, stderr, JSON.parse(stdout).failures]).toEqual([0, '', []])
    expect((await control.rows('contacts')).map((row) => row['new_news'])).toEqual([true, true, true])
  })

  it.each(['SIGTERM', 'SIGKILL'] as const)(
    '%s ends a plan without a trace in the database',
    {
      timeout: LIMIT_MS,
    },
    async (signal) => {
      await makeStore()
      const before = await storeRows(server, schema)
      const hold = await control.hold({ path: '/contacts' })
      const plan = start('plan')
      await control.held(hold)
      const ended = once(plan, 'exit')
      plan.kill(signal)
      await control.ask('POST', 'hold/release', {})
      expect(await ended).toEqual(signal === 'SIGTERM' ? [143, null] : [null, signal])
      await nothingKept()
      expect(await storeRows(server, schema)).toEqual(before)
      // A killed process leaves its folder beside the others on their way; the next one removes it.
      expect(scratches()).toHaveLength(signal === 'SIGTERM' ? 0 : 1)
      expect((await cli('plan')).code).toBe(0)
      expect(scratches()).toEqual([])
    },
  )

  it('who may not make temporary tables hears what to grant, and `apply` asks for it before anything else', {
    timeout: LIMIT_MS,
  }, async () => {
    await makeStore()
    expect((await cli('plan', '--out', 'a.plan')).code).toBe(0)
    await server.ask(`CREATE ROLE little LOGIN PASSWORD '${env['STORE_PASSWORD']}'; REVOKE TEMPORARY ON DATABASE postgres FROM PUBLIC;
      GRANT USAGE ON SCHEMA ${schema} TO little; GRANT SELECT ON ALL TABLES IN SCHEMA ${schema} TO little`)
    await configure('little')
    for (const args of [['plan'], ['verify'], ['explain', '--ouid', 'x'], ['apply', 'a.plan']]) {
      const { code, stderr } = await cli(...args)
      expect([code, stderr]).toEqual([3, expect.stringMatching(/^store-copy-forbidden: .*GRANT TEMPORARY ON DATABASE/)])
    }
    await server.ask('GRANT TEMPORARY ON DATABASE postgres TO PUBLIC')
    // Looking asks for no more than reading.
    expect((await cli('plan')).code).toBe(0)
  })
})
