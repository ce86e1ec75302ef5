/** What the source holds, what the store made of it, and what is still to be done. Reads only. */

import type { Settings } from '../src/config/settings.ts'
import { BOOTSTRAPPED_AT } from '../src/ingest/bookmarks.ts'
import type { SourcesReport } from '../src/report/sources-report.ts'
import { discoverPartitions } from '../src/source/discover.ts'
import { sourcesStanding } from '../src/source/standing.ts'
import type { Ports } from '../src/wire.ts'

/**
 * Looks at the source and at the store; the answer is what `sources status` prints.
 * @throws CodedError `source-unreadable`, `source-forbidden`
 */
export async function sourcesStatus(
  { exports, store, clock }: Pick<Ports, 'exports' | 'store' | 'clock'>,
  settings: Pick<Settings, 'source' | 'retention' | 'archive'>,
  signal: AbortSignal,
): Promise<SourcesReport> {
  const { prefix, successMarker } = settings.source
  const discovery = await discoverPartitions(exports, { prefix, successMarker }, signal)
  const bootstrappedAt = await store.bookmark(BOOTSTRAPPED_AT)
  const known = { partitions: await store.partitions(), ...(bootstrappedAt !== undefined && { bootstrappedAt }) }
  return sourcesStanding(discovery, known, settings, clock.now())
}
