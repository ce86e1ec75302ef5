/** Whole runs over the network: from a bucket, with an archive, back from the archive; and what a bucket gets wrong (§8.1, §8.5, §9). */

import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { startDidomiEmulator } from '../../src/emulator/didomi.ts'
import type { RunReport } from '../../src/report/run-report.ts'
import type { SourcesReport } from '../../src/report/sources-report.ts'
import { configuration, daysAgo, type Ended, type Lab, line, openLab, runCli, target } from '../support/cli-run.ts'
import { type Cloud, deliverDay, keyOf, openGcsCloud, openS3Cloud } from '../support/clouds.ts'
import { breaksAfter, refuses } from '../support/s3-fault.ts'
import { storeContent } from '../support/sync-store.ts'
import {
  CONTACT_MAPPINGS,
  CONTACT_OPTIONS,
  chanceOf,
  DATES,
  environment,
  type Population,
  populationOf,
} from '../support/sync-world.ts'

const LIMIT_MS = 120_000
const ENV = { DATAVERSE_CLIENT_SECRET: 'placeholder' }
const SECRETS = /a-secret-that-nobody-sees|token-1|secret-1|@example\.com/i

const open: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close()
})

const CLOUDS = { s3: openS3Cloud, gcs: openGcsCloud }

async function cloudOf<K extends keyof typeof CLOUDS>(kind: K): Promise<Awaited<ReturnType<(typeof CLOUDS)[K]>>> {
  const cloud = await CLOUDS[kind]()
  open.push(() => cloud.close())
  return cloud as Awaited<ReturnType<(typeof CLOUDS)[K]>>
}

async function labOf(seed: Population['seed']): Promise<Lab> {
  const lab = await openLab({ seed })
  open.push(() => lab.close())
  return lab
}

/** Any command with the lab's configuration; nobody and nothing secret is named in what it says. */
async function run(lab: Lab, clouds: readonly Cloud[], ...args: string[]): Promise<Ended> {
  const [command = '', ...flags] = args
  const env = Object.assign({}, ENV, ...clouds.map((cloud) => cloud.env))
  const ended =
    command === 'sync'
      ? await lab.sync(flags, Object.assign({}, ...clouds.map((cloud) => cloud.env)))
      : await runCli([...command.split(' '), '--config', 'didomi-dataverse.yaml', ...flags], { cwd: lab.folder, env })
  expect(ended.stdout + ended.stderr).not.toMatch(SECRETS)
  return ended
}

const reportOf = ({ stdout, stderr }: Ended): RunReport => {
  expect(stdout, stderr).not.toBe('')
  return JSON.parse(stdout) as RunReport
}

const storeOf = (lab: Lab, name: string) => join(lab.folder, 'state', name)

