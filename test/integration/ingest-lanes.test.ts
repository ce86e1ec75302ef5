/** §3, §8.1: an export large enough for threads gives the same states on any number of them. Needs `dist`. */

import { createHash, randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { HOUR } from '../../src/consent/time.ts'
import type { IngestPorts } from '../../src/ingest/group.ts'
import type { IngestSettings } from '../../src/ingest/ingest.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { silentLog } from '../../src/lib/log.ts'
import { noProgress } from '../../src/lib/progress.ts'
import { openDirectory } from '../../src/source/directory.ts'
import type { ObjectStore } from '../../src/source/object-store.ts'
import { openSqliteStore } from '../../src/store/sqlite.ts'
import type { Store } from '../../src/store/store.ts'

/** Lanes are threads only in the product as it is built: a thread's file has to be JavaScript. */
const built = (path: string): Promise<unknown> => import(new URL(`../../dist/src/${path}`, import.meta.url).href)
const { ingest } = (await built('ingest/ingest.js')) as typeof import('../../src/ingest/ingest.ts')
// The same class of error as the ingest knows.
const { objectDamaged } = (await built('source/object-store.js')) as typeof import('../../src/source/object-store.ts')

const DATES = ['2026-10-19', '2026-10-20', '2026-10-21']
const PARTS = 4
const USERS = 900

const keyOf = (date: string, part: number) => `data/export-id=E/date=${date}/users/part-${part}.json.gz`

/** A user's line of a day; most bytes are noise that does not compress, so that few lines are worth a thread. */
function lineOf(user: number, day: number): string {
  const date = DATES[day] ?? ''
  const choice = (user + day) % 3 === 0
  const values = { f: { value: day % 2 === 0 ? 'b,a' : 'a' } }
  const line = {
    user: {
      id: `device-${user % 7 === 0 ? user - 1 : user}`,
      organization_user_id: user % 50 === 0 ? null : `person-${user % 400}`,
      version: day,
      updated_at: `${date}T0${user % 10}:00:00.${100 + (user % 900)}Z`,
      metadata: { noise: randomBytes(1_800).toString('base64'), same: user, day: { day } },
      consents: {
        purposes: [
          { id: 'p', enabled: choice, values },
          { id: `é-${user % 3}`, enabled: !choice },
        ],
      },
    },
    events: [
      {
        id: `event-${user}-${day}`,
        created_at: `${date}T0${user % 10}:00:00Z`,
        status: user % 11 === 0 ? 'pending_approval' : 'confirmed',
        consents: { purposes: [{ enabled: choice, id: 'p' }] },
      },
    ],
  }
  const text = JSON.stringify(user % 20 === 0 ? { events: line.events, user: line.user } : line)
  return user % 100 === 3 ? text.slice(0, -1) : text
}

let source: string
let folder: string
let store: Store
beforeAll(async () => {
  source = await mkdtemp(join(tmpdir(), 'didomi-dataverse-lanes-'))
  let stored = 0
  for (const [day, date] of DATES.entries()) {
    for (let part = 0; part < PARTS; part += 1) {
      const users = Array.from({ length: USERS }, (_, user) => user).filter((user) => user % PARTS === part)
      const path = join(source, keyOf(date, part))
      await mkdir(dirname(path), { recursive: true })
      const bytes = gzipSync(users.map((user) => lineOf(user, day)).join('\n'), { level: 1 })
      stored += bytes.length
      await writeFile(path, bytes)
    }
    await writeFile(join(source, dirname(keyOf(date, 0)), '_SUCCESS'), '')
  }
  if (stored < 4.5 * 1024 * 1024) throw new Error('too little to be worth a thread')
})
afterAll(() => rm(source, { recursive: true, force: true }))
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'didomi-dataverse-lanes-'))
  store = await openSqliteStore(join(folder, 'store.db'), systemClock)
})
afterEach(async () => {
  await store.close()
  await rm(folder, { recursive: true, force: true })
})

function run(change: Partial<IngestSettings>, ports: Partial<IngestPorts> = {}, signal = new AbortController().signal) {
  const settings: IngestSettings = {
    discovery: { prefix: 'data/', successMarker: 'auto' },
    reading: {
      reading: { normalise: 'none', regulations: ['gdpr'], clockSkew: 24 * HOUR, maxLineBytes: 100_000 },
      maxExpansion: 1_000,
    },
    workers: 2,
    selection: {},
    targets: ['crm'],
    rejectsMaxRatio: 1,
    alarmAfterDays: 5,
    archived: false,
    spillFolder: join(folder, 'spill'),
    ...change,
  }
  const own = { exports: openDirectory(source), store, clock: systemClock, log: silentLog, progress: noProgress }
  return ingest({ ...own, ...ports }, settings, signal)
}

