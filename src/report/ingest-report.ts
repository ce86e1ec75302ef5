/** What ingest did: the left half of a run's report. Holds counts, names of objects and dates; nothing personal. */

import type { DateGap } from '../source/discover.ts'
import type { PartitionId } from '../source/partition.ts'

/** Every line is exactly one of record, reject, guest, skipped (semantics §8.4). */
export interface IngestCounts {
  readonly lines: number
  readonly records: number
  readonly rejects: number
  readonly guests: number
  readonly skipped: number
  readonly ignoredEvents: number
}

export interface PartitionReport extends PartitionId {
  /** Objects read whole. */
  readonly objects: number
  /** Keys of objects that could not be read whole; the partition stays pending for them. */
  readonly damaged: readonly string[]
  readonly counts: IngestCounts
  readonly tooManyRejects: boolean
  readonly unknownObjects: number
}

export interface IngestReport {
  readonly repair: boolean
  readonly partitions: readonly PartitionReport[]
  readonly changedRecords: number
  /** Seen, but not sealed. */
  readonly open: readonly PartitionId[]
  readonly missingDates: readonly DateGap[]
  /** Gone from the source before they were ingested. */
  readonly goneDates: readonly PartitionId[]
  /** Sealed, not ingested, and older than the alarm. */
  readonly overdue: readonly PartitionId[]
}
