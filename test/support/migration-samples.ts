/** Reports of a migration's steps: a large one, where nothing is missing that a page can tell. */

import { DATINGS } from '../../src/migrate/dating.ts'
import type { MigrateReport, MigrateStep } from '../../src/migrate/migrate-report.ts'
import type { RollbackReport } from '../../src/migrate/rollback.ts'
import { type OutcomeCounts, SLOT_OUTCOMES } from '../../src/migrate/slot-counts.ts'

const outcomes = (more: Partial<OutcomeCounts>): OutcomeCounts => ({
  ...(Object.fromEntries(SLOT_OUTCOMES.map((name) => [name, 0])) as OutcomeCounts),
  ...more,
})

const TIMES = { startedAt: '2026-10-23T02:15:00.000Z', endedAt: '2026-10-23T03:02:11.500Z' }

/** Columns by `places`, each carried to the purpose of the same name. */
export function migrationReport(
  step: MigrateStep,
  places: readonly string[],
  more: Partial<MigrateReport> = {},
): MigrateReport {
  return {
    version: 1,
    job: 'migrate',
    step,
    run: '20261023T021500-0a1b2c3d',
    ...TIMES,
    target: 'current',
    csv: false,
    pairs: places.map((place) => ({ column: place.replace(/\W/g, '_'), value: 'Yes', to: [place] })),
    unpaired: [
      { side: 'legacy', id: 'new_old', why: 'no purpose or topic of the other document shares its reference' },
    ],
    reading: {
      rows: 1_000_000,
      merged: 12_000,
      malformed: 31,
      speakers: 987_969,
      answers: 5_927_814,
      statements: 4_102_340,
      empty: 1_825_400,
      unreadable: 74,
      dated: {
        ...(Object.fromEntries(DATINGS.map((dating) => [dating, 0])) as MigrateReport['reading']['dated']),
        modifiedOn: 4_102_340,
      },
      withoutAddress: 2_340,
      placed: 4_100_000,
      placements: 4_100_000,
      tooLongAddresses: 3,
    },
    slots: {
      addresses: 940_112,
      placements: 4_100_000,
      slots: 3_990_000,
      outcomes: outcomes({
        created: 3_700_000,
        updated: 90_000,
        unchanged: 150_000,
        superseded: 49_300,
        rejected: 700,
      }),
      entries: Object.fromEntries(
        places.map((place, at) => [
          place,
          {
            optedIn: outcomes({ created: Math.round(900_000 / (at + 1)), superseded: 12 }),
            optedOut: outcomes({ created: Math.round(300_000 / (at + 1)), updated: 4_000, rejected: at }),
          },
        ]),
      ),
      rows: 3_790_000,
      ensured: 0,
      topicsWithoutPurpose: 1_200,
      blockedAddresses: 1_100,
      ...(step === 'plan' && { ensurable: 900 }),
      rejections: { '0x80040265': 500, '0x80048d19': 200 },
    },
    parentPurpose: 'warn',
    ...(step === 'plan' && {
      forecast: { rows: 3_790_000, requests: 39_000, entitlement: 3_829_000, seconds: 9_100 },
    }),
    exitCode: step === 'plan' ? 0 : 5,
    ...more,
  }
}

export const ROLLBACK: RollbackReport = {
  version: 1,
  job: 'migrate',
  step: 'rollback',
  run: '20261024T021500-0a1b2c3d',
  ...TIMES,
  target: 'current',
  rows: 1_000,
  deleted: 600,
  returned: 40,
  nothingToDo: 10,
  refusalsKept: 330,
  changedSince: 19,
  rejected: 0,
  deferred: 1,
  exitCode: 6,
}
