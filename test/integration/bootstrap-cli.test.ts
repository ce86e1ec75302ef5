/** `bootstrap` as an operator runs it: exit codes (§9), kills, what the next sync delivers (§7), and that nobody is named. */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cp, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { type DidomiEmulator, startDidomiEmulator } from '../../src/emulator/didomi.ts'
import type { DidomiEmulatorOptions } from '../../src/emulator/didomi-settings.ts'
import { DEFAULT_SECRET } from '../../src/emulator/seed-ids.ts'
import type { RunReport } from '../../src/report/run-report.ts'
import { leaksIn } from '../support/canary.ts'
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
import { userOf, usersOf } from '../support/didomi-users.ts'
import { controlOf } from '../support/sync-run.ts'
import { storeContent } from '../support/sync-store.ts'
import { chanceOf, contactRow, environment } from '../support/sync-world.ts'

const LIMIT_MS = 120_000
const DATE = daysAgo(1)
const NEWSLETTER = [{ id: 'new_newsletter', value: 'newsletter' }]

const open: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close()
})

interface World {
  readonly lab: Lab
  readonly didomi: DidomiEmulator
  /** `bootstrap --config …` with further flags. */
  bootstrap(args?: readonly string[]): Promise<Ended>
  configure(more?: object): Promise<void>
}

const ENV = { DATAVERSE_CLIENT_SECRET: DEFAULT_SECRET, DIDOMI_SECRET: 'emulated-secret' }

async function world(options: DidomiEmulatorOptions, seed = environment([])): Promise<World> {
  const didomi = await startDidomiEmulator(options)
  open.push(() => didomi.close())
  const lab = await openLab({ seed })
  open.push(() => lab.close())
  const { apiRoot, organizationId, key } = didomi
  const api = { apiRoot, organizationId, key, secret: `\${env:DIDOMI_SECRET}` }
  const targets = [target(lab.emulator.url, 'crm', 'contact', NEWSLETTER, { brake: { share: 1, atLeast: 1_000 } })]
  const configure = (more: object = {}) =>
    lab.configure(configuration(targets, { didomi: api, archive: { to: { directory: './archive' } }, ...more }))
  await configure()
  return {
    lab,
    didomi,
    configure,
    bootstrap: (args = []) =>
      runCli(['bootstrap', '--config', CONFIG, '--json', ...args], { cwd: lab.folder, env: ENV }),
  }
}

const FROM_API = ['--from', 'api']
const FROM_ARCHIVE = ['--from', 'archive']

const reportOf = ({ stdout, stderr }: Ended): RunReport => {
  expect(stdout, stderr).not.toBe('')
  return JSON.parse(stdout) as RunReport
}

const storeOf = ({ folder }: Lab) => join(folder, 'state', 'didomi-dataverse.db')
const bookmarks = (lab: Lab) => lab.stored('SELECT * FROM bookmark').map((row) => row['name'])

