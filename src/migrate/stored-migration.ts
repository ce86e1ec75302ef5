/** Reports of migrations as the store holds them: written by this program, but perhaps by another version of it. */

import * as z from 'zod'
import type { JsonValue } from '../record/record.ts'
import { DATINGS } from './dating.ts'
import type { MigrateReport } from './migrate-report.ts'
import type { RollbackReport } from './rollback.ts'
import { FATES } from './rollback-text.ts'
import { SLOT_OUTCOMES } from './slot-counts.ts'

const count = z.number()
const keyed = (names: readonly string[]) => Object.fromEntries(names.map((name) => [name, count]))
const outcomes = z.looseObject(keyed(SLOT_OUTCOMES))

const head = {
  version: z.literal(1),
  job: z.literal('migrate'),
  run: z.string(),
  startedAt: z.string(),
  endedAt: z.string(),
  target: z.string(),
  exitCode: count,
}

const READING = ['rows', 'merged', 'malformed', 'speakers', 'answers', 'statements', 'empty', 'unreadable']
const PLACING = ['withoutAddress', 'placed', 'placements']
const SLOTS = ['addresses', 'placements', 'slots', 'rows', 'ensured', 'topicsWithoutPurpose', 'blockedAddresses']

/** Everything that a page or a text of it looks at. */
const schema = z.discriminatedUnion('step', [
  z.looseObject({ ...head, step: z.literal('rollback'), rows: count, ...keyed(FATES.map(([name]) => name)) }),
  z.looseObject({
    ...head,
    step: z.enum(['plan', 'apply', 'verify']),
    csv: z.boolean(),
    pairs: z.array(z.looseObject({ column: z.string(), to: z.array(z.string()) })),
    unpaired: z.array(z.looseObject({ id: z.string(), why: z.string() })),
    reading: z.looseObject({ ...keyed([...READING, ...PLACING]), dated: z.looseObject(keyed(DATINGS)) }),
    slots: z.looseObject({
      ...keyed(SLOTS),
      outcomes,
      entries: z.record(z.string(), z.looseObject({ optedIn: outcomes, optedOut: outcomes })),
      rejections: z.record(z.string(), count),
    }),
    parentPurpose: z.string(),
  }),
])

/** Absent where it is the report of something else, or of a version that told less. */
export function parseMigrationReport(stored: JsonValue | undefined): MigrateReport | RollbackReport | undefined {
  // What the schema lets through is what was stored, as it was stored.
  return schema.safeParse(stored).success ? (stored as unknown as MigrateReport | RollbackReport) : undefined
}
