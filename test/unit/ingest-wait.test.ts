/** Waiting for a late partition: by a clock moved by hand, over real folders. */

import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { dateToWaitFor, missingExports, type WaitRequest, waitForPartition } from '../../src/ingest/wait.ts'
import { CodedError } from '../../src/lib/errors.ts'
import type { Log } from '../../src/lib/log.ts'
import { openDirectory } from '../../src/source/directory.ts'
import type { ObjectStore } from '../../src/source/object-store.ts'
import type { Partition } from '../../src/source/partition.ts'
import type { KnownPartition } from '../../src/store/store.ts'

const DATE = '2026-10-20'
const HOUR_MS = 3_600_000

let folder: string
let told: { fields: object; message: string }[]
let waits: [string, number][]

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ingest-wait-'))
  await mkdir(join(folder, 'data'))
  told = []
  waits = []
})

afterEach(() => rm(folder, { recursive: true, force: true }))

const users = (exportId: string, date: string) => join(folder, 'data', `export-id=${exportId}`, `date=${date}`, 'users')

async function day(exportId: string, date = DATE, sealed = true) {
  await mkdir(users(exportId, date), { recursive: true })
  await writeFile(join(users(exportId, date), sealed ? '_SUCCESS' : 'a.json.gz'), '')
}

/** A clock on which time passes only in sleeps; before each one, whatever `meanwhile` says happens. */
function clockWith(meanwhile: (sleeps: number) => Promise<void> | void = () => {}) {
  let ms = 0
  const slept: number[] = []
  return {
    slept,
    now: () => Date.UTC(2026, 9, 20, 23, 59) + ms,
    monotonic: () => ms,
    sleep: async (waitMs: number, signal?: AbortSignal) => {
      await meanwhile(slept.length + 1)
      signal?.throwIfAborted()
      slept.push(waitMs)
      ms += waitMs
    },
  }
}

const tell = (fields: object, message: string) => void told.push({ fields, message })
const log: Log = { debug: tell, info: tell, warn: tell, error: tell }
const progress = {
  stage: () => ({ advance: () => {}, end: () => {} }),
  waiting: (what: string, waitMs: number) => void waits.push([what, waitMs]),
}

function wait(
  clock: ReturnType<typeof clockWith>,
  {
    known = [],
    exports = openDirectory(folder),
    signal = new AbortController().signal,
    ...wish
  }: Partial<WaitRequest> & { known?: KnownPartition[]; exports?: ObjectStore; signal?: AbortSignal } = {},
) {
  const store = { partitions: async () => known }
  const request = {
    discovery: { prefix: 'data/', successMarker: 'auto' as const },
    date: DATE,
    timeoutMs: 3 * HOUR_MS,
    ...wish,
  }
  return waitForPartition({ exports, store, clock, log, progress }, request, signal)
}

const known = (exportId: string, date: string): KnownPartition => ({
  exportId,
  date,
  state: 'ingested',
  objects: new Map(),
})

const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0)

