/** What a diagnosis wants of a store: read at one moment and without its lease, so that no run is kept waiting. */

import type { KeyText } from '../consent/key.ts'
import type { KnownPartition, RunRow } from './store.ts'

/** A store as it was at one moment. */
export interface StoreGlance {
  readonly version: number
  readonly current: number
  /** Newest first. */
  readonly runs: readonly RunRow[]
  readonly partitions: readonly KnownPartition[]
  readonly bookmarks: ReadonlyMap<string, string>
  readonly knownIds: readonly KeyText[]
  /** Frozen readings by target. */
  readonly frozen: ReadonlyMap<string, ReadonlyMap<string, string>>
  /** OUIDs of persons drawn by their hashed keys, so that they are a fair sample. Personal data: never told. */
  readonly ouids: readonly string[]
}

/** Where a store is, whether it could be written and whether somebody holds it. */
export interface StorePlace {
  /** False before the first run. */
  readonly exists: boolean
  readonly writable: boolean
  /** Absent where the disk is not ours to ask. */
  readonly freeBytes?: number
  readonly bytes?: number
  readonly held: boolean
  /** Whether `plan` and its like may copy it; absent where a copy needs no more than the store does. */
  readonly copyable?: boolean
}

export interface GlanceWishes {
  readonly targets: readonly string[]
  readonly bookmarks: readonly string[]
  readonly sample: number
  /** How many runs to look back on; `RUNS_LOOKED_AT` without it. */
  readonly runs?: number
}

/** A way to look at a store that takes nothing from whoever holds it. */
export interface StoreLook {
  /** @throws CodedError `store-unusable` */
  place(): Promise<StorePlace>
  /** Nothing where there is no store yet. @throws CodedError `store-unusable`, `lease-held` where a run left no moment for it */
  glance(wishes: GlanceWishes): Promise<StoreGlance | undefined>
}

/** Runs that a diagnosis looks back on. */
export const RUNS_LOOKED_AT = 50
