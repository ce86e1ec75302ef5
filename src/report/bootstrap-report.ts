/** What a bootstrap did: counts and times; nothing personal. */

import type { IngestCounts } from './ingest-report.ts'

/** Users read from Didomi's API. Every user is exactly one of record, reject, guest, skipped (semantics §8.4). */
export interface ApiBootstrapReport {
  readonly from: 'api'
  /** Whether it went on where an earlier run stopped; the counts are those of this run alone. */
  readonly resumed: boolean
  readonly pages: number
  /** `lines` are users. */
  readonly counts: IngestCounts
  readonly changedRecords: number
  /**
   * Records of which something was left out, since their persons were erased (semantics §8.9); absent where there are
   * none. Their lines are records like any other.
   */
  readonly suppressedRecords?: number
  readonly tooManyRejects: boolean
  /** The instant at which the bootstrap began, once it is complete: what was lost before it is known again. */
  readonly completeAsOf?: string
}

/** Partitions read from the archive: what they gave stands in the report's `ingest`. */
export interface ArchiveBootstrapReport {
  readonly from: 'archive'
  readonly completeAsOf?: string
}

export type BootstrapReport = ApiBootstrapReport | ArchiveBootstrapReport