describe('from the API', () => {
  it(
    'fills the store and makes everybody due; nothing goes to Dataverse',
    async () => {
      const { lab, didomi, bootstrap } = await world({ users: usersOf(chanceOf(1), 130) })
      const ended = await bootstrap(FROM_API)
      const report = reportOf(ended)
      expect([ended.code, report.exitCode, report.job], ended.stderr).toEqual([0, 0, 'bootstrap'])
      const { counters } = didomi
      expect(report.bootstrap).toMatchObject({ from: 'api', pages: 2, resumed: false, tooManyRejects: false })
      expect(counters).toMatchObject({ users: 2, opened: 1 })
      expect(lab.stored('SELECT count(DISTINCT person) AS n FROM due')).toMatchObject([{ n: 130 }])
      expect(lab.stored('SELECT job FROM run WHERE exit_code = 0')).toMatchObject([{ job: 'bootstrap' }])
      expect(lab.requests).toEqual([])
    },
    LIMIT_MS,
  )

  it.each([33, 20, 47])(
    '§8.4 killed at page %i it goes on at the last page kept, and ends like one undisturbed',
    async (page) => {
      const options = { users: usersOf(chanceOf(2), 250), pageSize: 5 }
      const undisturbed = await world(options)
      expect((await undisturbed.bootstrap(FROM_API)).code).toBe(0)

      const { lab, didomi, bootstrap } = await world(options)
      didomi.faults.add('users', { kind: 'hold' }, { nth: page })
      const held = didomi.faults.held()
      const child = spawn(process.execPath, [CLI, 'bootstrap', '--config', CONFIG, ...FROM_API], {
        cwd: lab.folder,
        env: { PATH: process.env['PATH'] ?? '', ...ENV },
        stdio: 'ignore',
      })
      const gone = once(child, 'exit')
      await held
      child.kill('SIGKILL')
      expect(await gone).toEqual([null, 'SIGKILL'])
      const asked = didomi.counters.queries.length

      const report = reportOf(await bootstrap(FROM_API))
      const first = Math.floor((page - 1) / 20) * 20
      expect(report.exitCode).toBe(0)
      expect(report.bootstrap).toMatchObject({ from: 'api', resumed: first > 0 })
      expect(didomi.counters.queries[asked], 'the first page asked for again').toBe(didomi.counters.queries[first])
      const [actual, expected] = [storeContent(storeOf(lab)), storeContent(storeOf(undisturbed.lab))]
      expect(actual).toEqual(expected)
      expect(bookmarks(lab)).toEqual(['bootstrapped-at'])
    },
    LIMIT_MS,
  )

  it(
    '§9 SIGTERM ends it with 143, every page read is kept',
    async () => {
      const { lab, didomi, bootstrap } = await world({ users: usersOf(chanceOf(3), 60), pageSize: 5 })
      didomi.faults.add('users', { kind: 'hold' }, { nth: 7 })
      const held = didomi.faults.held()
      const child = spawn(process.execPath, [CLI, 'bootstrap', '--config', CONFIG, ...FROM_API], {
        cwd: lab.folder,
        env: { PATH: process.env['PATH'] ?? '', ...ENV },
        stdio: 'ignore',
      })
      const gone = once(child, 'exit')
      await held
      child.kill('SIGTERM')
      expect(await gone).toEqual([143, null])
      expect(bookmarks(lab)).toEqual(['bootstrap-cursor'])
      expect(reportOf(await bootstrap(FROM_API)).bootstrap).toMatchObject({ resumed: true })
      expect(didomi.counters.queries[7]).toBe(didomi.counters.queries[6])
    },
    LIMIT_MS,
  )

  it(
    '§9 a wrong secret ends with 3, an API that answers nonsense with 4, too many rejects with 5',
    async () => {
      const { didomi, bootstrap, configure } = await world({ users: [userOf('ada'), userOf(7)] })
      didomi.faults.add('users', { kind: 'status', status: 404 })
      const [source, rejects] = [await bootstrap(FROM_API), await bootstrap(FROM_API)]
      expect([source.code, reportOf(source).failures[0]?.code]).toEqual([4, 'didomi-unavailable'])
      expect([rejects.code, reportOf(rejects).failures]).toEqual([5, []])
      const { apiRoot, organizationId, key } = didomi
      await configure({ didomi: { apiRoot, organizationId, key, secret: `\${env:DATAVERSE_CLIENT_SECRET}` } })
      const wrong = await bootstrap(FROM_API)
      expect([wrong.code, reportOf(wrong).failures[0]?.code]).toEqual([3, 'didomi-forbidden'])
    },
    LIMIT_MS,
  )

  it(
    '§9 without settings for it, or with flags that say nothing, it ends with 2 and touches no store',
    async () => {
      const { lab, bootstrap } = await world({})
      await lab.configure(configuration([target(lab.emulator.url, 'crm', 'contact', NEWSLETTER)]))
      for (const [args, why] of [
        [FROM_API, '`didomi` with organizationId'],
        [FROM_ARCHIVE, '`archive.to`'],
        [[], '--from'],
        [['--from', 'bucket'], '--from'],
        [['--from', 'archive', '--restart'], '--restart'],
      ] as const) {
        const { code, stdout, stderr } = await bootstrap(args)
        expect([code, stdout], stderr).toEqual([2, ''])
        expect(stderr).toContain(why)
      }
      await expect(stat(storeOf(lab))).rejects.toThrow('ENOENT')
    },
    LIMIT_MS,
  )

  it(
    '§8.6 other settings of reading are refused until --rebuild, which begins at the first page',
    async () => {
      const { lab, didomi, bootstrap, configure } = await world({ users: usersOf(chanceOf(4), 60), pageSize: 5 })
      didomi.faults.add('users', { kind: 'status', status: 404 }, { nth: 7 })
      expect((await bootstrap(FROM_API)).code).toBe(4)
      await configure({ identity: { normalise: 'lowercase' } })
      const refused = await bootstrap(FROM_API)
      expect([refused.code, refused.stderr.split(':')[0]]).toEqual([2, 'rebuild-needed'])
      expect(bookmarks(lab)).toEqual(['bootstrap-cursor'])
      const rebuilt = reportOf(await bootstrap([...FROM_API, '--rebuild']))
      expect(rebuilt.exitCode).toBe(0)
      expect(rebuilt.bootstrap).toMatchObject({ resumed: false })
      expect(lab.stored('SELECT count(*) AS n FROM person')).toMatchObject([{ n: 60 }])
    },
    LIMIT_MS,
  )

  it(
    '§8.6 a sync that forgets all states forgets where a bootstrap stopped, and that there was one',
    async () => {
      const { lab, didomi, bootstrap } = await world({ users: usersOf(chanceOf(5), 30), pageSize: 5 })
      await lab.seal(DATE)
      expect((await bootstrap(FROM_API)).code).toBe(0)
      didomi.faults.add('users', { kind: 'status', status: 404 }, { nth: 3 })
      expect((await bootstrap(FROM_API)).code).toBe(4)
      expect(bookmarks(lab)).toEqual(['bootstrap-cursor', 'bootstrapped-at'])
      expect((await lab.sync(['--rebuild', '--json'], ENV)).code).toBe(0)
      expect(bookmarks(lab)).toEqual([])
    },
    LIMIT_MS,
  )

  it(
    'the text of a report tells the same',
    async () => {
      const { lab } = await world({ users: usersOf(chanceOf(6), 20) })
      const { stdout } = await runCli(['bootstrap', '--config', CONFIG, ...FROM_API], { cwd: lab.folder, env: ENV })
      expect(stdout).toMatch(
        /bootstrap: 1 pages, (\d+) users = \1 records \+ 0 rejects \+ 0 guests \+ 0 skipped; \1 records/,
      )
      expect(stdout).toMatch(/bootstrap: complete; what was lost before \d{4}-\d\d-\d\dT/)
    },
    LIMIT_MS,
  )
})

