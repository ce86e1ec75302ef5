/** A first configuration: what the environment, the export and Didomi hold, paired by name. Reads only. */

import type { Settings } from '../src/config/settings.ts'
import { parseKey } from '../src/consent/key.ts'
import type { TreeChoice } from '../src/didomi/catalogue.ts'
import type { Didomi } from '../src/didomi/didomi.ts'
import { isCatalogueClosed } from '../src/didomi/trouble.ts'
import { type IngestSettings, ingest } from '../src/ingest/ingest.ts'
import { destinationsIn } from '../src/init/destinations.ts'
import { choicesIn, type Proposal, propose } from '../src/init/proposal.ts'
import { CodedError } from '../src/lib/errors.ts'
import { discoverPartitions } from '../src/source/discover.ts'
import type { Ports } from '../src/wire.ts'

/**
 * `ports` are those of an empty store: the newest sealed day is ingested there, which tells the ids that Didomi uses. What
 * an export without one, or out of reach, or a tree that may not be read would have told is missing; `note` hears why.
 */
export async function proposal(
  ports: Ports,
  { targets, didomi }: Settings,
  reading: IngestSettings,
  mode: 'contact' | 'consent',
  note: (what: string) => void,
  signal: AbortSignal,
): Promise<Proposal> {
  const [target] = targets
  const destinations = target === undefined ? [] : await destinationsIn(ports.openDataverse(target), mode, signal)
  await ingestNewest(ports, reading, note, signal)
  const keys = (await ports.store.knownIds()).flatMap((text) => parseKey(text) ?? [])
  const tree = didomi === undefined ? [] : await treeOf(ports.openDidomi(didomi), note, signal)
  return propose(destinations, choicesIn(keys, mode, tree))
}

/** Reads the newest sealed day. */
async function ingestNewest(ports: Ports, reading: IngestSettings, note: (what: string) => void, signal: AbortSignal) {
  try {
    const { partitions } = await discoverPartitions(ports.exports, reading.discovery, signal)
    const newest = partitions.filter(({ sealed }) => sealed).at(-1)
    if (newest === undefined) return note('the export holds no sealed partition yet, so nothing is known of its ids')
    const { date } = newest
    await ingest(ports, { ...reading, selection: { from: date, to: date } }, signal)
  } catch (error) {
    // It may be granted later than the environment is; `doctor` tells all of it.
    if (!(error instanceof CodedError && error.code.startsWith('source-'))) throw error
    note(`the export was not read: ${error.message}`)
  }
}

/** What Didomi offers people to choose; a contract may hold their consents and not this. */
async function treeOf(
  didomi: Pick<Didomi, 'configurationTree'>,
  note: (what: string) => void,
  signal: AbortSignal,
): Promise<readonly TreeChoice[]> {
  try {
    const tree = await didomi.configurationTree(signal)
    if (tree.length === 0) note('Didomi keeps no configuration tree for this organization')
    return tree
  } catch (error) {
    if (!isCatalogueClosed(error)) throw error
    note('Didomi does not let this key read the configuration tree: names are those of the export alone')
    return []
  }
}
