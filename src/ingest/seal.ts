/** The end of an ingest: partitions of which every part counts, whoever read it, are ingested (semantics §8.1). */

import type { KnownPartition } from '../store/store.ts'
import { workAlone } from '../work/alone.ts'
import { once } from '../work/steps.ts'
import { type GroupWork, type IngestPorts, isWhole, stateOnceArchived } from './group.ts'
import { nameOf } from './selection.ts'

export interface Sealed {
  /** All partitions, afterwards. */
  readonly known: readonly KnownPartition[]
  /** Places of those that this process sealed only now. */
  readonly sealed: ReadonlySet<number>
}

/**
 * One pod does it, when all parts are done: the last two may have ended at the same time, or the last one died before it
 * looked. A partition without parts is whole from the beginning.
 */
export async function sealWhole(
  ports: IngestPorts,
  { selected, phase }: GroupWork,
  signal: AbortSignal,
): Promise<Sealed> {
  const { store, pods } = ports
  const sealed = new Set<number>()
  let known: readonly KnownPartition[] | undefined
  const seal = async () => {
    const [before, results] = [await store.partitions(), await phase.results()]
    const states = new Map(before.map((partition) => [nameOf(partition), partition.state]))
    for (const [place, { partition, parts }] of selected.entries()) {
      if (states.get(nameOf(partition)) === 'ingested' || !isWhole(place, parts.length, results)) continue
      const state = await stateOnceArchived(ports, partition, parts, signal)
      await store.notePartition(partition.exportId, partition.date, state)
      sealed.add(place)
    }
    known = sealed.size === 0 ? before : undefined
  }
  await once(pods?.work ?? workAlone, 'ingest: seal', seal, signal)
  return { known: known ?? (await store.partitions()), sealed }
}