/** Every file below a folder with its inode and times: equal where nothing was written anew. */
async function filesIn(folder: string): Promise<string[]> {
  const names = (await readdir(folder, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile())
  return Promise.all(
    names.map(async ({ parentPath, name }) => {
      const { ino, mtimeMs, size } = await stat(join(parentPath, name))
      return `${join(parentPath, name)} ${ino} ${mtimeMs} ${size}`
    }),
  )
}

describe('from a bucket, into an archive, and back', () => {
  let population: Population
  beforeAll(() => {
    population = populationOf(chanceOf(20261124), false)
  })

  it.each([
    ['s3', 'directory'],
    ['gcs', 'directory'],
    ['gcs', 's3'],
    ['s3', 'gcs'],
  ] as const)(
    '§3, §8.4, §8.6 %s, archived in %s: a second run writes nothing, and the archive gives the same states',
    async (from, to) => {
      const source = await cloudOf(from)
      const archive = to === 'directory' ? undefined : await cloudOf(to)
      const clouds = archive === undefined ? [source] : [source, archive]
      for (const { date, parts } of population.days) deliverDay(source, date, parts)
      source.put('data/export-id=e1/date=2026-10-20/analytics/part-0.json.gz', gzipSync('{"no": "user"}'))
      const lab = await labOf(population.seed)
      const place = archive?.location ?? { directory: './archive' }
      const configure = (store: string, settings: object = { source: source.location, archive: { to: place } }) =>
        lab.configure(
          configuration(
            [target(lab.emulator.url, 'contact', 'contact', CONTACT_MAPPINGS, { entryOptions: CONTACT_OPTIONS })],
            { store: { sqlite: `./state/${store}` }, ...settings },
          ),
        )

      await configure('first.db')
      const first = await run(lab, clouds, 'sync', '--json')
      const report = reportOf(first)
      const lines = population.days.flatMap(({ parts }) => parts.flat()).length
      expect([first.code, report.failures, first.stderr.match(/"level":"\w+"/g)]).toEqual([0, [], null])
      expect(report.ingest?.partitions.map(({ date }) => date)).toEqual(DATES)
      expect(report.ingest?.partitions.reduce((sum, { counts }) => sum + counts.lines, 0)).toBe(lines)
      expect(report.deliver[0]?.outcomes.written).toBeGreaterThan(0)
      const users = source.keys().filter((key) => key.includes('/users/'))
      const archived = archive?.keys() ?? (await filesIn(join(lab.folder, 'archive')))
      expect(archived).toHaveLength(users.length)
      for (const key of archive?.keys() ?? []) expect(archive?.read(key)).toEqual(source.read(key))

      const written = lab.emulator.world.counters().writeRequests
      const [reads, writes] = [source.reads(), archive?.writes()]
      const second = await run(lab, clouds, 'sync', '--json')
      expect([second.code, reportOf(second).ingest?.partitions]).toEqual([0, []])
      expect(lab.emulator.world.counters().writeRequests).toBe(written)
      expect([source.reads(), archive?.writes()]).toEqual([reads, writes])
      expect(archive?.keys() ?? (await filesIn(join(lab.folder, 'archive')))).toEqual(archived)
      const before = JSON.parse((await run(lab, clouds, 'sources status', '--json')).stdout) as SourcesReport

      await configure('second.db')
      const back = await run(lab, clouds, 'bootstrap', '--from', 'archive', '--json')
      expect(reportOf(back)).toMatchObject({ exitCode: 0, bootstrap: { from: 'archive' } })
      expect(reportOf(back).bootstrap?.completeAsOf).toBeDefined()
      expect(source.reads()).toBe(reads)
      const [kept, again] = [storeContent(storeOf(lab, 'first.db')), storeContent(storeOf(lab, 'second.db'))]
      for (const table of ['person', 'state', 'knownId', 'partition', 'object'] as const) {
        expect(again[table], table).toEqual(kept[table])
        expect(again[table], table).not.toEqual([])
      }
      // By a way that reads no store of the first: what the archive holds, as a source, is known and whole.
      await configure('second.db', { source: place })
      const after = JSON.parse((await run(lab, clouds, 'sources status', '--json')).stdout) as SourcesReport
      const rows = ({ partitions }: SourcesReport) =>
        partitions.map(({ date, state, objects, bytes }) => ({ date, state, objects, bytes }))
      expect(rows(after)).toEqual(rows(before))
      expect(after.partitions.map(({ state }) => state)).toEqual(DATES.map(() => 'ingested'))
    },
    LIMIT_MS,
  )
})

const [DATE, DAY_BEFORE] = [daysAgo(1), daysAgo(2)]
const PEOPLE = ['ada', 'ben', 'cem', 'dia']
const NEWSLETTER = [{ id: 'new_newsletter', value: 'newsletter' }]
const says = (name: string, date = DATE) => line(`${name}@example.com`, date)

/** Three objects of one day and one of the day before, read one after the other. */
async function bucketOf<K extends keyof typeof CLOUDS>(kind: K, more: object = {}) {
  const cloud = await cloudOf(kind)
  deliverDay(cloud, DAY_BEFORE, [[says('dia', DAY_BEFORE)]])
  deliverDay(cloud, DATE, [[says('ada')], [says('ben')], [says('cem')]])
  const contacts = PEOPLE.map((name, number) => ({
    contactid: `c0000000-0000-4000-8000-00000000000${number}`,
    lastname: name,
    emailaddress1: `${name}@example.com`,
  }))
  const lab = await labOf(environment(contacts))
  const configure = (location: object = cloud.location) =>
    lab.configure(
      configuration([target(lab.emulator.url, 'crm', 'contact', NEWSLETTER)], {
        source: { ...location, workers: 1 },
        ...more,
      }),
    )
  await configure()
  const delivered = () =>
    lab.emulator.world
      .rows('contacts')
      .filter((row) => row['new_newsletter'] === true)
      .map((row) => row['lastname'])
      .sort()
  const states = () =>
    Object.fromEntries(lab.stored('SELECT date, state FROM partition').map(({ date, state }) => [date, state]))
  const sync = (...args: string[]) => run(lab, [cloud], 'sync', '--json', ...args)
  return { cloud, lab, configure, delivered, states, sync }
}

const PART = (number: number) => keyOf(DATE, `part-0000${number}.json.gz`)
const damagedIn = (ended: Ended) => reportOf(ended).ingest?.partitions.flatMap(({ damaged }) => damaged)

describe.each(['s3', 'gcs'] as const)('what goes wrong in %s', (kind) => {
  it(
    '§8.1 a truncated object costs itself alone, and the whole one completes the day',
    async () => {
      const { cloud, delivered, states, sync } = await bucketOf(kind)
      const whole = cloud.read(PART(1)) ?? new Uint8Array()
      cloud.put(PART(1), whole.subarray(0, whole.length - 9))
      const first = await sync()
      expect([first.code, damagedIn(first), delivered()]).toEqual([4, [PART(1)], ['ada', 'cem', 'dia']])
      expect(states()).toEqual({ [DATE]: 'pending', [DAY_BEFORE]: 'ingested' })
      cloud.put(PART(1), whole)
      const second = await sync()
      expect([second.code, damagedIn(second), delivered()]).toEqual([0, [], [...PEOPLE]])
      expect(states()).toEqual({ [DATE]: 'ingested', [DAY_BEFORE]: 'ingested' })
    },
    LIMIT_MS,
  )

  it(
    '§1, §9 a partition that is sealed while it is waited for is read by the same run',
    async () => {
      const { cloud, delivered, sync } = await bucketOf(kind)
      const today = daysAgo(0)
      deliverDay(cloud, today, [[line('ada@example.com', today)]], { sealed: false })
      const seal = <Answer>(answer: Answer): Answer => {
        cloud.put(keyOf(today, '_SUCCESS'), new Uint8Array())
        return answer
      }
      // The first listing is answered as it was before; whoever looks again finds the day sealed.
      cloud.server.faults.list.push(seal)
      const ended = await sync('--wait-for-partition', today, '--wait-timeout', '1s', '--log-level', 'info')
      const report = reportOf(ended)
      expect([ended.code, report.failures]).toEqual([0, []])
      expect(report.ingest?.partitions.map(({ date }) => date)).toContain(today)
      expect(Object.keys(report.durationsMs)).toEqual(['wait', 'ingest', 'deliver crm'])
      expect(ended.stderr).toContain('the partition waited for is sealed')
      expect(delivered()).toEqual([...PEOPLE])
    },
    LIMIT_MS,
  )

  it(
    '§9 a partition that does not come in time ends with 4, and everything else went on',
    async () => {
      const { delivered, sync } = await bucketOf(kind)
      const ended = await sync('--wait-for-partition', 'today', '--wait-timeout', '0s')
      expect(ended.code).toBe(4)
      expect(reportOf(ended).failures).toMatchObject([{ stage: 'wait', code: 'partition-late', next: 'source' }])
      expect(reportOf(ended).failures[0]?.message).toContain(daysAgo(0))
      expect(delivered()).toEqual([...PEOPLE])
    },
    LIMIT_MS,
  )

  it(
    '§8.2, §9 a bucket that does not exist ends with 4, and what is known is delivered',
    async () => {
      const { cloud, configure, delivered, sync } = await bucketOf(kind)
      expect((await sync('--limit', '1')).code).toBe(6)
      if ('region' in cloud.server) cloud.server.faults.list.push(refuses(404, 'NoSuchBucket'))
      else await configure({ gcs: { bucket: 'nowhere', endpoint: cloud.server.endpoint } })
      const ended = await sync()
      expect([ended.code, reportOf(ended).failures]).toMatchObject([4, [{ code: 'source-unreadable' }]])
      expect(reportOf(ended).failures[0]?.message).toContain('does not exist')
      expect(delivered()).toEqual([...PEOPLE])
    },
    LIMIT_MS,
  )

  it(
    '§9 credentials that are refused end with 3, and nothing is read',
    async () => {
      const { cloud, delivered, sync } = await bucketOf(kind)
      if ('region' in cloud.server) cloud.server.faults.list.push(refuses(403, 'InvalidAccessKeyId'))
      else cloud.server.tokens.add('another-token')
      const ended = await sync()
      expect([ended.code, reportOf(ended).failures]).toMatchObject([3, [{ code: 'source-forbidden' }]])
      expect([cloud.reads(), delivered()]).toEqual([0, []])
    },
    LIMIT_MS,
  )
})

describe("Didomi's export log", () => {
  it.each([
    [true, [{ kind: 'count-not-logged', date: DAY_BEFORE, lines: 1, nearest: [3, 7] }]],
    [false, undefined],
  ])(
    '§8.5 checkExportLog %j: what was read is compared with it, and the exit code stays',
    async (checkExportLog, expected) => {
      const completed = (id: string, users: number) => ({ id, status: 'completed', metrics: { users } })
      const didomi = await startDidomiEmulator({ exportLogs: { e1: [completed('r1', 3), completed('r2', 7)] } })
      open.push(() => didomi.close())
      const { apiRoot, exportLogUrl, organizationId, key, secret } = didomi
      const api = { apiRoot, exportLogPath: exportLogUrl, organizationId, key, secret, checkExportLog }
      const { sync } = await bucketOf('s3', { didomi: api })
      const ended = await sync()
      expect(ended.code).toBe(0)
      const found = reportOf(ended).ingest?.exportLog
      if (expected === undefined) expect(found).toBeUndefined()
      else expect(found).toMatchObject(expected)
      expect([didomi.counters.opened, didomi.counters['exports/logs']]).toEqual(checkExportLog ? [1, 1] : [0, 0])
    },
    LIMIT_MS,
  )
})

describe('what goes wrong in one object of S3', () => {
  it(
    '§8.5 an object that is replaced while it is read does not count until the next run, which reads the new one',
    async () => {
      const { cloud, delivered, states, sync } = await bucketOf('s3')
      cloud.server.faults.get.push(undefined, undefined, (answer, sending) => {
        cloud.put(PART(1), gzipSync(`${says('ben')}\n${line('new@example.com', DATE)}\n`))
        return breaksAfter(20)(answer, sending)
      })
      const first = await sync()
      expect([first.code, damagedIn(first), delivered()]).toEqual([4, [PART(1)], ['ada', 'cem', 'dia']])
      expect(first.stderr).toContain('it was replaced while it was read')
      const second = await sync()
      expect(reportOf(second).ingest?.partitions).toMatchObject([{ date: DATE, objects: 1, counts: { records: 2 } }])
      expect([second.code, delivered(), states()[DATE]]).toEqual([0, [...PEOPLE], 'ingested'])
    },
    LIMIT_MS,
  )

  it(
    '§8.1 an object that may not be read costs itself alone, and the missing permission is named',
    async () => {
      const { cloud, delivered, states, sync } = await bucketOf('s3')
      cloud.server.faults.get.push(undefined, undefined, refuses(403, 'AccessDenied'))
      const first = await sync()
      expect([first.code, damagedIn(first), delivered()]).toEqual([4, [PART(1)], ['ada', 'cem', 'dia']])
      expect(first.stderr).toContain('s3:GetObject')
      expect(states()[DATE]).toBe('pending')
      expect([(await sync()).code, delivered()]).toEqual([0, [...PEOPLE]])
    },
    LIMIT_MS,
  )

  it(
    '§8.1 an archive that refuses an object keeps it from counting, and from being sealed there',
    async () => {
      const archive = await cloudOf('gcs')
      const { cloud, delivered, states, sync } = await bucketOf('s3', { archive: { to: archive.location } })
      archive.server.faults.upload.push(() => ({ status: 403, headers: {}, body: Buffer.from('{}') }))
      const first = await sync()
      expect(first.code).toBe(4)
      expect(first.stderr).toContain('archive-unwritable')
      expect([damagedIn(first), delivered()]).toEqual([
        [keyOf(DAY_BEFORE, 'part-00000.json.gz')],
        ['ada', 'ben', 'cem'],
      ])
      expect(states()).toEqual({ [DATE]: 'ingested', [DAY_BEFORE]: 'pending' })
      expect(archive.keys()).toEqual(cloud.keys().filter((key) => !key.includes(DAY_BEFORE)))
      expect([(await sync()).code, delivered()]).toEqual([0, [...PEOPLE]])
      expect(archive.keys()).toEqual(cloud.keys())
    },
    LIMIT_MS,
  )
})
