/** §1, §8.5: the layout of an export, and what a listing says. */

import { describe, expect, it } from 'vitest'

import {
  type DiscoverySettings,
  discoverPartitions,
  goneDates,
  missingDates,
  overdue,
  pendingParts,
} from '../../src/source/discover.ts'
import type { ObjectStore } from '../../src/source/object-store.ts'
import { partFormat, placeOf } from '../../src/source/partition.ts'

const DATE = 'data/export-id=E1/date=2026-10-20'
const PARTITION = { exportId: 'E1', date: '2026-10-20' }
const SETTINGS: DiscoverySettings = { prefix: 'data/', successMarker: 'auto' }

/** A store of keys alone; opening one is a surprise. */
function storeOf(...keys: readonly string[]): ObjectStore {
  return {
    async *list(prefix) {
      for (const key of keys.filter((name) => name.startsWith(prefix))) yield { key, size: 1, etag: key, modifiedAt: 0 }
    },
    open: () => Promise.reject(new Error('nobody should open')),
  }
}

const discover = (keys: readonly string[], settings: Partial<DiscoverySettings> = {}) =>
  discoverPartitions(storeOf(...keys), { ...SETTINGS, ...settings }, new AbortController().signal)

describe('placeOf', () => {
  it.each([
    [`${DATE}/users/part-0.json.gz`, { kind: 'part', partition: PARTITION }],
    [`/${DATE}/users/part-0.json.gz`, { kind: 'part', partition: PARTITION }],
    [`${DATE}/users/_SUCCESS`, { kind: 'marker', partition: PARTITION, where: 'users' }],
    [`${DATE}/_SUCCESS`, { kind: 'marker', partition: PARTITION, where: 'partition' }],
    [`${DATE}/users/part-0.parquet`, { kind: 'unknown-object', partition: PARTITION }],
    [`${DATE}/proofs/1.png`, { kind: 'folder', partition: PARTITION, folder: 'proofs' }],
    [`${DATE}/users/hour=01/part-0.json.gz`, { kind: 'folder', partition: PARTITION, folder: 'users/hour=01' }],
    [
      'data/export-id=a%2Fb%20c/date=2026-10-20/users/x.json',
      { kind: 'part', partition: { ...PARTITION, exportId: 'a/b c' } },
    ],
    ['data/export-id=50%/date=2026-10-20/users/x.json', { kind: 'part', partition: { ...PARTITION, exportId: '50%' } }],
  ])('§1 %s', (key, place) => {
    expect(placeOf(key, 'data/')).toEqual(place)
    expect(placeOf(key, '/data/')).toEqual(place)
  })

  it.each([
    `${DATE}/users/_part.json.gz`,
    `${DATE}/users/.part.json.gz.crc`,
    `${DATE}/users/_temporary/0/part-0.json.gz`,
    `${DATE}/users/`,
    `${DATE}/`,
    `${DATE}/manifest.json`,
    `${DATE}/_manifest.json`,
    `${DATE}/_temporary/0/part-0.json.gz`,
    `${DATE}/.spark-staging/part-0.json.gz`,
    `${DATE}/users/.hidden/part-0.json.gz`,
    `${DATE}/users/_SUCCESS.crc`,
    'data/export-id=E1/date=2026-02-30/users/x.json.gz',
    'data/export-id=/date=2026-10-20/users/x.json.gz',
    'data/date=2026-10-20/export-id=E1/users/x.json.gz',
    'other/export-id=E1/date=2026-10-20/users/x.json.gz',
    'data/x.json.gz',
  ])('§1 %s means nothing', (key) => {
    expect(placeOf(key, 'data/')).toEqual({ kind: 'stray' })
  })
})

describe('partFormat', () => {
  it.each([
    ['a.json.gz', { form: 'json', gzip: true }],
    ['a.ndjson.gz', { form: 'json', gzip: true }],
    ['a.JSON.GZ', { form: 'json', gzip: true }],
    ['a.json', { form: 'json', gzip: false }],
    ['a.ndjson', { form: 'json', gzip: false }],
    ['a.csv', { form: 'csv', gzip: false }],
    ['a.csv.gz', { form: 'csv', gzip: true }],
    ['a.gz', undefined],
    ['json', undefined],
  ])('%s', (key, format) => {
    expect(partFormat(key)).toEqual(format)
  })
})

