/** §8.1, §8.4: what ingest counts, names and leaves untouched, on real files and a real store. */

import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { HOUR } from '../../src/consent/time.ts'
import { type IngestSettings, ingest } from '../../src/ingest/ingest.ts'
import type { Log } from '../../src/lib/log.ts'
import { openDirectory } from '../../src/source/directory.ts'
import { openSqliteStore } from '../../src/store/sqlite.ts'
import type { Store } from '../../src/store/store.ts'
import { countingClock } from '../support/dataverse-options.ts'

const DATE = '2026-10-20'
const clock = countingClock(Date.UTC(2026, 9, 21))

let folder: string
let store: Store
let told: { level: string; message: string; fields: object }[]
let stages: { name: string; total: number; done: number; ended: boolean }[]

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'didomi-dataverse-ingest-'))
  store = await openSqliteStore(join(folder, 'store.db'), clock)
  told = []
  stages = []
})

afterEach(async () => {
  await store.close()
  await rm(folder, { recursive: true, force: true })
})

const level = (name: string) => (fields: object, message: string) => void told.push({ level: name, message, fields })
const log: Log = { debug: level('debug'), info: level('info'), warn: level('warn'), error: level('error') }

const progress = {
  stage: (name: string, total: number) => {
    const stage = { name, total, done: 0, ended: false }
    stages.push(stage)
    return {
      advance: (count: number) => {
        stage.done += count
      },
      end: () => {
        stage.ended = true
      },
    }
  },
  waiting: () => {},
}

async function put(path: string, text = '') {
  const file = join(folder, 'export', 'data', ...path.split('/'))
  await mkdir(join(file, '..'), { recursive: true })
  await writeFile(file, text)
}

const users = (name: string, exportId = 'E1', date = DATE) => `export-id=${exportId}/date=${date}/users/${name}`

const says = (ouid: string | null, at = `${DATE}T12:00:00Z`, enabled = true, user: object = {}) =>
  JSON.stringify({
    user: {
      id: 'u',
      organization_user_id: ouid,
      updated_at: at,
      consents: { purposes: [{ id: 'p', enabled }] },
      ...user,
    },
  })

function settings(change: Partial<IngestSettings> = {}): IngestSettings {
  return {
    discovery: { prefix: 'data/', successMarker: 'auto' },
    reading: {
      reading: { normalise: 'none', regulations: ['gdpr'], clockSkew: 24 * HOUR, maxLineBytes: 1_000 },
      maxExpansion: 1_000,
    },
    workers: 1,
    archived: false,
    selection: {},
    targets: ['crm', 'other'],
    rejectsMaxRatio: 0.01,
    alarmAfterDays: 5,
    spillFolder: join(folder, 'spill'),
    ...change,
  }
}

const run = (change: Partial<IngestSettings> = {}, signal = new AbortController().signal) =>
  ingest({ exports: openDirectory(join(folder, 'export')), store, clock, log, progress }, settings(change), signal)

describe('ingest', () => {
  it('§8.4 every line is record, reject, guest or skipped, and the store knows the same counts', async () => {
    const lines = [says('a'), says(null), says('b', undefined, true, { regulation: 'cpra' }), 'x', says('c'), '']
    await put(users('a.ndjson'), lines.join('\n'))
    await put(users('_SUCCESS'))
    const report = await run()
    expect(report.partitions).toEqual([
      {
        exportId: 'E1',
        date: DATE,
        objects: 1,
        damaged: [],
        counts: { lines: 5, records: 2, rejects: 1, guests: 1, skipped: 1, ignoredEvents: 0 },
        tooManyRejects: true,
        unknownObjects: 0,
      },
    ])
    expect(report.changedRecords).toBe(2)
    expect([await store.countDue('crm'), await store.countDue('other')]).toEqual([2, 2])
    expect(stages).toEqual([{ name: 'ingest', total: 1, done: 1, ended: true }])
  })

  it('§2.1 of very many rejects the first 1,000 of an object are named, the first ten in the log, all are counted', async () => {
    await put(users('a.ndjson'), `${'x\n'.repeat(1_500)}${says('a')}`)
    await put(users('_SUCCESS'))
    const report = await run()
    expect(report.partitions[0]?.counts).toMatchObject({ lines: 1_501, rejects: 1_500, records: 1 })
    const warned = told.filter(({ message }) => message === 'line rejected')
    expect(warned.map(({ fields }) => fields)).toEqual(
      Array.from({ length: 10 }, (_, index) => ({
        exportId: 'E1',
        date: DATE,
        object: `data/${users('a.ndjson')}`,
        line: index + 1,
        code: 'not-json',
      })),
    )
  })

  it('§3 exports, dates and parts in any order reduce to one state per record', async () => {
    await put(users('a.ndjson'), `${says('a', `${DATE}T12:00:00Z`, false)}\n${says('a', `${DATE}T10:00:00Z`)}`)
    await put(users('b.ndjson'), says('a', `${DATE}T11:00:00Z`))
    await put(users('c.ndjson', 'E2'), says('a', `${DATE}T12:00:00Z`))
    await put(users('_SUCCESS'))
    await put(users('_SUCCESS', 'E2'))
    expect((await run()).changedRecords).toBe(1)
    expect(await store.countStates()).toBe(1)
    const [due] = await store.takeDue('crm', undefined, 10)
    const [person] = await store.persons([due?.person ?? ''])
    expect(person?.states.map((text) => JSON.parse(text).said)).toEqual([
      {
        'purpose/p': { false: [Date.UTC(2026, 9, 20, 12) * 1_000, -1], true: [Date.UTC(2026, 9, 20, 12) * 1_000, -1] },
      },
    ])
  })

  it('§8.3 what is ingested again changes nothing, and a repair marks everybody of its range due all the same', async () => {
    await put(users('a.ndjson'), `${says('a')}\n${says('b')}`)
    await put(users('_SUCCESS'))
    await run()
    const due = await store.takeDue('crm', undefined, 10)
    await store.settle(
      { organization: 'o', target: 'crm' },
      {
        now: 0,
        settlements: due.map(({ person, mark }) => ({ person, mark, outcome: 'written', park: 'clear' })),
        ledger: [],
        evidence: [],
        quarantine: [],
      },
    )
    expect(await run()).toMatchObject({ repair: false, partitions: [], changedRecords: 0 })
    expect(await store.countDue('crm')).toBe(0)
    expect(await run({ selection: { from: DATE } })).toMatchObject({ repair: true, changedRecords: 0 })
    expect(await store.countDue('crm')).toBe(2)
  })

  it('§8.1 an aborted run leaves the store as it was, and no spill', async () => {
    await put(users('a.ndjson'), says('a'))
    await put(users('_SUCCESS'))
    const aborted = AbortSignal.abort(new Error('stop'))
    await expect(run({}, aborted)).rejects.toThrow('stop')
    expect([await store.countStates(), await store.countDue('crm')]).toEqual([0, 0])
    expect((await run()).changedRecords).toBe(1)
  })

  it('folders of other exports are named once and not read', async () => {
    await put('export-id=A1/date=2026-10-20/cmp_hourly_metrics/a.ndjson', says('a'))
    await put('export-id=A1/date=2026-10-20/cmp_hourly_metrics/_SUCCESS')
    const report = await run()
    expect([report.partitions, report.open]).toEqual([[], []])
    expect(told).toMatchObject([{ level: 'info', fields: { folders: ['cmp_hourly_metrics'] } }])
  })
})
