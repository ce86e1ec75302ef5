/** The sums of a migration: whatever does not add up is told, all at once (§8.4). */

import { describe, expect, it } from 'vitest'
import { checkMigrationSums } from '../../src/migrate/migrate-report.ts'
import type { ReadingReport } from '../../src/migrate/reading-counts.ts'
import { SLOT_OUTCOMES, type SlotsReport } from '../../src/migrate/slot-counts.ts'

const READING: ReadingReport = {
  rows: 9,
  merged: 1,
  malformed: 1,
  speakers: 7,
  answers: 14,
  statements: 10,
  empty: 3,
  unreadable: 1,
  dated: { column: 4, modifiedOn: 6 } as unknown as ReadingReport['dated'],
  withoutAddress: 2,
  placed: 8,
  placements: 8,
  tooLongAddresses: 0,
}

const SLOTS: SlotsReport = {
  addresses: 5,
  placements: 8,
  slots: 7,
  outcomes: { ...(Object.fromEntries(SLOT_OUTCOMES.map((name) => [name, 0])) as SlotsReport['outcomes']), created: 7 },
  entries: {},
  rows: 7,
  ensured: 0,
  topicsWithoutPurpose: 0,
  blockedAddresses: 0,
  rejections: {},
}

describe('§8.4 the sums of a migration', () => {
  it('hold', () => {
    expect(() => checkMigrationSums(READING, SLOTS)).not.toThrow()
  })

  it.each([
    ['a row that is nothing', { rows: 10 }, {}, 'rows read: found 10 in all, but 9 in parts'],
    ['an answer that is nothing', { answers: 15 }, {}, 'answers: found 15 in all, but 14 in parts'],
    ['a statement that went nowhere', { placed: 7 }, {}, 'statements: found 10 in all, but 9 in parts'],
    ['a placement that was not found again', {}, { placements: 7 }, 'placements: found 8 in all, but 7 in parts'],
    ['a slot without outcome', {}, { slots: 8 }, 'slots: found 8 in all, but 7 in parts'],
  ] as const)('%s is a defect', (_, reading, slots, says) => {
    const check = () => checkMigrationSums({ ...READING, ...reading }, { ...SLOTS, ...slots })
    expect(check).toThrow(says)
    expect(check).toThrow(expect.objectContaining({ code: 'sum-broken', next: 'defect' }))
  })
})
