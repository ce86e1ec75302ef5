/** What the source holds, what the store made of it, and what is still to be done. Reads only. */

import type { Settings } from '../src/config/settings.ts'
import { formatInstant, fromMilliseconds, parseInstant } from '../src/consent/time.ts'
import { BOOTSTRAPPED_AT } from '../src/ingest/bookmarks.ts'
import type { SourcesReport } from '../src/report/sources-report.ts'
import { discoverPartitions } from '../src/source/discover.ts'
import { sourceStatus } from '../src/source/status.ts'
import type { Ports } from '../src/wire.ts'

/**
 * Looks at the source and at the store; the answer is what `sources status` prints.
 * @throws CodedError `source-unreadable`, `source-forbidden`
 */
export async function sourcesStatus(
  { exports, store, clock }: Pick<Ports, 'exports' | 'store' | 'clock'>,
  { source, retention, archive }: Pick<Settings, 'source' | 'retention' | 'archive'>,
  signal: AbortSignal,
): Promise<SourcesReport> {
  const { prefix, successMarker, exportIds } = source
  const { partitions: discovered, ignoredFolders } = await discoverPartitions(
    exports,
    { prefix, successMarker },
    signal,
  )
  const at = formatInstant(fromMilliseconds(clock.now()))
  const bootstrappedAt = await store.bookmark(BOOTSTRAPPED_AT)
  const bootstrapped = parseInstant(bootstrappedAt)
  const partitions = sourceStatus({
    discovered,
    known: await store.partitions(),
    today: at.slice(0, 10),
    alarmAfterDays: retention.alarmAfterDays,
    ...(retention.days !== undefined && { retentionDays: retention.days }),
    ...(bootstrapped !== undefined && { bootstrappedAt: bootstrapped }),
    ...(exportIds !== undefined && { exportIds }),
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
