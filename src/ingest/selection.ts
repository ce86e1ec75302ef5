/** Which partitions a run ingests, and which of their parts (semantics §8.1, §8.3, §8.5). */

import { pendingParts } from '../source/discover.ts'
import type { ListedObject } from '../source/object-store.ts'
import type { Partition } from '../source/partition.ts'
import type { KnownPartition } from '../store/store.ts'

/** What the operator asked for. With a range, every sealed partition in it is ingested again. */
export interface Selection {
  readonly exportIds?: readonly string[]
  readonly from?: string
  readonly to?: string
  /** `size`: an object is known by key and size alone, because copies have ETags of their own. */
  readonly compare?: 'etag' | 'size'
}

/** A partition with the parts to read now. */
export interface SelectedPartition {
  readonly partition: Partition
  readonly parts: readonly ListedObject[]
}

/** Is this a repair: a range to be ingested again, with everybody in it due? */
export function isRepair({ from, to }: Selection): boolean {
  return from !== undefined || to !== undefined
}

/** Partitions of the chosen exports. */
export function chosen(partitions: readonly Partition[], { exportIds }: Selection): readonly Partition[] {
  return exportIds === undefined ? partitions : partitions.filter(({ exportId }) => exportIds.includes(exportId))
}

/** Sealed partitions with something to read: new and changed parts, or in a repair every part of the range. */
export function selected(
  partitions: readonly Partition[],
  known: readonly KnownPartition[],
  selection: Selection,
): SelectedPartition[] {
  const byName = new Map(known.map((partition) => [nameOf(partition), partition]))
  const sealed = chosen(partitions, selection).filter(({ sealed }) => sealed)
  if (isRepair(selection)) {
    return sealed
      .filter(({ date }) => inRange(date, selection))
      .map((partition) => ({ partition, parts: partition.parts }))
  }
  return sealed.flatMap((partition) => {
    const before = byName.get(nameOf(partition))
    const parts = pendingParts(partition, before?.objects ?? new Map(), selection.compare)
    return parts.length > 0 || before?.state !== 'ingested' ? [{ partition, parts }] : []
  })
}

const inRange = (date: string, { from, to }: Selection): boolean =>
  (from === undefined || date >= from) && (to === undefined || date <= to)

export const nameOf = ({ exportId, date }: { readonly exportId: string; readonly date: string }): string =>
  `${date} ${exportId}`

/** Partitions are read together up to this many stored bytes: one pass over the store serves them all. */
const GROUP_BYTES = 1024 * 1024 * 1024

/** Cuts partitions into groups that are read and joined together; each group is durable before the next begins. */
export function grouped(partitions: readonly SelectedPartition[]): SelectedPartition[][] {
  const groups: SelectedPartition[][] = []
  let bytes = Number.POSITIVE_INFINITY
  for (const one of partitions) {
    const size = one.parts.reduce((sum, part) => sum + part.size, 0)
    if (bytes + size > GROUP_BYTES) {
      groups.push([])
      bytes = 0
    }
    groups.at(-1)?.push(one)
    bytes += size
  }
  return groups
}
