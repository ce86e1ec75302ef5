/** What `sources status` answers; printed as it is with `--json`. */

import type { PartitionStatus } from '../source/status.ts'

export interface SourcesReport {
  readonly version: 1
  /** RFC 3339. */
  readonly at: string
  /** The age at which the source deletes a partition; absent where it never does. */
  readonly retentionDays?: number
  /** RFC 3339; absent where there was no bootstrap. */
  readonly bootstrappedAt?: string
  /** By date, then export-id. */
  readonly partitions: readonly PartitionStatus[]
  /** Folders of other exports, which are not read. */
  readonly ignoredFolders: readonly string[]
  /** How many rows alarm. */
  readonly alarms: number
}
