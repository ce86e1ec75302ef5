/** What hearing one target works with, and what it finds in a batch of rows. */

import type { Settings, TargetSettings } from '../config/settings.ts'
import type { Dataverse, Guid, Row, TableMetadata } from '../dataverse/dataverse.ts'
import { foundForeign, type RowRead } from '../deliver/ledger.ts'
import type { Mapping } from '../deliver/mapping.ts'
import type { Clock } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import type { Progress } from '../lib/progress.ts'
import type { LedgerEntry, Place, Store, TargetScope } from '../store/store.ts'
import type { OpenLook } from '../store/told.ts'
import { keptSpan, type Saying } from './decide.ts'

export interface HearingPorts {
  readonly store: Store
  readonly dataverse: Dataverse
  readonly clock: Clock
  readonly log: Log
  readonly progress: Progress
}

/** Everything that stays the same while one target is heard. */
export interface Hearing extends HearingPorts {
  /** The run's id. */
  readonly run: string
  readonly scope: TargetScope
  readonly settings: Settings
  readonly target: TargetSettings
  readonly us: ReadonlySet<Guid>
  readonly mapping: Mapping
  /** The table that is followed: contacts, or consents. */
  readonly table: TableMetadata
}

/** A saying, the look that repeats it, and what the ledger becomes where Didomi will say the same. */
export interface HeardSaying extends Saying {
  readonly look: Omit<OpenLook, 'reason'>
  /** The entry as it is while the two sides differ; absent where nothing of it changes. */
  readonly unsettled?: LedgerEntry
  readonly settled: LedgerEntry
}

/** Counts of places that state nothing of somebody else's. */
export interface Quiet {
  ours: number
  empty: number
  unmapped: number
  undated: number
}

export interface Batch {
  readonly quiet: Quiet
  readonly sayings: readonly HeardSaying[]
}

/** Hears rows as they were read, and places that the ledger or delivery knows. */
export interface Ear {
  /** Columns that it needs of a row. */
  readonly select: readonly string[]
  /** Columns of which one has a value where somebody said something. */
  readonly valued: readonly string[]
  hearRows(rows: readonly Row[], signal: AbortSignal): Promise<Batch>
  hearPlaces(places: readonly Place[], signal: AbortSignal): Promise<Batch>
}

export const noQuiet = (): Quiet => ({ ours: 0, empty: 0, unmapped: 0, undated: 0 })

export function addQuiet(sum: Quiet, more: Quiet): void {
  for (const kind of ['ours', 'empty', 'unmapped', 'undated'] as const) sum[kind] += more[kind]
}

/** Counts a place where nobody else said anything. */
export function countQuiet(quiet: Quiet, kind: 'ours' | 'empty' | 'not-mapped' | 'undated'): void {
  quiet[kind === 'not-mapped' ? 'unmapped' : kind] += 1
}

/**
 * The ledger while the two sides differ: somebody else's statement was seen, and whoever brings back what stood there before
 * says so anew. Where nothing of ours stood there, there is nothing to be mistaken for.
 */
export function differing(
  place: Place,
  entry: LedgerEntry | undefined,
  heard: Saying['heard'],
  row: RowRead,
): Pick<HeardSaying, 'unsettled'> {
  if (entry?.confirmed === undefined || heard.agreed) return {}
  return { unsettled: foundForeign(place, entry, keptSpan(heard), row) }
}
