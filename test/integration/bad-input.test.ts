/** §2, §8.1, §8.5, §9: what the source gets wrong costs that line or that object, is named, and stops nothing else. */

import { rm, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { RunReport } from '../../src/report/run-report.ts'
import { configuration, daysAgo, EXPORT_ID, type Lab, line, openLab, target } from '../support/cli-run.ts'

const [DATE, DAY_BEFORE] = [daysAgo(1), daysAgo(2)]
const LIMIT_MS = 120_000

const keyOf = (date: string, name: string) => `data/export-id=${EXPORT_ID}/date=${date}/users/${name}`
const contactId = (index: number) => `c0000000-0000-4000-8000-${String(index).padStart(12, '0')}`
const PEOPLE = ['ada', 'ben', 'cem', 'dia', 'eva']

let lab: Lab

beforeEach(async () => {
  const contacts = PEOPLE.map((name, index) => ({
    contactid: contactId(index),
    lastname: name,
    emailaddress1: `${name}@example.com`,
  }))
  lab = await openLab({
    seed: { columns: { contact: [{ type: 'boolean', name: 'new_newsletter' }] }, rows: { contacts } },
  })
  await configure()
})

afterEach(() => lab.close())

async function configure(more: object = {}) {
  const crm = target(lab.emulator.url, 'crm', 'contact', [{ id: 'new_newsletter', value: 'newsletter' }])
  await lab.configure(configuration([crm], more))
}

/** One run with `--json`: its exit code, its report, its messages. */
async function run(...args: string[]) {
  const ended = await lab.sync(['--json', ...args])
  return { ...ended, report: JSON.parse(ended.stdout) as RunReport }
}

const says = (name: string, date = DATE) => line(`${name}@example.com`, date)

/** Who has been delivered. */
const delivered = () =>
  lab.emulator.world
    .rows('contacts')
    .filter((row) => row['new_newsletter'] === true)
    .map((row) => row['lastname'])
    .sort()

const messages = (stderr: string) =>
  stderr
    .split('\n')
    .filter((text) => text.startsWith('{"level"'))
    .map((text) => JSON.parse(text) as Record<string, unknown>)

const stateOf = (date: string) =>
  lab.stored(`SELECT state FROM partition WHERE date = '${date}'`).map(({ state }) => state)

describe('bad lines', () => {
  it(
    '§2.1, §2.4 each is a reject with code, object and line number, and the good ones are delivered',
    async () => {
      await configure({ maxLineBytes: '4KiB' })
      const bad: readonly (readonly [string, string])[] = [
        ['not-json', '{"user": {"organization_user_id": "quoted-content@example.com"'],
        ['not-an-object', '["quoted-content@example.com"]'],
        ['nul-byte', says('quoted-content').replace('quoted', 'quoted\0')],
        ['ouid-not-a-string', line(4711, DATE)],
        ['no-readable-time', line('quoted-content@example.com', DATE, { at: 'yesterday' })],
        ['time-in-the-future', line('quoted-content@example.com', DATE, { at: `${daysAgo(-2)}T00:00:00Z` })],
        ['line-too-long', line('quoted-content@example.com', DATE, { id: 'x'.repeat(4_096) })],
      ]
      await lab.part(DATE, 'a.ndjson', [says('ada'), ...bad.map(([, text]) => text), '', says('ben')].join('\r\n'))
      await lab.seal(DATE)
      const { code, report, stderr } = await run()
      const named = bad.map(([reason], index) => ({ object: keyOf(DATE, 'a.ndjson'), line: index + 2, code: reason }))

      expect(lab.stored('SELECT object, line, code FROM reject ORDER BY line')).toMatchObject(named)
      expect(messages(stderr).filter(({ msg }) => msg === 'line rejected')).toMatchObject(named)
      expect(report.ingest?.partitions[0]?.counts).toMatchObject({ lines: 9, records: 2, rejects: 7, guests: 0 })
      expect(delivered()).toEqual(['ada', 'ben'])
      expect(code).toBe(5)
      expect(stderr + JSON.stringify(report)).not.toContain('quoted')
    },
    LIMIT_MS,
  )

  it(
    '§2.1 a line of 8 MiB is read and one byte more is not, where nothing else is configured',
    async () => {
      const sized = (name: string, bytes: number) => {
        const empty = Buffer.byteLength(line(`${name}@example.com`, DATE, { id: '' }))
        return line(`${name}@example.com`, DATE, { id: 'x'.repeat(bytes - empty) })
      }
      const limit = 8 * 1024 * 1024
      await lab.part(DATE, 'a.ndjson', `${sized('ada', limit + 1)}\n${sized('ben', limit)}\r\n${says('cem')}`)
      await lab.seal(DATE)
      const { code } = await run()
      expect(lab.stored('SELECT line, code FROM reject')).toMatchObject([{ line: 1, code: 'line-too-long' }])
      expect(delivered()).toEqual(['ben', 'cem'])
      expect(code).toBe(5)
    },
    LIMIT_MS,
  )

  it(
    '§9 rejects up to rejects.maxRatio of a partition are no finding, more are, and the ratio is per partition',
    async () => {
      await configure({ rejects: { maxRatio: 0.25 } })
      await lab.part(DATE, 'a.ndjson', [says('ada'), says('ben'), says('cem'), 'x'].join('\n'))
      await lab.seal(DATE)
      expect((await run()).code).toBe(0)
      await lab.part(DAY_BEFORE, 'a.ndjson', [says('dia', DAY_BEFORE), 'x', 'x'].join('\n'))
      await lab.seal(DAY_BEFORE)
      const { code, report } = await run()
      expect(code).toBe(5)
      expect(report.ingest?.partitions).toMatchObject([{ date: DAY_BEFORE, tooManyRejects: true }])
      expect(delivered()).toEqual(['ada', 'ben', 'cem', 'dia'])
      expect(stateOf(DAY_BEFORE)).toEqual(['ingested'])
    },
    LIMIT_MS,
  )

  it(
    '§2.4 an event of the future is ignored and counted, and its line counts',
    async () => {
      const future = { id: 'e', created_at: `${daysAgo(-2)}T00:00:00Z`, consents: { purposes: [] } }
      await lab.part(DATE, 'a.ndjson', line('ada@example.com', DATE, { events: [future] }))
      await lab.seal(DATE)
      const { code, report } = await run()
      expect(report.ingest?.partitions[0]?.counts).toMatchObject({ records: 1, rejects: 0, ignoredEvents: 1 })
      expect([code, delivered()]).toEqual([0, ['ada']])
    },
    LIMIT_MS,
  )
})

describe('damaged objects', () => {
  const whole = gzipSync(`${says('ben')}\n${says('cem')}\n`)
  const flipped = Buffer.from(whole)
  flipped[Math.floor(whole.length / 2)] = (whole[Math.floor(whole.length / 2)] ?? 0) ^ 0xff
  const wrongSum = Buffer.from(whole)
  wrongSum[whole.length - 6] = (whole[whole.length - 6] ?? 0) ^ 0xff

  const DAMAGED: Readonly<Record<string, Buffer>> = {
    'truncated.json.gz': whole.subarray(0, whole.length - 9),
    'truncated-in-header.json.gz': whole.subarray(0, 5),
    'corrupt.json.gz': flipped,
    'wrong-checksum.json.gz': wrongSum,
    'no-gzip.json.gz': Buffer.from(says('ben')),
    'with-tail.json.gz': Buffer.concat([whole, Buffer.from('tail')]),
  }
  const NAMES = Object.keys(DAMAGED).sort()

  it(
    '§8.1 each counts not at all; the others count at once, and repaired ones complete the day',
    async () => {
      await lab.part(DATE, 'a.json.gz', gzipSync(says('ada')))
      for (const name of NAMES) await lab.part(DATE, name, DAMAGED[name] ?? '')
      await lab.part(DAY_BEFORE, 'c.ndjson', says('dia', DAY_BEFORE))
      await lab.seal(DATE, DAY_BEFORE)
      const first = await run()
      const keys = NAMES.map((name) => keyOf(DATE, name))
      expect(first.code).toBe(4)
      expect(first.report.failures).toEqual([])
      expect(first.report.sums).toEqual({ lines: true, persons: true })
      expect(first.report.ingest?.partitions.flatMap(({ damaged }) => damaged)).toEqual(keys)
      expect(messages(first.stderr)).toMatchObject(
        keys.map((object) => ({ level: 'error', code: 'object-damaged', object })),
      )
      expect(delivered()).toEqual(['ada', 'dia'])
      expect([stateOf(DATE), stateOf(DAY_BEFORE)]).toEqual([['pending'], ['ingested']])
      expect(lab.stored(`SELECT ouid FROM person WHERE ouid LIKE 'ben%' OR ouid LIKE 'cem%'`)).toEqual([])

      const [last = '', ...repaired] = [...NAMES].reverse()
      for (const name of repaired) await lab.part(DATE, name, gzipSync(says('ben')))
      const second = await run()
      expect(second.code).toBe(4)
      expect(second.report.ingest?.partitions).toMatchObject([{ objects: 5, damaged: [keyOf(DATE, last)] }])
      expect([delivered(), stateOf(DATE)]).toEqual([['ada', 'ben', 'dia'], ['pending']])

      await lab.part(DATE, last, whole)
      const third = await run()
      expect(third.code).toBe(0)
      expect(third.report.ingest?.partitions).toMatchObject([{ date: DATE, objects: 1, counts: { lines: 2 } }])
      expect([delivered(), stateOf(DATE)]).toEqual([['ada', 'ben', 'cem', 'dia'], ['ingested']])
    },
    LIMIT_MS,
  )

  it(
    '§8.1 a source that is gone ends with 4, and what is known is still delivered',
    async () => {
      await lab.part(DATE, 'a.ndjson', `${says('ada')}\n${says('ben')}`)
      await lab.seal(DATE)
      expect((await run('--limit', '1')).code).toBe(6)
      await rm(`${lab.folder}/export`, { recursive: true })
      const { code, report } = await run()
      expect([code, report.failures.map(({ code }) => code)]).toEqual([4, ['source-unreadable']])
      expect(delivered()).toEqual(['ada', 'ben'])
    },
    LIMIT_MS,
  )
})

describe('partitions', () => {
  it(
    '§1 one that is not sealed is not touched, and is ingested once it is',
    async () => {
      await lab.part(DATE, 'a.ndjson', says('ada'))
      const before = await run()
      expect([before.code, before.report.ingest?.open]).toEqual([0, [{ exportId: EXPORT_ID, date: DATE }]])
      expect([delivered(), stateOf(DATE)]).toEqual([[], ['open']])
      await lab.seal(DATE)
      expect((await run()).report.ingest).toMatchObject({ open: [], partitions: [{ date: DATE }] })
      expect(delivered()).toEqual(['ada'])
    },
    LIMIT_MS,
  )

  it(
    '§8.5 a changed and an added object are ingested again, and nothing else is',
    async () => {
      await lab.part(DATE, 'a.ndjson', says('ada'))
      await lab.part(DATE, 'b.ndjson', says('ben'))
      await lab.seal(DATE)
      await run()
      await lab.part(DATE, 'b.ndjson', `${says('ben')}\n${says('cem')}`)
      await lab.part(DATE, 'c.ndjson', says('dia'))
      const { code, report } = await run()
      expect(code).toBe(0)
      expect(report.ingest?.partitions).toMatchObject([{ objects: 2, counts: { lines: 3 } }])
      expect(delivered()).toEqual(['ada', 'ben', 'cem', 'dia'])
      const counted = lab.stored('SELECT sum(lines) AS n FROM object')
      expect(counted).toMatchObject([{ n: 4 }])
    },
    LIMIT_MS,
  )

  it(
    '§8.5 rejects of a changed object are those of its last version',
    async () => {
      await lab.part(DATE, 'a.ndjson', `x\ny\n${says('ada')}`)
      await lab.seal(DATE)
      expect((await run()).code).toBe(5)
      await lab.part(DATE, 'a.ndjson', `${says('ada')}\n${says('ben')}\nz`)
      await run()
      expect(lab.stored('SELECT line, code FROM reject')).toMatchObject([{ line: 3, code: 'not-json' }])
    },
    LIMIT_MS,
  )

  it(
    '§8.5 missing dates are named, also after the source forgot the first of them',
    async () => {
      for (const days of [9, 5, 4]) {
        await lab.part(daysAgo(days), 'a.ndjson', says('ada', daysAgo(days)))
        await lab.seal(daysAgo(days))
      }
      const closedBy = ['didomi-dataverse bootstrap --from api']
      const gap = { exportId: EXPORT_ID, from: daysAgo(8), to: daysAgo(6), closedBy }
      expect((await run()).report.ingest?.missingDates).toEqual([gap])
      await rm(dirname(dirname(await lab.part(daysAgo(9), 'a.ndjson', ''))), { recursive: true })
      const { stdout, code } = await lab.sync()
      expect(stdout).toContain(
        `${EXPORT_ID}: no partition from ${daysAgo(8)} to ${daysAgo(6)}; to close it: ${closedBy[0]}`,
      )
      expect(code).toBe(0)
    },
    LIMIT_MS,
  )

  it(
    '§8.5, §9 a date that went before it was read is named in every run and ends with 5 under --strict',
    async () => {
      const path = await lab.part(DAY_BEFORE, 'a.json.gz', 'no gzip')
      await lab.part(DATE, 'a.ndjson', says('ada'))
      await lab.seal(DATE, DAY_BEFORE)
      expect((await run()).code).toBe(4)
      await rm(dirname(dirname(path)), { recursive: true })
      const gone = { exportId: EXPORT_ID, date: DAY_BEFORE, closedBy: ['didomi-dataverse bootstrap --from api'] }
      const { code, report, stderr } = await run()
      expect([code, report.ingest?.goneDates]).toEqual([0, [gone]])
      expect(messages(stderr)).toMatchObject([{ level: 'error', ...gone }])
      const strict = await lab.sync(['--strict'])
      expect(strict.code).toBe(5)
      expect(strict.stdout).toContain(`${EXPORT_ID} ${DAY_BEFORE}: gone before it was ingested`)
    },
    LIMIT_MS,
  )

  it(
    '§8.5, §9 a sealed partition that stays unread for more than five days is an alarm',
    async () => {
      for (const days of [6, 5, 1]) {
        await lab.part(daysAgo(days), 'a.ndjson', says('ada', daysAgo(days)))
        await lab.seal(daysAgo(days))
      }
      const overdue = [{ exportId: EXPORT_ID, date: daysAgo(6) }]
      const lax = await run('--from', DATE)
      expect([lax.code, lax.report.ingest?.overdue]).toEqual([0, overdue])
      expect(lax.report.ingest?.pending).toEqual([{ exportId: EXPORT_ID, date: daysAgo(5) }])
      expect(messages(lax.stderr)).toMatchObject(overdue.map((one) => ({ level: 'warn', ...one })))
      const strict = await lab.sync(['--from', DATE, '--strict'])
      expect(strict.code).toBe(5)
      expect(strict.stdout).toContain(`${EXPORT_ID} ${daysAgo(6)}: not ingested and close to deletion`)
      await configure({ retention: { alarmAfterDays: 4 } })
      expect((await run('--from', DATE)).report.ingest?.overdue).toHaveLength(2)
      const all = await run('--strict')
      expect([all.code, all.report.ingest?.overdue]).toEqual([0, []])
    },
    LIMIT_MS,
  )

  it(
    'objects that are no parts are not read; those of an unknown format are counted',
    async () => {
      await lab.part(DATE, 'a.ndjson', says('ada'))
      const path = await lab.part(DATE, '_metadata.json', says('ben'))
      await writeFile(`${dirname(path)}/.a.ndjson.crc`, 'x')
      await lab.part(DATE, 'a.parquet', says('cem'))
      await lab.seal(DATE)
      const { code, report } = await run()
      expect([code, report.ingest?.partitions[0]?.unknownObjects, delivered()]).toEqual([0, 1, ['ada']])
    },
    LIMIT_MS,
  )
})
