/** The record of a line, whichever way it was read. */

import { Entry, type NameTable } from '../../src/record/entry.ts'
import type { ReadOutcome } from '../../src/record/line-reader.ts'
import type { UserRecord } from '../../src/record/record.ts'

/** @param names of the reader's table */
export function readRecord(
  outcome: Extract<ReadOutcome, { kind: 'compact' | 'record' }>,
  names: NameTable,
): UserRecord {
  return outcome.kind === 'record' ? outcome.record : new Entry(outcome.entry.bytes, outcome.entry.start, names).record
}
