/** §8.1, §8.5: where every partition stands, what of it alarms, and what closes a gap. */

import { describe, expect, it } from 'vitest'
import { parseInstant } from '../../src/consent/time.ts'
import { sourceFindings } from '../../src/source/findings.ts'
import type { Partition } from '../../src/source/partition.ts'
import {
  gapClosers,
  type PartitionStatus,
  type RememberedPartition,
  type StatusFacts,
  sourceStatus,
  stillOpen,
} from '../../src/source/status.ts'

const TODAY = '2026-10-20'

/** One part of 100 bytes per name. */
const parts = (...names: readonly string[]) =>
  names.map((name) => ({ key: name, size: 100, etag: `${name}-1`, modifiedAt: 0 }))

const present = (date: string, change: Partial<Partition> = {}): Partition => ({
  exportId: 'E1',
  date,
  sealed: true,
  parts: parts('a', 'b'),
  unknownObjects: 0,
  ...change,
})

/** Known as it would be after its two parts were read, until a test says otherwise. */
const known = (date: string, change: Partial<RememberedPartition> = {}): RememberedPartition => ({
  exportId: 'E1',
  date,
  state: 'ingested',
  objects: new Map(parts('a', 'b').map(({ key, size, etag }) => [key, { size, etag }])),
  ...change,
})

const noObjects = new Map()

function status(facts: Partial<StatusFacts>): readonly PartitionStatus[] {
  return sourceStatus({ discovered: [], known: [], today: TODAY, alarmAfterDays: 5, archive: false, ...facts })
}

const short = (rows: readonly PartitionStatus[]) =>
  rows.map(({ exportId, date, to, state }) => `${exportId} ${date}${to === undefined ? '' : `..${to}`} ${state}`)

/** An instant as a bootstrap notes it. */
function instant(text: string): number {
  const parsed = parseInstant(text)
  if (parsed === undefined) throw new Error('no instant')
  return parsed
}