describe('§7 a bootstrap and Dataverse', () => {
  it(
    'its opt-in never outranks a choice made there, however late its line; its refusal does; what nobody said is written',
    async () => {
      const [early, late] = ['2026-09-01T08:00:00Z', '2026-10-01T08:00:00Z']
      const chose = (number: number, name: string, value: boolean | null, modifiedon = late) =>
        contactRow(number, `${name}@example.com`, { new_newsletter: value, modifiedon })
      const rows = [
        chose(1, 'unsubscribed', false),
        chose(2, 'unsubscribed-early', false, early),
        chose(3, 'subscribed', true),
        chose(4, 'subscribed-late', true),
        chose(5, 'silent', null),
      ]
      const said = (name: string, enabled: boolean, at: string) => userOf(`${name}@example.com`, { enabled, at })
      const users = [
        said('unsubscribed', true, early),
        said('unsubscribed-early', true, '2026-10-15T08:00:00Z'),
        said('subscribed', false, '2026-10-15T08:00:00Z'),
        said('subscribed-late', false, early),
        said('silent', true, early),
      ]
      const { lab, bootstrap } = await world({ users }, environment(rows))
      await lab.seal(DATE)
      expect((await bootstrap(FROM_API)).code).toBe(0)

      const held = async () => {
        const contacts = await controlOf(lab.emulator.url).rows('contacts')
        return Object.fromEntries(
          contacts.map((row) => [String(row['emailaddress1']).split('@')[0], row['new_newsletter']]),
        )
      }
      const synced = reportOf(await lab.sync(['--json'], ENV))
      expect(synced.exitCode).toBe(0)
      expect(await held()).toEqual({
        unsubscribed: false,
        'unsubscribed-early': false,
        subscribed: false,
        // A contact's column holds what it held since nobody knows when: a refusal may have been repeated after it.
        'subscribed-late': false,
        silent: true,
      })
      expect(synced.deliver[0]?.outcomes).toMatchObject({ superseded: 2, written: 3 })

      const yes = { purposes: [{ id: 'newsletter', enabled: true }] }
      const newer = `${DATE}T10:00:00Z`
      const event = { id: 'e1', created_at: newer, status: 'confirmed', consents: yes }
      const told = line('unsubscribed@example.com', DATE, { id: 'd1', at: newer, events: [event] })
      await lab.part(DATE, 'part-1.json', `${told}\n`)
      expect(reportOf(await lab.sync(['--json'], ENV)).exitCode).toBe(0)
      expect(await held(), 'a choice that is certainly newer is written').toMatchObject({ unsubscribed: true })
    },
    LIMIT_MS,
  )
})

