/** Which partitions the source holds, and what that says about those already known (semantics §1, §8.5). */

import { byCodeUnit } from '../consent/choice.ts'
import { DAY, formatInstant, parseDay } from '../consent/time.ts'
import { defect } from '../lib/errors.ts'
import type { ListedObject, ObjectStore } from './object-store.ts'
import { type Partition, type PartitionId, type Place, placeOf, type SuccessMarker } from './partition.ts'

/** Where partitions are looked for. */
export interface DiscoverySettings {
  /** What stands before `export-id=`: `data/` by default. A leading slash makes no difference. */
  readonly prefix: string
  readonly successMarker: SuccessMarker
}

/** What the source holds. */
export interface Discovery {
  /** Sorted by date, then export-id. */
  readonly partitions: readonly Partition[]
  /** Names of folders that were not read (`proofs`, `users/…`), each once, sorted; for the log. */
  readonly ignoredFolders: readonly string[]
}

/** A partition while its keys come in. */
interface PartitionInTheMaking extends PartitionId {
  marker: string | undefined
  hasUsers: boolean
  hasOtherFolders: boolean
  unknownObjects: number
  readonly parts: ListedObject[]
}

/**
 * Lists the source. A folder without `users/` is another kind of export and no partition, unless it is empty but for
 * its `_SUCCESS`: that is a day on which nobody chose anything.
 *
 * @throws CodedError `source-unreadable` where it cannot be listed
 */
export async function discoverPartitions(
  store: ObjectStore,
  settings: DiscoverySettings,
  signal: AbortSignal,
): Promise<Discovery> {
  const found = new Map<string, PartitionInTheMaking>()
  const folders = new Set<string>()
  for (const prefix of spellingsOf(settings.prefix)) {
    for await (const object of store.list(prefix, signal)) {
      const place = placeOf(object.key, settings.prefix)
      if (place.kind === 'stray') continue
      const name = JSON.stringify([place.partition.date, place.partition.exportId])
      const partition = found.get(name) ?? begin(place.partition)
      found.set(name, partition)
      take(partition, object, place, settings.successMarker)
      if (place.kind === 'folder') folders.add(place.folder)
    }
  }
  const partitions = [...found.values()]
    .filter(({ hasUsers, hasOtherFolders, marker }) => hasUsers || (marker !== undefined && !hasOtherFolders))
    .sort((a, b) => byCodeUnit(a.date, b.date) || byCodeUnit(a.exportId, b.exportId))
    .map(({ exportId, date, marker, parts, unknownObjects }) => ({
      exportId,
      date,
      sealed: marker !== undefined,
      parts: parts.sort((a, b) => byCodeUnit(a.key, b.key)),
      unknownObjects,
      ...(marker !== undefined && { marker }),
    }))
  return { partitions, ignoredFolders: [...folders].sort(byCodeUnit) }
}

/** Both ways a key may begin: the documentation shows a leading slash, object stores have none (or keep it). */
function spellingsOf(prefix: string): readonly string[] {
  const bare = prefix.replace(/^\/+/, '')
  return bare === '' ? [''] : [bare, `/${bare}`]
}

function begin({ exportId, date }: PartitionId): PartitionInTheMaking {
  return { exportId, date, marker: undefined, hasUsers: false, hasOtherFolders: false, unknownObjects: 0, parts: [] }
}

function take(
  partition: PartitionInTheMaking,
  object: ListedObject,
  place: Exclude<Place, { kind: 'stray' }>,
  successMarker: SuccessMarker,
): void {
  switch (place.kind) {
    case 'part':
      partition.hasUsers = true
      partition.parts.push(object)
      return
    case 'unknown-object':
      partition.hasUsers = true
      partition.unknownObjects += 1
      return
    case 'marker':
      if (place.where === 'users') partition.hasUsers = true
      if (successMarker === 'auto' || successMarker === place.where) partition.marker ??= object.key
      return
    case 'folder':
      if (place.folder.startsWith('users/')) partition.hasUsers = true
      else partition.hasOtherFolders = true
  }
}

/** What is known of an ingested part. */
export interface KnownPart {
  readonly size: number
  readonly etag: string
}

/** The parts that are new, or changed since they were ingested (semantics §8.5). `known` is by key. */
export function pendingParts(
  partition: Partition,
  known: ReadonlyMap<string, KnownPart>,
  compare: 'etag' | 'size' = 'etag',
): readonly ListedObject[] {
  return partition.parts.filter(({ key, size, etag }) => {
    const before = known.get(key)
    return before === undefined || before.size !== size || (compare === 'etag' && before.etag !== etag)
  })
}

/** Days without a partition between two that exist; `from` and `to` are the first and the last missing day. */
export interface DateGap {
  readonly exportId: string
  readonly from: string
  readonly to: string
}

/**
 * The dates missing between two present ones, per export-id (semantics §8.5), sorted by export-id and date. Give it
 * the dates in the source together with those already ingested, since the source forgets its oldest.
 */
export function missingDates(present: Iterable<PartitionId>): readonly DateGap[] {
  const datesOf = new Map<string, Set<string>>()
  for (const { exportId, date } of present) {
    const dates = datesOf.get(exportId) ?? new Set()
    datesOf.set(exportId, dates.add(date))
  }
  const gaps: DateGap[] = []
  for (const [exportId, dates] of [...datesOf].sort(([a], [b]) => byCodeUnit(a, b))) {
    let before: number | undefined
    for (const day of [...dates].map(dayNumber).sort((a, b) => a - b)) {
      if (before !== undefined && day - before > 1) {
        gaps.push({ exportId, from: dayText(before + 1), to: dayText(day - 1) })
      }
      before = day
    }
  }
  return gaps
}

/** Partitions that were seen, never ingested, and are gone from the source: their delta is lost there (§8.5). */
export function goneDates(
  discovered: Iterable<PartitionId>,
  neverIngested: Iterable<PartitionId>,
): readonly PartitionId[] {
  const name = ({ exportId, date }: PartitionId) => JSON.stringify([date, exportId])
  const present = new Set([...discovered].map(name))
  return [...neverIngested].filter((partition) => !present.has(name(partition)))
}

/**
 * Pending sealed partitions older than `days` days: an alarm well before the source deletes them after seven
 * (semantics §8.5). `nowDay` is today as `YYYY-MM-DD`.
 */
export function overdue<P extends PartitionId & { readonly sealed: boolean }>(
  pending: Iterable<P>,
  nowDay: string,
  days = 5,
): readonly P[] {
  return [...pending].filter(({ sealed, date }) => sealed && dayNumber(nowDay) - dayNumber(date) > days)
}

function dayNumber(date: string): number {
  return (parseDay(date) ?? defect('a partition date', 'a day that does not exist')) / DAY
}

const dayText = (day: number): string => formatInstant(day * DAY).slice(0, 10)