describe('sourceStatus', () => {
  it('§8.1 a partition that is there, all read: ingested, with its objects, bytes and age', () => {
    expect(status({ discovered: [present('2026-10-18')], known: [known('2026-10-18')] })).toEqual([
      { exportId: 'E1', date: '2026-10-18', state: 'ingested', objects: 2, bytes: 200, ageDays: 2, alarm: false },
    ])
  })

  const DAY = '2026-10-19'
  it.each([
    ['not sealed, new', { sealed: false }, undefined, 'open'],
    ['not sealed, seen before', { sealed: false }, { state: 'open', objects: noObjects }, 'open'],
    ['not sealed any more, all read', { sealed: false }, {}, 'ingested'],
    ['not sealed any more, with another object', { sealed: false, parts: parts('a', 'b', 'c') }, {}, 'open'],
    ['sealed, new', {}, undefined, 'pending'],
    ['sealed, new, without an object', { parts: [] }, undefined, 'pending'],
    ['sealed, seen open', {}, { state: 'open', objects: noObjects }, 'pending'],
    ['sealed, one object damaged', {}, { state: 'pending', objects: new Map([['a', parts('a')[0]]]) }, 'pending'],
    ['sealed, all read', {}, {}, 'ingested'],
    ['sealed, empty, read', { parts: [] }, { objects: noObjects }, 'ingested'],
    ['sealed, with another object', { parts: parts('a', 'b', 'c') }, {}, 'changed'],
    ['sealed, with a replaced object', { parts: [{ key: 'a', size: 100, etag: 'a-2', modifiedAt: 0 }] }, {}, 'changed'],
    ['sealed, with an object less', { parts: parts('a') }, {}, 'ingested'],
  ] as [string, Partial<Partition>, Partial<RememberedPartition> | undefined, string][])(
    '§8.1, §8.5 %s',
    (_, inSource, inStore, state) => {
      const facts = {
        discovered: [present(DAY, inSource)],
        known: inStore === undefined ? [] : [known(DAY, inStore)],
      }
      expect(status(facts).map((row) => row.state)).toEqual([state])
    },
  )

  it('§8.5 a partition that the source forgot is ingested, or gone', () => {
    const rows = status({
      known: [
        known('2026-10-01'),
        known('2026-10-02', { state: 'pending' }),
        known('2026-10-03', { state: 'open', objects: noObjects }),
      ],
    })
    expect(rows).toEqual([
      { exportId: 'E1', date: '2026-10-01', state: 'ingested', objects: 2, bytes: 200, ageDays: 19, alarm: false },
      ...(['2026-10-02', '2026-10-03'] as const).map((date, index) => ({
        exportId: 'E1',
        date,
        state: 'gone',
        objects: 0,
        bytes: 0,
        ageDays: 18 - index,
        alarm: true,
        closedBy: ['didomi-dataverse bootstrap --from api'],
      })),
    ])
  })

  it('§8.5 a hole is one row, also between what was and what is', () => {
    const facts = { known: [known('2026-10-10')], discovered: [present('2026-10-12'), present('2026-10-19')] }
    expect(short(status(facts))).toEqual([
      'E1 2026-10-10 ingested',
      'E1 2026-10-11 missing',
      'E1 2026-10-12 pending',
      'E1 2026-10-13..2026-10-18 missing',
      'E1 2026-10-19 pending',
    ])
  })

  it('§8.5 a hole alarms not: its export may never have run', () => {
    const rows = status({ known: [known('2026-10-10')], discovered: [present('2026-10-19')] })
    expect(rows.map(({ alarm }) => alarm)).toEqual([false, false, false])
  })

  it('§8.5 exports are apart: none fills the hole of another; rows are by date, then export', () => {
    const facts = {
      discovered: [present('2026-10-19'), present('2026-10-17')],
      known: [known('2026-10-18', { exportId: 'E0' }), known('2026-10-17', { exportId: 'E0' })],
    }
    expect(short(status(facts))).toEqual([
      'E0 2026-10-17 ingested',
      'E1 2026-10-17 pending',
      'E0 2026-10-18 ingested',
      'E1 2026-10-18 missing',
      'E1 2026-10-19 pending',
    ])
  })

  it('only the exports that are asked for are shown', () => {
    const facts = {
      discovered: [present('2026-10-19', { exportId: 'E2' }), present('2026-10-19')],
      known: [known('2026-10-17', { exportId: 'E2' }), known('2026-10-18', { exportId: 'E2', state: 'pending' })],
      exportIds: ['E1'],
    }
    expect(short(status(facts))).toEqual(['E1 2026-10-19 pending'])
  })

  it.each(['pending', 'changed', 'open', 'ingested'] as const)(
    '§8.5 what alarms above five days, and what does not: %s',
    (state) => {
      const row = (date: string) => {
        const discovered = [
          present(date, {
            sealed: state !== 'open',
            ...(state === 'changed' && { parts: parts('a', 'c') }),
          }),
        ]
        const store = state === 'changed' || state === 'ingested' ? [known(date)] : []
        return status({ discovered, known: store }).map((one) => [one.state, one.ageDays, one.alarm])
      }
      const alarms = state === 'pending' || state === 'changed'
      expect(row('2026-10-15')).toEqual([[state, 5, false]])
      expect(row('2026-10-14')).toEqual([[state, 6, alarms]])
    },
  )

  it.each([
    ['2026-10-20', 7],
    ['2026-10-14', 1],
    ['2026-10-13', 0],
    ['2026-10-01', 0],
  ])('Didomi: deletes after seven days: %s has %i left', (date, left) => {
    expect(status({ discovered: [present(date)], retentionDays: 7 })[0]?.expiresInDays).toBe(left)
  })

  it('nothing expires that is gone, or where the source deletes nothing', () => {
    expect(status({ discovered: [present('2026-10-14')] })[0]).not.toHaveProperty('expiresInDays')
    const gaps = status({
      known: [known('2026-10-01'), known('2026-10-03', { state: 'open' })],
      retentionDays: 7,
    })
    for (const row of gaps) expect(row).not.toHaveProperty('expiresInDays')
  })

  it('§8.5 a bootstrap closes the gaps of earlier days, and a part of one that it cuts', () => {
    const facts = {
      known: [
        known('2026-10-01'),
        known('2026-10-03', { state: 'pending' }),
        known('2026-10-09', { state: 'pending' }),
      ] as const,
      discovered: [present('2026-10-10')],
      bootstrappedAt: instant('2026-10-06T02:00:00Z'),
    }
    const rows = status(facts)
    expect(short(rows)).toEqual([
      'E1 2026-10-01 ingested',
      'E1 2026-10-02 closed',
      'E1 2026-10-03 closed',
      'E1 2026-10-04..2026-10-05 closed',
      'E1 2026-10-06..2026-10-08 missing',
      'E1 2026-10-09 gone',
      'E1 2026-10-10 pending',
    ])
    for (const row of rows.filter(({ state }) => state === 'closed')) {
      expect(row.alarm).toBe(false)
      expect(row).not.toHaveProperty('closedBy')
    }
  })

  it('§8.5 a bootstrap closes no gap of its own day', () => {
    const facts = { known: [known('2026-10-06', { state: 'pending' })] as const }
    const at = (text: string) => short(status({ ...facts, bootstrappedAt: instant(text) }))
    expect(at('2026-10-06T23:59:59Z')).toEqual(['E1 2026-10-06 gone'])
    expect(at('2026-10-07T00:00:00Z')).toEqual(['E1 2026-10-06 closed'])
    expect(at('2026-10-07T01:00:00+02:00')).toEqual(['E1 2026-10-06 gone'])
  })
})