describe('waitForPartition', () => {
  it('does not wait for what is there', async () => {
    await day('E1')
    const clock = clockWith()
    await wait(clock)
    expect([clock.slept, told, waits]).toEqual([[], [], []])
  })

  it('§1 a partition without _SUCCESS is not there', async () => {
    await day('E1', DATE, false)
    const clock = clockWith((sleeps) => (sleeps === 2 ? day('E1') : undefined))
    await wait(clock)
    expect(clock.slept).toEqual([30_000, 60_000])
  })

  it('looks ever less often, at most every five minutes, and never past the time it was given', async () => {
    const clock = clockWith()
    await expect(wait(clock, { timeoutMs: 20 * 60_000 + 1 })).rejects.toMatchObject({ code: 'partition-late' })
    expect(clock.slept).toEqual([30_000, 60_000, 120_000, 240_000, 300_000, 300_000, 150_001])
  })

  it('looks a last time when the time is up', async () => {
    const clock = clockWith((sleeps) => (sleeps === 3 ? day('E1') : undefined))
    await wait(clock, { timeoutMs: 100_000 })
    expect(clock.slept).toEqual([30_000, 60_000, 10_000])
  })

  it('says what it waits for, for how long, and when that came', async () => {
    await day('E1', '2026-10-19')
    await wait(clockWith((sleeps) => (sleeps === 2 ? day('E1') : undefined)))
    expect(waits).toEqual([
      ['partition 2026-10-20 of E1 is not sealed (waited 0 min of 180 min)', 30_000],
      ['partition 2026-10-20 of E1 is not sealed (waited 1 min of 180 min)', 60_000],
    ])
    expect(told).toEqual([
      {
        fields: { date: DATE, waitedMs: 0, pauseMs: 30_000, leftMs: 3 * HOUR_MS },
        message: 'waiting for partition 2026-10-20 of E1',
      },
      {
        fields: { date: DATE, waitedMs: 30_000, pauseMs: 60_000, leftMs: 3 * HOUR_MS - 30_000 },
        message: 'waiting for partition 2026-10-20 of E1',
      },
      { fields: { date: DATE, waitedMs: 90_000 }, message: 'the partition waited for is sealed' },
    ])
  })

  it('waits for every export that is configured, and for no other', async () => {
    await day('E1')
    await day('E3', DATE, false)
    const error = await wait(clockWith(), { exportIds: ['E1', 'E2'], timeoutMs: 1 }).catch((thrown) => thrown)
    expect(error).toMatchObject({ code: 'partition-late', next: 'source' })
    expect(String(error)).toContain('partition 2026-10-20 of E2:')
    await day('E2')
    await wait(clockWith(), { exportIds: ['E1', 'E2'], timeoutMs: 1 })
  })

  it('waits for the exports that the store knows, and those in the source', async () => {
    await day('E1')
    await day('E2', '2026-10-18')
    const failure = await wait(clockWith(), { known: [known('E3', '2026-10-19')], timeoutMs: 1 }).catch(String)
    expect(failure).toContain('partition 2026-10-20 of E2, E3:')
  })

  it('an export that has ended is not waited for', async () => {
    await day('E1')
    await day('E2', '2026-10-12')
    const clock = clockWith()
    await wait(clock, { known: [known('E3', '2026-01-01'), known('E4', '2026-10-21')] })
    expect(clock.slept).toEqual([])
  })

  it('where no export is known any one will do', async () => {
    const failure = await wait(clockWith(), { timeoutMs: 60_000 }).catch(String)
    expect(failure).toContain('partition 2026-10-20 of any export: found no _SUCCESS after 1 min')
    const clock = clockWith((sleeps) => (sleeps === 1 ? day('E9') : undefined))
    await wait(clock)
    expect(clock.slept).toEqual([30_000])
  })

  it('a source that cannot be listed for a while is asked again', async () => {
    await day('E1')
    await rename(join(folder, 'data'), join(folder, 'away'))
    const gone = openDirectory(join(folder, 'gone'))
    const clock = clockWith(async (sleeps) => {
      if (sleeps === 2) await rename(join(folder, 'away'), join(folder, 'gone'))
    })
    await wait(clock, { exports: gone, discovery: { prefix: '', successMarker: 'auto' } })
    expect(clock.slept).toEqual([30_000, 60_000])
    expect(told.filter(({ fields }) => 'code' in fields)).toHaveLength(2)
  })

  it('a source that cannot be listed to the end is a partition that is late, and says why', async () => {
    const gone = openDirectory(join(folder, 'gone'))
    const clock = clockWith()
    await expect(wait(clock, { exports: gone, timeoutMs: 60_000 })).rejects.toMatchObject({
      code: 'partition-late',
      cause: { code: 'source-unreadable' },
    })
    expect(sum(clock.slept)).toBe(60_000)
  })

  it.each(['source-forbidden', 'defect'] as const)('%s does not pass by waiting', async (code) => {
    const error = new CodedError(code, [{ where: '', found: '', expected: '', remedy: '' }])
    const refused: ObjectStore = {
      // biome-ignore lint/correctness/useYield: a listing that is refused gives nothing
      async *list() {
        throw error
      },
      open: () => Promise.reject(error),
    }
    const clock = clockWith()
    await expect(wait(clock, { exports: refused })).rejects.toBe(error)
    expect(clock.slept).toEqual([])
  })

  it('an interruption ends the wait with its reason', async () => {
    const control = new AbortController()
    const stop = new Error('stop')
    const clock = clockWith(() => control.abort(stop))
    await expect(wait(clock, { signal: control.signal })).rejects.toBe(stop)
    expect(clock.slept).toEqual([])
  })
})

describe('missingExports', () => {
  const found = (exportId: string, sealed: boolean, date = DATE): Partition => ({
    exportId,
    date,
    sealed,
    parts: [],
    unknownObjects: 0,
  })

  it('names each export once, sorted', () => {
    const discovered = [found('E2', false), found('E1', false), found('E1', true, '2026-10-19'), found('E3', true)]
    expect(missingExports(discovered, [known('E2', '2026-10-14')], { date: DATE })).toEqual(['E1', 'E2'])
  })

  it.each([
    ['2026-10-13', ['E9']],
    ['2026-10-12', []],
  ] as const)('an export last seen on %s', (date, missing) => {
    expect(missingExports([found('E1', true)], [known('E9', date)], { date: DATE })).toEqual(missing)
  })
})

describe('dateToWaitFor', () => {
  it('today is the date in UTC, any other is itself', () => {
    const now = (iso: string) => ({ now: () => Date.parse(iso) })
    expect(dateToWaitFor('today', now('2026-10-20T23:59:59.999Z'))).toBe('2026-10-20')
    expect(dateToWaitFor('today', now('2026-10-21T00:30:00+02:00'))).toBe('2026-10-20')
    expect(dateToWaitFor('2026-10-01', now('2026-10-20T00:00:00Z'))).toBe('2026-10-01')
  })
})
