/** The command line: help, flags, exit codes (§9), and what goes to stdout and what to stderr. */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { DEFAULT_APP_ID, DEFAULT_SECRET } from '../../src/emulator/seed-ids.ts'
import type { RunReport } from '../../src/report/run-report.ts'
import { openSqliteStore } from '../../src/store/sqlite.ts'
import {
  CLI,
  CONFIG,
  configuration,
  daysAgo,
  EXPORT_ID,
  type Lab,
  line,
  openLab,
  runCli,
  target,
} from '../support/cli-run.ts'
import { askToken } from './emulator-caller.ts'

const LIMIT_MS = 120_000
const [OLD, DATE] = [daysAgo(2), daysAgo(1)]
const OTHER_EXPORT = 'd0000000-1a2b-4c3d-8e4f-5a6b7c8d9e0f'
const NEWSLETTER = [{ id: 'new_newsletter', value: 'newsletter' }]
const PEOPLE = ['ada', 'ben', 'cem']

describe('without a run', () => {
  it.each([
    [['--help'], /Usage: didomi-dataverse .*[\s\S]*sync[\s\S]*bootstrap[\s\S]*sources[\s\S]*config[\s\S]*emulate/],
    [['sync', '--help'], /Usage: didomi-dataverse sync [\s\S]*--config <file>[\s\S]*--accept <plan>[\s\S]*--log-level/],
    [['sync', '--help'], /--wait-for-partition <date>[\s\S]*--wait-timeout <duration>[\s\S]*3h/],
    [
      ['bootstrap', '--help'],
      /Usage: didomi-dataverse bootstrap [\s\S]*--from <origin>[\s\S]*"api", "archive"[\s\S]*--restart[\s\S]*--rebuild/,
    ],
    [['sources', '--help'], /Usage: didomi-dataverse sources [\s\S]*status/],
    [['sources', 'status', '--help'], /Usage: didomi-dataverse sources status [\s\S]*--config <file>[\s\S]*--strict/],
    [['config', '--help'], /Usage: didomi-dataverse config [\s\S]*schema/],
    [['config', 'schema', '--help'], /Usage: didomi-dataverse config schema/],
    [
      ['emulate', '--help'],
      /Usage: didomi-dataverse emulate [\s\S]*--port <n>[\s\S]*--seed <file>[\s\S]*--limits[\s\S]*--time-scale <n>[\s\S]*--no-didomi/,
    ],
    [['plan', '--help'], /Usage: didomi-dataverse plan [\s\S]*--no-ingest[\s\S]*--show <n>[\s\S]*--out <file>/],
    [['apply', '--help'], /Usage: didomi-dataverse apply [\s\S]*<file>[\s\S]*--config <file>/],
    [['verify', '--help'], /Usage: didomi-dataverse verify [\s\S]*--sample <n>[\s\S]*--repair/],
    [['store', '--help'], /Usage: didomi-dataverse store [\s\S]*check[\s\S]*backup[\s\S]*restore/],
    [['migrate', '--help'], /Usage: didomi-dataverse migrate [\s\S]*plan[\s\S]*apply[\s\S]*verify[\s\S]*rollback/],
    [['--version'], /^\d+\.\d+\.\d+\n$/],
  ])(
    '%j is answered on stdout with exit 0',
    async (args, expected) => {
      const { code, stdout, stderr } = await runCli(args)
      expect([code, stderr]).toEqual([0, ''])
      expect(stdout).toMatch(expected)
    },
    LIMIT_MS,
  )

  it.each([
    [['sync', '--config', 'x.yaml', '--dry'], '--dry'],
    [['sync'], '--config'],
    [['synchronise'], 'synchronise'],
    [['sync', '--config', 'x.yaml', 'more'], 'too many arguments'],
    [['sync', '--config', 'x.yaml', '--from', '2026-02-30'], '--from'],
    [['sync', '--config', 'x.yaml', '--limit', '0'], '--limit'],
    [['sync', '--config', 'x.yaml', '--log-level', 'loud'], '--log-level'],
    [['sync', '--config', 'x.yaml', '--from', '2026-02-02', '--to', '2026-02-01'], '--from and --to'],
    [['sync', '--config', 'x.yaml', '--wait-for-partition', '2026-02-30'], '--wait-for-partition'],
    [['sync', '--config', 'x.yaml', '--wait-for-partition', 'yesterday'], 'or today'],
    [['sync', '--config', 'x.yaml', '--wait-for-partition', 'today', '--wait-timeout', '3'], '--wait-timeout'],
    [['sync', '--config', 'x.yaml', '--wait-timeout', '3h'], 'no --wait-for-partition'],
    [
      ['sync', '--config', 'x.yaml', '--wait-for-partition', 'today', '--from', '2026-02-01'],
      'found a repair by range',
    ],
    [['sync', '--config', 'x.yaml', '--wait-for-partition', 'today', '--to', '2026-02-01'], 'found a repair by range'],
    [['bootstrap', '--config', 'x.yaml'], '--from'],
    [['bootstrap', '--config', 'x.yaml', '--from', 'bucket'], '--from'],
    [['bootstrap', '--config', 'x.yaml', '--from', 'archive', '--restart'], '--restart'],
    [['bootstrap', '--from', 'api'], '--config'],
    [['sources'], 'status'],
    [['sources', 'status'], '--config'],
    [['config'], 'schema'],
    [[], 'sync'],
    [['emulate', '--port', 'x'], '--port'],
    [['emulate', '--seed', 'nowhere.json'], 'emulate: found ENOENT'],
    [['emulate', '--didomi-seed', 'nowhere.json'], 'emulate: found ENOENT'],
    [['emulate', '--time-scale', '0'], '--time-scale'],
  ])(
    '§9 %j ends with 2 and says why on stderr',
    async (args, why) => {
      const { code, stdout, stderr } = await runCli(args)
      expect([code, stdout]).toEqual([2, ''])
      expect(stderr).toContain(why)
    },
    LIMIT_MS,
  )

  it(
    'config schema prints a JSON Schema that knows the least configuration',
    async () => {
      const { code, stdout, stderr } = await runCli(['config', 'schema'])
      expect([code, stderr]).toEqual([0, ''])
      expect(JSON.parse(stdout)).toMatchObject({ type: 'object', required: ['source', 'targets'] })
    },
    LIMIT_MS,
  )

  it(
    'an error that nobody waits for is told by its kind alone, exit 1',
    async () => {
      // Once the program listens for such errors: before that there is nothing of a person in it.
      const script = `const timer = setInterval(() => {
        if (process.listenerCount('uncaughtException') === 0) return
        clearInterval(timer)
        throw new TypeError('ada@example.com')
      }, 5)`
      const { code, stderr, stdout } = await runCli(['emulate'], {
        nodeArgs: ['--import', `data:text/javascript,${encodeURIComponent(script)}`],
      })
      expect(code).toBe(1)
      expect(stderr).toBe('defect: an unexpected TypeError; please report it\n')
      expect(stdout).not.toContain('ada')
    },
    LIMIT_MS,
  )

  it(
    'emulate serves the port it is given until SIGTERM; a port that is taken is 2',
    async () => {
      const probe = createServer().listen(0, '127.0.0.1')
      await once(probe, 'listening')
      const { port } = probe.address() as AddressInfo
      const taken = await runCli(['emulate', '--port', String(port)])
      expect([taken.code, taken.stderr]).toEqual([2, expect.stringContaining('EADDRINUSE')])
      probe.close()
      await once(probe, 'close')

      const child = spawn(process.execPath, [CLI, 'emulate', '--port', String(port)], {
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      const [ready] = (await once(createInterface({ input: child.stdout }), 'line')) as [string]
      expect(JSON.parse(ready)).toEqual({
        url: `http://127.0.0.1:${port}`,
        port,
        clientId: DEFAULT_APP_ID,
        didomi: {
          apiRoot: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+\/v1$/),
          exportLogUrl: expect.stringContaining('/marketplace/exports/logs'),
          organizationId: 'acme',
          key: 'emulated-key',
        },
      })
      expect((await fetch(`http://127.0.0.1:${port}/__emulator/counters`)).status).toBe(200)
      const { apiRoot } = JSON.parse(ready).didomi
      expect((await fetch(`${new URL(apiRoot).origin}/__emulator/counters`)).status).toBe(200)
      child.kill('SIGTERM')
      expect(await once(child, 'exit')).toEqual([0, null])
    },
    LIMIT_MS,
  )

  it(
    'emulate can do without Didomi, and with limits tells what is left of them',
    async () => {
      const flags = ['emulate', '--no-didomi', '--limits', '--time-scale', '30', '--servers', '2']
      const child = spawn(process.execPath, [CLI, ...flags], { stdio: ['ignore', 'pipe', 'inherit'] })
      const [ready] = (await once(createInterface({ input: child.stdout }), 'line')) as [string]
      const { url, port, ...rest } = JSON.parse(ready)
      expect(rest).toEqual({ clientId: DEFAULT_APP_ID })
      const { access_token: token } = (await (await askToken(url)).json()) as { access_token: string }
      const headers = { Authorization: `Bearer ${token}` }
      const answer = await fetch(`http://127.0.0.1:${port}/api/data/v9.2/WhoAmI`, { headers })
      expect(answer.headers.get('x-ms-ratelimit-burst-remaining-xrm-requests')).toBe('5999')
      child.kill('SIGTERM')
      expect(await once(child, 'exit')).toEqual([0, null])
    },
    LIMIT_MS,
  )
})

describe('sync', () => {
  let lab: Lab

  beforeEach(async () => {
    const contacts = PEOPLE.map((name, index) => ({
      contactid: `c0000000-0000-4000-8000-00000000000${index}`,
      lastname: name,
      emailaddress1: `${name}@example.com`,
    }))
    lab = await openLab({
      seed: {
        columns: {
          contact: ['new_newsletter', 'new_other'].map((name) => ({ type: 'boolean' as const, name })),
        },
        rows: { contacts },
      },
    })
    await lab.part(OLD, 'a.ndjson', line('ada@example.com', OLD))
    await lab.part(DATE, 'a.ndjson', ['ben', 'cem'].map((name) => line(`${name}@example.com`, DATE)).join('\n'))
    await lab.seal(OLD, DATE)
    await configure()
  })

  afterEach(() => lab.close())

  const crm = (more = {}, name = 'crm') => target(lab.emulator.url, name, 'contact', NEWSLETTER, more)
  const configure = (more = {}) => lab.configure(configuration([crm(more)]))
  const written = (column = 'new_newsletter') =>
    lab.emulator.world
      .rows('contacts')
      .filter((row) => row[column] !== null)
      .map((row) => row['lastname'])
  const reportOf = ({ stdout }: { stdout: string }) => JSON.parse(stdout) as RunReport

  it(
    '§9 exit 0: the report alone on stdout, nothing on stderr, no colours without a terminal',
    async () => {
      const first = await lab.sync()
      expect([first.code, first.stderr]).toEqual([0, ''])
      expect(first.stdout).toMatch(/^Run \S+: done \(exit 0\)\n {2}ingest: 2 partitions, 3 lines = 3 records/)
      expect(written()).toEqual(PEOPLE)
      // Not with FORCE_COLOR beside it: from 22 on, Node itself would print a warning about the two.
      const coloured = await lab.sync(['--log-level', 'debug'], { NO_COLOR: '1', TERM: 'xterm' })
      expect(coloured.stdout + coloured.stderr).not.toContain('\u001b')
      expect(
        coloured.stderr
          .trim()
          .split('\n')
          .every((text) => JSON.parse(text).level !== undefined),
      ).toBe(true)
    },
    LIMIT_MS,
  )

  it(
    '--json: one JSON object on one line of stdout, progress as JSON lines on stderr, none with --quiet',
    async () => {
      const { code, stdout, stderr } = await lab.sync(['--json'])
      expect(stdout).toMatch(/^\{.*\}\n$/)
      expect(reportOf({ stdout })).toMatchObject({ version: 1, job: 'sync', exitCode: code })
      const stages = stderr
        .trim()
        .split('\n')
        .map((text) => JSON.parse(text).progress)
      expect(stages).toEqual([
        { stage: 'ingest', done: 2, total: 2, ended: true },
        { stage: 'deliver crm', done: 3, total: 3, ended: true },
      ])
      expect((await lab.sync(['--json', '--quiet'])).stderr).toBe('')
    },
    LIMIT_MS,
  )

  it(
    '§9 exit 6: --limit delivers so many and leaves the rest due',
    async () => {
      const first = await lab.sync(['--json', '--limit', '2'])
      expect([first.code, written().length]).toEqual([6, 2])
      expect(reportOf(first).deliver[0]).toMatchObject({ persons: 2, deferred: 0 })
      const second = await lab.sync(['--json', '--limit', '2'])
      expect([second.code, written()]).toEqual([0, PEOPLE])
    },
    LIMIT_MS,
  )

  it(
    '--only delivers the named persons, due or not',
    async () => {
      const first = await lab.sync(['--json', '--only', 'cem@example.com', 'nobody@example.com'])
      expect([first.code, written(), reportOf(first).deliver[0]?.persons]).toEqual([6, ['cem'], 1])
      await lab.sync()
      const again = reportOf(await lab.sync(['--json', '--only', 'cem@example.com']))
      expect(again.deliver[0]).toMatchObject({ persons: 1, outcomes: { unchanged: 1 } })
    },
    LIMIT_MS,
  )

  it(
    '--target delivers the named targets; an unknown one is 2',
    async () => {
      const other = target(lab.emulator.url, 'other', 'contact', [{ id: 'new_other', value: 'newsletter' }])
      await lab.configure(configuration([crm(), other]))
      const first = await lab.sync(['--json', '--target', 'other'])
      expect([first.code, written(), written('new_other')]).toEqual([0, [], PEOPLE])
      expect((await lab.sync(['--json'])).code).toBe(0)
      expect(written()).toEqual(PEOPLE)
      const unknown = await lab.sync(['--target', 'elsewhere'])
      expect([unknown.code, unknown.stdout]).toEqual([2, ''])
      expect(unknown.stderr).toMatch(/^usage: --target: found /)
    },
    LIMIT_MS,
  )

  it(
    '--export-id reads the named exports only',
    async () => {
      const path = await lab.part(DATE, 'x.ndjson', line('dia@example.com', DATE), OTHER_EXPORT)
      await writeFile(join(path, '..', '_SUCCESS'), '')
      const first = reportOf(await lab.sync(['--json', '--export-id', OTHER_EXPORT]))
      expect(first.ingest?.partitions).toMatchObject([{ exportId: OTHER_EXPORT, counts: { lines: 1 } }])
      const second = reportOf(await lab.sync(['--json', '--export-id', OTHER_EXPORT, EXPORT_ID]))
      expect(second.ingest?.partitions.map(({ exportId, date }) => [exportId, date])).toEqual([
        [EXPORT_ID, OLD],
        [EXPORT_ID, DATE],
      ])
    },
    LIMIT_MS,
  )

  it(
    '§8.3 --from and --to read the range again and deliver everybody of it afresh',
    async () => {
      await lab.sync()
      lab.emulator.world.edit('contacts', 'c0000000-0000-4000-8000-000000000001', { new_newsletter: null })
      expect(reportOf(await lab.sync(['--json'])).ingest).toMatchObject({ repair: false, partitions: [] })
      const repaired = await lab.sync(['--json', '--from', DATE, '--to', DATE])
      expect(reportOf(repaired).ingest).toMatchObject({ repair: true, partitions: [{ date: DATE }] })
      expect(reportOf(repaired).deliver[0]).toMatchObject({ persons: 2, outcomes: { written: 1, unchanged: 1 } })
      expect([repaired.code, written()]).toEqual([0, PEOPLE])
    },
    LIMIT_MS,
  )

  it(
    '§9 exit 2: a mapping that cannot work is told before anything is written',
    async () => {
      await lab.configure(
        configuration([target(lab.emulator.url, 'crm', 'contact', [{ id: 'new_nowhere', value: 'newsletter' }])]),
      )
      const { code, stderr } = await lab.sync()
      expect(code).toBe(2)
      expect(stderr).toContain('mapping-invalid')
      expect(lab.emulator.world.counters().writeRequests).toBe(0)
    },
    LIMIT_MS,
  )

  it(
    '§9 exit 3: a secret that is wrong',
    async () => {
      const { code, stderr } = await lab.sync([], { DATAVERSE_CLIENT_SECRET: 'another' })
      expect(code).toBe(3)
      expect(stderr).toContain('AADSTS7000215')
      expect(lab.stored('SELECT count(*) AS n FROM due')).toMatchObject([{ n: 3 }])
    },
    LIMIT_MS,
  )

  it(
    '§9 exit 7: another run holds the store',
    async () => {
      await lab.sync()
      const store = await openSqliteStore(join(lab.folder, 'state', 'didomi-dataverse.db'), { now: () => Date.now() })
      try {
        const { code, stdout, stderr } = await lab.sync()
        expect([code, stdout]).toEqual([7, ''])
        expect(stderr).toMatch(/^lease-held: /)
      } finally {
        await store.close()
      }
      expect((await lab.sync()).code).toBe(0)
    },
    LIMIT_MS,
  )

  it(
    '§8.7, §9 exit 9: the brake names a plan, and --accept lets that plan pass and no other',
    async () => {
      await configure({ brake: { share: 0, atLeast: 0 } })
      await lab.sync()
      const no = [{ id: 'newsletter', enabled: false }]
      await lab.part(DATE, 'b.ndjson', line('ben@example.com', DATE, { at: `${DATE}T13:00:00Z`, purposes: no }))
      const stopped = await lab.sync()
      expect(stopped.code).toBe(9)
      const plan = /--accept (\S+?)[.\s]/.exec(stopped.stdout)?.[1] ?? ''
      expect(plan).not.toBe('')
      expect((await lab.sync(['--accept', 'another'])).code).toBe(9)
      expect(lab.emulator.world.row('contacts', 'c0000000-0000-4000-8000-000000000001')?.['new_newsletter']).toBe(true)
      expect((await lab.sync(['--accept', plan])).code).toBe(0)
      expect(lab.emulator.world.row('contacts', 'c0000000-0000-4000-8000-000000000001')?.['new_newsletter']).toBe(false)
    },
    LIMIT_MS,
  )

  it(
    '§9 SIGTERM ends the wait for a partition too: exit 143, and nothing after it is begun',
    async () => {
      const flags = ['--json', '--log-level', 'info', '--wait-for-partition', 'today']
      const child = spawn(process.execPath, [CLI, 'sync', '--config', CONFIG, ...flags], {
        cwd: lab.folder,
        env: { PATH: process.env['PATH'], DATAVERSE_CLIENT_SECRET: DEFAULT_SECRET },
        stdio: ['ignore', 'pipe', 'pipe'],
      })
      let stdout = ''
      child.stdout.setEncoding('utf8').on('data', (text: string) => {
        stdout += text
      })
      const closed = once(child, 'close')
      for await (const text of createInterface({ input: child.stderr })) {
        if (!text.includes('"waiting"')) continue
        expect(JSON.parse(text).progress.waiting).toContain(`partition ${daysAgo(0)} of ${EXPORT_ID} is not sealed`)
        child.kill('SIGTERM')
      }
      expect(await closed).toEqual([143, null])
      expect(reportOf({ stdout })).toMatchObject({ exitCode: 143, failures: [{ stage: 'wait', code: 'terminated' }] })
      expect(Object.keys(reportOf({ stdout }).durationsMs)).toEqual(['wait'])
      expect(written()).toEqual([])
    },
    LIMIT_MS,
  )

  it(
    '§9 --deadline ends whatever waits: exit 6 with a report, nothing after it is begun, and the next run goes on',
    async () => {
      const hold = lab.emulator.world.hold({ message: 'UpdateMultiple' })
      const run = lab.sync(['--json', '--deadline', '15s'])
      await lab.emulator.world.holds.wait(hold)
      const ended = await run
      const { failures, exitCode } = reportOf(ended)
      expect([ended.code, exitCode]).toEqual([6, 6])
      expect(failures).toMatchObject([{ stage: 'deliver crm', code: 'deadline-reached', next: 'deferred' }])
      lab.emulator.world.holds.clear()
      lab.emulator.world.clearFaults()
      expect([(await lab.sync()).code, written()]).toEqual([0, PEOPLE])
    },
    LIMIT_MS,
  )

  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)(
    '§9 %s: exit %i with a report, and the next run goes on',
    async (signal, code) => {
      const hold = lab.emulator.world.hold({ message: 'UpdateMultiple' })
      const child = spawn(process.execPath, [CLI, 'sync', '--config', CONFIG, '--json'], {
        cwd: lab.folder,
        env: { PATH: process.env['PATH'], DATAVERSE_CLIENT_SECRET: DEFAULT_SECRET },
        stdio: ['ignore', 'pipe', 'ignore'],
      })
      let stdout = ''
      child.stdout.setEncoding('utf8').on('data', (text: string) => {
        stdout += text
      })
      const closed = once(child, 'close')
      await lab.emulator.world.holds.wait(hold)
      child.kill(signal)
      expect(await closed).toEqual([code, null])
      expect(reportOf({ stdout }).exitCode).toBe(code)
      lab.emulator.world.holds.clear()
      lab.emulator.world.clearFaults()
      expect([(await lab.sync()).code, written()]).toEqual([0, PEOPLE])
    },
    LIMIT_MS,
  )
})