describe('from the archive', () => {
  const lines = (...names: string[]) => names.map((name) => `${line(`${name}@example.com`, daysAgo(6))}\n`).join('')

  async function archived(): Promise<World> {
    const given = await world({})
    const { lab } = given
    await lab.part(daysAgo(3), 'part-1.json', lines('ada', 'ben'))
    await lab.part(daysAgo(2), 'part-1.json', lines('cem'))
    await lab.seal(daysAgo(3), daysAgo(2))
    await cp(join(lab.folder, 'export'), join(lab.folder, 'archive'), { recursive: true })
    return given
  }

  it(
    'reads what the store does not know, and makes it due; nothing goes to Dataverse',
    async () => {
      const { lab, bootstrap } = await archived()
      const first = reportOf(await bootstrap(FROM_ARCHIVE))
      expect([first.exitCode, first.failures]).toEqual([0, []])
      expect(first.bootstrap).toEqual({ from: 'archive', completeAsOf: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/) })
      expect(first.ingest?.partitions.map(({ counts }) => counts.records)).toEqual([2, 1])
      expect(lab.stored('SELECT count(*) AS n FROM due')).toMatchObject([{ n: 3 }])
      expect(bookmarks(lab)).toEqual(['bootstrapped-at'])
      expect(reportOf(await bootstrap(FROM_ARCHIVE)).ingest?.partitions).toEqual([])
      expect(lab.requests).toEqual([])
    },
    LIMIT_MS,
  )

  it(
    '§8.5 what a sync has read is known by key and size: copies have other ETags',
    async () => {
      const { lab, bootstrap } = await archived()
      expect((await lab.sync(['--json'], ENV)).code).toBe(0)
      const report = reportOf(await bootstrap(FROM_ARCHIVE))
      expect([report.exitCode, report.ingest?.partitions]).toEqual([0, []])
    },
    LIMIT_MS,
  )

  it(
    '§8.1 a damaged copy ends with 4, what is whole counts, and nothing is closed by it',
    async () => {
      const { lab, bootstrap } = await archived()
      const date = daysAgo(2)
      const path = join(lab.folder, 'archive', 'data', 'export-id=c0ffee00-1a2b-4c3d-8e4f-5a6b7c8d9e0f', `date=${date}`)
      await writeFile(join(path, 'users', 'part-2.json.gz'), 'no gzip')
      const report = reportOf(await bootstrap(FROM_ARCHIVE))
      expect(report.exitCode).toBe(4)
      expect(report.bootstrap).toEqual({ from: 'archive' })
      expect(lab.stored('SELECT count(*) AS n FROM state')).toMatchObject([{ n: 3 }])
      expect(bookmarks(lab)).toEqual([])
    },
    LIMIT_MS,
  )

  it(
    '§8.5 an archive that lacks a date closes nothing, and names it',
    async () => {
      const { lab, bootstrap } = await world({})
      await lab.part(daysAgo(5), 'part-1.json', lines('ada'))
      await lab.part(daysAgo(3), 'part-1.json', lines('ben'))
      await lab.seal(daysAgo(5), daysAgo(3))
      await cp(join(lab.folder, 'export'), join(lab.folder, 'archive'), { recursive: true })
      const report = reportOf(await bootstrap(FROM_ARCHIVE))
      expect(report.exitCode).toBe(0)
      expect(report.bootstrap).toEqual({ from: 'archive' })
      expect(report.ingest?.missingDates).toMatchObject([{ from: daysAgo(4), to: daysAgo(4) }])
      expect(bookmarks(lab)).toEqual([])
    },
    LIMIT_MS,
  )

  it(
    '§8.6 --rebuild reads all of it again under the new settings',
    async () => {
      const { bootstrap, configure } = await archived()
      expect((await bootstrap(FROM_ARCHIVE)).code).toBe(0)
      await configure({ identity: { normalise: 'lowercase' } })
      expect((await bootstrap(FROM_ARCHIVE)).code).toBe(2)
      const rebuilt = reportOf(await bootstrap([...FROM_ARCHIVE, '--rebuild']))
      expect([rebuilt.exitCode, rebuilt.ingest?.partitions.length]).toEqual([0, 2])
    },
    LIMIT_MS,
  )
})