/** All states of the store, as one hash. */
async function statesOf(one: Store): Promise<string> {
  const due = await one.takeDue('crm', undefined, 100_000)
  const hash = createHash('sha256')
  for (const person of await one.persons(due.map(({ person }) => person))) hash.update(JSON.stringify(person))
  return `${due.length} ${hash.digest('hex')}`
}

/** The parts in the opposite order, and chunks of another size. */
function turned(exports: ObjectStore): ObjectStore {
  return {
    async *list(prefix, signal) {
      const objects = []
      for await (const object of exports.list(prefix, signal)) objects.push(object)
      yield* objects.reverse()
    },
    open: async (key, expected, signal) => {
      const bytes = await exports.open(key, expected, signal)
      return (async function* () {
        for await (const chunk of bytes) {
          for (let at = 0; at < chunk.length; at += 10_007) yield chunk.subarray(at, at + 10_007)
        }
      })()
    },
  }
}

describe('lanes', () => {
  it('§3 the states are the same on any number of threads, in any order, read fast or plainly', async () => {
    const ways: [Partial<IngestSettings>, Partial<IngestPorts>][] = [
      [{ workers: 1, reader: 'plain' }, {}],
      [{ workers: 1 }, {}],
      [{ workers: 2 }, {}],
      [{ workers: 3 }, { exports: turned(openDirectory(source)) }],
      [{ workers: 2, reader: 'plain' }, { exports: turned(openDirectory(source)) }],
    ]
    const results = []
    for (const [index, [change, ports]] of ways.entries()) {
      const own = await openSqliteStore(join(folder, `${index}.db`), systemClock)
      try {
        const { partitions, changedRecords } = await run(change, { ...ports, store: own })
        results.push({ changedRecords, counts: partitions.map(({ counts }) => counts), states: await statesOf(own) })
      } finally {
        await own.close()
      }
      expect(existsSync(join(folder, 'spill'))).toBe(false)
    }
    expect(results[0]?.counts[0]).toMatchObject({ lines: USERS, rejects: 9, guests: 18 })
    for (const result of results) expect(result).toEqual(results[0])
  })

  it('§8.1 a part that breaks off on one thread leaves the others, and its partition pending', async () => {
    const path = join(source, keyOf('2026-10-20', 1))
    const kept = `${path}.kept`
    await rename(path, kept)
    const whole = gzipSync(Array.from({ length: 300 }, (_, user) => lineOf(user, 1)).join('\n'))
    await writeFile(path, whole.subarray(0, whole.length - 100))
    try {
      const { partitions } = await run({ workers: 3 })
      expect(partitions.map(({ date, objects, damaged }) => [date, objects, damaged])).toEqual([
        ['2026-10-19', PARTS, []],
        ['2026-10-20', PARTS - 1, [keyOf('2026-10-20', 1)]],
        ['2026-10-21', PARTS, []],
      ])
    } finally {
      await rename(kept, path)
    }
    const { partitions } = await run({ workers: 3 })
    expect(partitions.map(({ date, objects }) => [date, objects])).toEqual([['2026-10-20', 1]])
    const whole2 = await openSqliteStore(join(folder, 'whole.db'), systemClock)
    try {
      await run({ workers: 2 }, { store: whole2 })
      // Lines of the broken part were read and let go: they must not have counted.
      expect(await statesOf(store)).toBe(await statesOf(whole2))
    } finally {
      await whole2.close()
    }
  })

  it('§8.1 an object replaced amid its bytes on one thread does not count', async () => {
    const exports = openDirectory(source)
    const replaced = keyOf('2026-10-21', 2)
    const breaking: ObjectStore = {
      list: exports.list,
      open: async (key, expected, signal) => {
        const bytes = await exports.open(key, expected, signal)
        if (key !== replaced) return bytes
        return (async function* () {
          for await (const chunk of bytes) yield chunk.subarray(0, 1_000)
          throw objectDamaged(key, 'another version than the one listed')
        })()
      },
    }
    const { partitions } = await run({}, { exports: breaking })
    expect(partitions.flatMap(({ damaged }) => damaged)).toEqual([replaced])
  })

  it('ends with the reason of an aborted signal, with nothing left behind', async () => {
    const control = new AbortController()
    const reason = new Error('stop')
    const exports = openDirectory(source)
    let opened = 0
    const counting: ObjectStore = {
      list: exports.list,
      open: (key, expected, signal) => {
        opened += 1
        if (opened === 4) control.abort(reason)
        return exports.open(key, expected, signal)
      },
    }
    await expect(run({}, { exports: counting }, control.signal)).rejects.toBe(reason)
    expect(existsSync(join(folder, 'spill'))).toBe(false)
    expect(await store.countStates()).toBe(0)
    const { changedRecords } = await run({})
    expect(changedRecords).toBeGreaterThan(700)
  })
})
