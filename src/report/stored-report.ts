/** Reports as the store holds them: written by this program, but perhaps by another version of it. */

import * as z from 'zod'
import { OUTCOMES } from '../deliver/outcome.ts'
import type { JsonValue } from '../record/record.ts'
import type { RunReport } from './run-report.ts'

const count = z.number()
const counts = z.record(z.string(), count)
const partition = z.looseObject({ exportId: z.string(), date: z.string() })
const overTime = z
  .looseObject({ startedAt: z.string(), intervalMs: count, series: z.record(z.string(), z.array(count)) })
  .optional()

const ingest = z.looseObject({
  partitions: z.array(
    partition.extend({
      damaged: z.array(z.string()),
      tooManyRejects: z.boolean(),
      counts: z.looseObject({ lines: count, records: count, rejects: count, guests: count, skipped: count }),
    }),
  ),
  changedRecords: count,
  open: z.array(partition),
  pending: z.array(partition),
  overdue: z.array(partition),
  goneDates: z.array(partition),
  missingDates: z.array(z.looseObject({ exportId: z.string(), from: z.string(), to: z.string() })),
  overTime,
})

const deliver = z.looseObject({
  target: z.string(),
  mode: z.enum(['contact', 'consent']),
  persons: count,
  outcomes: z.record(z.enum(OUTCOMES), count),
  deferred: count,
  written: z.record(z.string(), z.looseObject({ optedIn: count, optedOut: count, other: count })),
  places: z.looseObject({ written: count, superseded: count, unchanged: count, rejected: count }),
  rejections: counts,
  requests: z.looseObject({
    users: z.array(z.looseObject({ name: z.string(), requests: count, executionSeconds: count, throttles: counts })),
    waitedMs: counts,
    rowsSent: count,
    writeRequests: count,
    seconds: count,
    overTime,
  }),
  warnings: z.array(z.string()),
})

/** Everything that a page or a text of it looks at. */
const schema = z.looseObject({
  version: z.literal(1),
  run: z.string(),
  job: z.enum(['sync', 'bootstrap', 'reverse']),
  startedAt: z.string(),
  endedAt: z.string(),
  durationsMs: counts,
  ingest: ingest.optional(),
  deliver: z.array(deliver),
  failures: z.array(z.looseObject({ stage: z.string(), code: z.string(), message: z.string() })),
  warnings: z.array(z.string()),
  sums: z.looseObject({ lines: z.boolean(), persons: z.boolean() }),
  exitCode: count,
})

/** Absent where it is the report of something else, or of a version that told less. */
export function parseRunReport(stored: JsonValue | undefined): RunReport | undefined {
  // What the schema lets through is what was stored, as it was stored.
  return schema.safeParse(stored).success ? (stored as unknown as RunReport) : undefined
}
