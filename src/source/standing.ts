/** Where every partition stands, by what was listed and what the store knows. */

import type { Settings } from '../config/settings.ts'
import { formatInstant, fromMilliseconds, parseInstant } from '../consent/time.ts'
import type { SourcesReport } from '../report/sources-report.ts'
import type { KnownPartition } from '../store/store.ts'
import type { Discovery } from './discover.ts'
import { sourceStatus } from './status.ts'

/** What the store knows of the source. */
export interface StoredSide {
  readonly partitions: readonly KnownPartition[]
  /** RFC 3339. */
  readonly bootstrappedAt?: string
}

/** The report of `sources status`. */
export function sourcesStanding(
  { partitions: discovered, ignoredFolders }: Discovery,
  { partitions: known, bootstrappedAt }: StoredSide,
  { source, retention, archive }: Pick<Settings, 'source' | 'retention' | 'archive'>,
  nowMs: number,
): SourcesReport {
  const at = formatInstant(fromMilliseconds(nowMs))
  const bootstrapped = parseInstant(bootstrappedAt)
  const partitions = sourceStatus({
    discovered,
    known,
    today: at.slice(0, 10),
    alarmAfterDays: retention.alarmAfterDays,
    ...(retention.days !== undefined && { retentionDays: retention.days }),
    ...(bootstrapped !== undefined && { bootstrappedAt: bootstrapped }),
    ...(source.exportIds !== undefined && { exportIds: source.exportIds }),
    archive: archive !== undefined,
  })
  return {
    version: 1,
    at,
    ...(retention.days !== undefined && { retentionDays: retention.days }),
    ...(bootstrappedAt !== undefined && { bootstrappedAt }),
    partitions,
    ignoredFolders,
    alarms: partitions.filter(({ alarm }) => alarm).length,
  }
}