describe('stillOpen', () => {
  const gap = (from: string, to: string) => ({ exportId: 'E1', from, to })

  it.each([
    [gap('2026-10-01', '2026-10-05'), []],
    [gap('2026-10-01', '2026-10-06'), [gap('2026-10-06', '2026-10-06')]],
    [gap('2026-10-05', '2026-10-09'), [gap('2026-10-06', '2026-10-09')]],
    [gap('2026-10-06', '2026-10-09'), [gap('2026-10-06', '2026-10-09')]],
    [gap('2026-10-08', '2026-10-09'), [gap('2026-10-08', '2026-10-09')]],
  ])('§8.5 of %j after a bootstrap on 2026-10-06', (one, left) => {
    expect(stillOpen([one], instant('2026-10-06T12:00:00Z'))).toEqual(left)
  })

  it('§8.5 without a bootstrap every gap is open', () => {
    const gaps = [gap('2026-10-01', '2026-10-05'), gap('2026-10-08', '2026-10-09')]
    expect(stillOpen(gaps, undefined)).toEqual(gaps)
  })
})

describe('sourceFindings', () => {
  it('§8.5 takes what a report tells, and says what closes a gap', () => {
    const facts = {
      discovered: [
        present('2026-10-12'),
        present('2026-10-14'),
        present('2026-10-16', { parts: parts('c') }),
        present('2026-10-17'),
        present('2026-10-20', { sealed: false }),
      ],
      known: [known('2026-10-11', { state: 'pending' }), known('2026-10-12'), known('2026-10-16')] as const,
      retentionDays: 7,
      archive: true,
    }
    const closedBy = ['didomi-dataverse bootstrap --from api', 'didomi-dataverse bootstrap --from archive']
    expect(sourceFindings(status(facts))).toEqual({
      open: [{ exportId: 'E1', date: '2026-10-20' }],
      pending: [
        { exportId: 'E1', date: '2026-10-16', expiresInDays: 3 },
        { exportId: 'E1', date: '2026-10-17', expiresInDays: 4 },
      ],
      overdue: [{ exportId: 'E1', date: '2026-10-14', expiresInDays: 1 }],
      missingDates: [
        { exportId: 'E1', from: '2026-10-13', to: '2026-10-13', closedBy },
        { exportId: 'E1', from: '2026-10-15', to: '2026-10-15', closedBy },
        { exportId: 'E1', from: '2026-10-18', to: '2026-10-19', closedBy },
      ],
      goneDates: [{ exportId: 'E1', date: '2026-10-11', closedBy }],
    })
  })

  it('§8.5 what a bootstrap closed is told no more', () => {
    const facts = {
      discovered: [present('2026-10-12')],
      known: [known('2026-10-01'), known('2026-10-05', { state: 'pending' }), known('2026-10-12')] as const,
      bootstrappedAt: instant('2026-10-12T02:00:00Z'),
    }
    expect(sourceFindings(status(facts))).toEqual({
      open: [],
      pending: [],
      overdue: [],
      missingDates: [],
      goneDates: [],
    })
  })

  it('without an archive only the API closes a gap', () => {
    expect(gapClosers({ archive: false })).toEqual(['didomi-dataverse bootstrap --from api'])
  })
})
