/** A first configuration: what the environment and the export hold, paired by name. Reads only. */

import type { Settings } from '../src/config/settings.ts'
import { parseKey } from '../src/consent/key.ts'
import { type IngestSettings, ingest } from '../src/ingest/ingest.ts'
import { destinationsIn } from '../src/init/destinations.ts'
import { choicesIn, type Proposal, propose } from '../src/init/proposal.ts'
import { discoverPartitions } from '../src/source/discover.ts'
import type { Ports } from '../src/wire.ts'

/**
 * `ports` are those of an empty store: the newest sealed day is ingested there, which tells the ids that Didomi uses. An
 * export that has none yet, or is out of reach, leaves the proposal without choices; `note` is told why.
 */
export async function proposal(
  ports: Ports,
  { targets }: Settings,
  reading: IngestSettings,
  mode: 'contact' | 'consent',
  note: (what: string) => void,
  signal: AbortSignal,
): Promise<Proposal> {
  const [target] = targets
  const destinations = target === undefined ? [] : await destinationsIn(ports.openDataverse(target), mode, signal)
  const { partitions } = await discoverPartitions(ports.exports, reading.discovery, signal)
  const newest = partitions.filter(({ sealed }) => sealed).at(-1)
  if (newest === undefined) note('the export holds no sealed partition yet: no choices are known')
  else {
    const { date } = newest
    await ingest(ports, { ...reading, selection: { from: date, to: date } }, signal)
  }
  const keys = (await ports.store.knownIds()).flatMap((text) => parseKey(text) ?? [])
  return propose(destinations, choicesIn(keys, mode))
}
