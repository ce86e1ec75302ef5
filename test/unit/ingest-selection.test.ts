/** §8.1, §8.3, §8.5: which partitions and parts a run reads, and in which groups. */

import { describe, expect, it } from 'vitest'
import { chosen, grouped, isRepair, selected } from '../../src/ingest/selection.ts'
import type { ListedObject } from '../../src/source/object-store.ts'
import type { Partition } from '../../src/source/partition.ts'
import type { KnownPartition } from '../../src/store/store.ts'

const part = (key: string, change: Partial<ListedObject> = {}): ListedObject => ({
  key,
  size: 10,
  etag: 'v1',
  modifiedAt: 0,
  ...change,
})

const PARTITION: Partition = {
  exportId: 'E1',
  date: '2026-10-20',
  sealed: true,
  parts: [part('a'), part('b')],
  unknownObjects: 0,
}

const known = (change: Partial<KnownPartition> = {}): KnownPartition => ({
  exportId: 'E1',
  date: '2026-10-20',
  state: 'ingested',
  objects: new Map(PARTITION.parts.map(({ key, size, etag }) => [key, { size, etag }])),
  ...change,
})

const keys = (found: ReturnType<typeof selected>) => found.map(({ parts }) => parts.map(({ key }) => key))

describe('selected', () => {
  it('§8.1 a sealed partition never seen is read whole', () => {
    expect(keys(selected([PARTITION], [], {}))).toEqual([['a', 'b']])
  })

  it('§1 a partition that is not sealed is untouched, also by a repair', () => {
    const open = { ...PARTITION, sealed: false }
    expect(selected([open], [], {})).toEqual([])
    expect(selected([open], [], { from: '2026-10-20' })).toEqual([])
  })

  it('§8.5 an ingested partition is left alone, and of a changed one only what changed is read', () => {
    expect(selected([PARTITION], [known()], {})).toEqual([])
    const changed = { ...PARTITION, parts: [part('a'), part('b', { etag: 'v2' }), part('c')] }
    expect(keys(selected([changed], [known()], {}))).toEqual([['b', 'c']])
  })

  it('§8.1 a pending partition is read for the rest, and concluded where nothing is left', () => {
    const pending = known({ state: 'pending', objects: new Map([['a', { size: 10, etag: 'v1' }]]) })
    expect(keys(selected([PARTITION], [pending], {}))).toEqual([['b']])
    expect(keys(selected([PARTITION], [known({ state: 'pending' })], {}))).toEqual([[]])
    expect(keys(selected([{ ...PARTITION, parts: [] }], [], {}))).toEqual([[]])
  })

  it('what is known of another export or date says nothing', () => {
    expect(keys(selected([PARTITION], [known({ exportId: 'E2' }), known({ date: '2026-10-19' })], {}))).toEqual([
      ['a', 'b'],
    ])
  })

  it.each([
    [{ from: '2026-10-20' }, ['2026-10-20', '2026-10-21']],
    [{ to: '2026-10-20' }, ['2026-10-19', '2026-10-20']],
    [{ from: '2026-10-20', to: '2026-10-20' }, ['2026-10-20']],
    [{ from: '2026-10-22' }, []],
  ])('§8.3 a repair of %o reads every sealed partition of it again', (range, dates) => {
    const partitions = ['2026-10-19', '2026-10-20', '2026-10-21'].map((date) => ({ ...PARTITION, date }))
    const found = selected(
      partitions,
      partitions.map((one) => known({ date: one.date })),
      range,
    )
    expect(found.map(({ partition }) => partition.date)).toEqual(dates)
    expect(found.every(({ parts }) => parts.length === 2)).toBe(true)
  })

  it('only the chosen exports', () => {
    const other = { ...PARTITION, exportId: 'E2' }
    expect(chosen([PARTITION, other], {})).toHaveLength(2)
    expect(chosen([PARTITION, other], { exportIds: ['E2'] })).toEqual([other])
    for (const range of [{}, { from: '2026-10-01' }]) {
      const found = selected([PARTITION, other], [], { exportIds: ['E2'], ...range })
      expect(found.map(({ partition }) => partition.exportId)).toEqual(['E2'])
    }
  })

  it('§8.3 one end of a range is a repair', () => {
    expect([{}, { exportIds: ['E1'] }, { from: '2026-10-20' }, { to: '2026-10-20' }].map(isRepair)).toEqual([
      false,
      false,
      true,
      true,
    ])
  })
})

describe('grouped', () => {
  const MEBIBYTE = 1024 * 1024
  const sized = (...sizes: number[]) =>
    sizes.map((size) => ({ partition: PARTITION, parts: [part('a', { size: size * MEBIBYTE })] }))
  const sizes = (groups: ReturnType<typeof grouped>) =>
    groups.map((group) => group.map(({ parts }) => (parts[0]?.size ?? 0) / MEBIBYTE))

  it('small partitions are read together, up to 1 GiB', () => {
    expect(sizes(grouped(sized(200, 800, 24, 1)))).toEqual([[200, 800, 24], [1]])
  })

  it('a partition above the bound is a group of its own, and none is cut or lost', () => {
    expect(sizes(grouped(sized(1, 4_000, 1, 1_023)))).toEqual([[1], [4_000], [1, 1_023]])
    expect(grouped([])).toEqual([])
    expect(sizes(grouped(sized(0, 0)))).toEqual([[0, 0]])
  })
})