describe('discoverPartitions', () => {
  it('§1 gives partitions by date, then export-id, with their parts by key', async () => {
    const { partitions } = await discover([
      'data/export-id=E2/date=2026-10-20/users/b.json.gz',
      'data/export-id=E2/date=2026-10-20/users/a.json.gz',
      'data/export-id=E2/date=2026-10-20/users/_SUCCESS',
      'data/export-id=E1/date=2026-10-21/users/x.parquet',
      'data/export-id=E1/date=2026-10-20/users/a.json.gz',
    ])
    expect(partitions.map(({ parts, ...rest }) => ({ ...rest, parts: parts.map(({ key }) => key.at(-9)) }))).toEqual([
      { exportId: 'E1', date: '2026-10-20', sealed: false, unknownObjects: 0, parts: ['a'] },
      {
        exportId: 'E2',
        date: '2026-10-20',
        sealed: true,
        unknownObjects: 0,
        parts: ['a', 'b'],
        marker: 'data/export-id=E2/date=2026-10-20/users/_SUCCESS',
      },
      { exportId: 'E1', date: '2026-10-21', sealed: false, unknownObjects: 1, parts: [] },
    ])
  })

  it.each([
    ['auto', true, true],
    ['users', true, false],
    ['partition', false, true],
  ] as const)('§1 success marker %s', async (successMarker, inUsers, beside) => {
    const part = `${DATE}/users/a.json.gz`
    const sealed = async (marker: string) => {
      const { partitions } = await discover([part, marker], { successMarker })
      return partitions.map((partition) => partition.sealed)
    }
    expect(await sealed(`${DATE}/users/_SUCCESS`)).toEqual([inUsers])
    expect(await sealed(`${DATE}/_SUCCESS`)).toEqual([beside])
  })

  it.each([
    ['auto', `${DATE}/_SUCCESS`],
    ['users', `${DATE}/users/_SUCCESS`],
    ['partition', `${DATE}/_SUCCESS`],
  ] as const)('§1 success marker %s: of two, %s is the one that seals', async (successMarker, marker) => {
    const keys = [`${DATE}/_SUCCESS`, `${DATE}/users/_SUCCESS`, `${DATE}/users/a.json.gz`]
    expect((await discover(keys, { successMarker })).partitions.map((partition) => partition.marker)).toEqual([marker])
  })

  it('§1 a marker in a folder of users/ seals nothing', async () => {
    const { partitions } = await discover([`${DATE}/users/a.json.gz`, `${DATE}/users/deeper/_SUCCESS`])
    expect(partitions).toMatchObject([{ sealed: false }])
    expect(partitions[0]).not.toHaveProperty('marker')
  })

  it('§1 what a writer left behind beside users/ does not make an empty day another export', async () => {
    const { partitions, ignoredFolders } = await discover([`${DATE}/_SUCCESS`, `${DATE}/_temporary/0/x.json.gz`])
    expect(partitions).toMatchObject([{ ...PARTITION, sealed: true, parts: [] }])
    expect(ignoredFolders).toEqual([])
  })

  it('names other folders once, and takes a partition without users for another export', async () => {
    const { partitions, ignoredFolders } = await discover([
      `${DATE}/proofs/1.png`,
      `${DATE}/proofs/2.png`,
      `${DATE}/users/a.json.gz`,
      'data/export-id=A1/date=2026-10-20/cmp_hourly_metrics/x.json.gz',
      'data/export-id=A1/date=2026-10-20/_SUCCESS',
    ])
    expect(partitions.map(({ exportId }) => exportId)).toEqual(['E1'])
    expect(ignoredFolders).toEqual(['cmp_hourly_metrics', 'proofs'])
  })

  it('an empty sealed day is a partition', async () => {
    for (const marker of [`${DATE}/_SUCCESS`, `${DATE}/users/_SUCCESS`]) {
      expect((await discover([marker])).partitions).toMatchObject([{ ...PARTITION, sealed: true, parts: [] }])
    }
  })

  it('§1 a leading slash in key or prefix makes no difference', async () => {
    for (const key of [`${DATE}/users/a.json.gz`, `/${DATE}/users/a.json.gz`]) {
      for (const prefix of ['data/', '/data/', '']) {
        const keys = prefix === '' ? [key.replace('data/', '')] : [key]
        expect((await discover(keys, { prefix })).partitions).toMatchObject([{ ...PARTITION, parts: [{}] }])
      }
    }
  })
})

describe('pendingParts', () => {
  const part = { key: 'a', size: 1, etag: 'x', modifiedAt: 0 }
  const partition = { ...PARTITION, sealed: true, unknownObjects: 0, parts: [part, { ...part, key: 'b' }] }

  it('§8.5 a known object is not read again, a new or changed one is', () => {
    const pending = (size: number, etag: string) =>
      pendingParts(partition, new Map([['a', { size, etag }]])).map(({ key }) => key)
    expect(pending(1, 'x')).toEqual(['b'])
    expect(pending(1, 'y')).toEqual(['a', 'b'])
    expect(pending(2, 'x')).toEqual(['a', 'b'])
  })
})

describe('dates', () => {
  const of = (exportId: string, ...dates: readonly string[]) => dates.map((date) => ({ exportId, date }))

  it('§8.5 a date between two present ones is missing, per export-id, whatever the order', () => {
    const present = [...of('B', '2026-03-01', '2026-02-27'), ...of('A', '2026-10-25', '2026-10-21', '2026-10-20')]
    expect(missingDates(present)).toEqual([
      { exportId: 'A', from: '2026-10-22', to: '2026-10-24' },
      { exportId: 'B', from: '2026-02-28', to: '2026-02-28' },
    ])
  })

  it('§8.5 nothing is missing before the first, after the last, or of another export', () => {
    expect(missingDates([...of('A', '2026-10-20', '2026-10-20'), ...of('B', '2026-10-22')])).toEqual([])
  })

  it('§8.5 a date gone before it was ingested is told', () => {
    expect(goneDates(of('A', '2026-10-21'), of('A', '2026-10-20', '2026-10-21'))).toEqual(of('A', '2026-10-20'))
    expect(goneDates(of('B', '2026-10-20'), of('A', '2026-10-20'))).toEqual(of('A', '2026-10-20'))
  })

  it('§8.5 only sealed partitions older than five days are overdue', () => {
    const pending = of('A', '2026-10-14', '2026-10-15').map((id) => ({ ...id, sealed: true }))
    expect(overdue([...pending, { exportId: 'A', date: '2026-10-01', sealed: false }], '2026-10-20')).toEqual([
      { exportId: 'A', date: '2026-10-14', sealed: true },
    ])
    expect(overdue(pending, '2026-10-20', 4)).toHaveLength(2)
  })
})
