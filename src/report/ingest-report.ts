/** What ingest did: the left half of a run's report. Holds counts, names of objects and dates; nothing personal. */

import type { TimelineFigures } from '../lib/timeline.ts'
import type { DateGap } from '../source/discover.ts'
import type { Closable, Expiring } from '../source/findings.ts'
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

/**
 * Something in Didomi's export log that does not agree with what was read. A warning, never more: the log has no times,
 * so its entries cannot be assigned to dates.
 */
export type ExportLogFinding =
  /** No completed run counted so many users; `nearest` are the counts that come closest. */
  | {
      readonly kind: 'count-not-logged'
      readonly exportId: string
      readonly date: string
      readonly lines: number
      readonly nearest: readonly number[]
    }
  /** Runs of this export that failed at Didomi's; `runs` are ids of the log. */
  | { readonly kind: 'runs-failed'; readonly exportId: string; readonly runs: readonly string[] }
  /** The log could not be read. */
  | { readonly kind: 'log-unread'; readonly exportId: string; readonly message: string }

export interface IngestReport {
  readonly repair: boolean
  readonly partitions: readonly PartitionReport[]
  readonly changedRecords: number
  /**
   * Records of which something was left out, since their persons were erased (semantics §8.9); absent where there are
   * none. Their lines are records like any other.
   */
  readonly suppressedRecords?: number
  /** Seen, but not sealed. */
  readonly open: readonly PartitionId[]
  /** Holes between dates that no bootstrap has closed. */
  readonly missingDates: readonly (DateGap & Closable)[]
  /** Gone from the source before they were ingested, and not closed by a bootstrap. */
  readonly goneDates: readonly (PartitionId & Closable)[]
  /** Sealed, not ingested (or changed since), and older than the alarm. */
  readonly overdue: readonly Expiring[]
  /** The same, but younger. */
  readonly pending: readonly Expiring[]
  /** Absent where the export log was not asked. */
  readonly exportLog?: readonly ExportLogFinding[]
  /** The age at which the source deletes a partition; absent where it never does. */
  readonly retentionDays?: number
  /** `lines` read over time; absent where there was nothing to read. */
  readonly overTime?: TimelineFigures
}