describe('nobody is named', () => {
  it(
    'neither in a report nor in a message, whatever goes wrong',
    async () => {
      const canaries = [
        { what: 'the OUID', text: 'Zoë.Kanari+probe@example.com' },
        { what: 'the user id', text: 'device-kanarienvogel-77' },
        { what: 'a metadata value', text: 'Vogelkäfig 12' },
        { what: 'the secret', text: 'emulated-secret' },
      ]
      const user = { metadata: { street: 'Vogelkäfig 12' } }
      const wish = { id: 'device-kanarienvogel-77', user }
      const ouid = 'Zoë.Kanari+probe@example.com'
      const users = [
        userOf(ouid, wish),
        userOf(ouid, { ...wish, at: 'Zoë.Kanari+probe@example.com' }),
        userOf(ouid, { ...wish, at: '2999-01-01T00:00:00Z' }),
        userOf([ouid], wish),
        ouid,
      ]
      const { lab, didomi } = await world({ users: [...users, ...usersOf(chanceOf(7), 20)], pageSize: 5 })
      didomi.faults.add('users', { kind: 'malformed' }, { nth: 2 })
      didomi.faults.add('users', { kind: 'other', body: users }, { nth: 4 })
      didomi.faults.add('users', { kind: 'expire' }, { nth: 6 })
      const said: string[] = []
      const codes: (number | null)[] = []
      for (const more of [
        ['--json', '--log-level', 'debug'],
        ['--log-level', 'debug'],
      ]) {
        const ended = await runCli(['bootstrap', '--config', CONFIG, ...FROM_API, ...more], {
          cwd: lab.folder,
          env: ENV,
        })
        said.push(ended.stdout, ended.stderr)
        codes.push(ended.code)
      }
      expect(codes).toEqual([4, 0])
      expect(said.join('\n')).toContain('user rejected')
      expect(didomi.counters.faults).toBe(3)
      expect(leaksIn(said.join('\n'), canaries)).toEqual([])
      expect(leaksIn(JSON.stringify(lab.stored('SELECT report FROM run')), canaries)).toEqual([])
    },
    LIMIT_MS,
  )
})
