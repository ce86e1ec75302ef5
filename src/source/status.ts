/** Where every partition stands: known to the store, present in the source, both, or neither (semantics §8.1, §8.5). */

import { byCodeUnit } from '../consent/choice.ts'
import { DAY, formatInstant, type Instant, parseDay } from '../consent/time.ts'
import { defect } from '../lib/errors.ts'
import { type DateGap, goneDates, type KnownPart, missingDates, pendingParts } from './discover.ts'
import type { Partition, PartitionId } from './partition.ts'

/**
 * - `open`: in the source, not sealed;
 * - `pending`: sealed, not ingested, or not all of it;
 * - `changed`: ingested, but the source now has new or replaced objects;
 * - `ingested`: all of it counts, whether the source still has it or not;
 * - `gone`: seen, and gone from the source before it was ingested;
 * - `missing`: a day or more without a partition between two that exist or existed;
 * - `closed`: gone or missing, but a bootstrap has since read what it held.
 */
export type PartitionState = 'open' | 'pending' | 'changed' | 'ingested' | 'gone' | 'missing' | 'closed'

export interface PartitionStatus extends PartitionId {
  /** The last day of a hole; without it the row is one day. `date` is the first. */
  readonly to?: string
  readonly state: PartitionState
  /** As listed; as ingested where the source has it no more. */
  readonly objects: number
  /** As stored. */
  readonly bytes: number
  /** From `date` to today. */
  readonly ageDays: number
  /** Until the source deletes it; absent where it never does, or has nothing to delete. */
  readonly expiresInDays?: number
  /** Consents are lost, or will be if nobody acts (§8.5). */
  readonly alarm: boolean
  /** For `gone` and `missing`: commands, any of which closes the gap. */
  readonly closedBy?: readonly string[]
}

/** What a store knows of a partition. */
export interface RememberedPartition extends PartitionId {
  readonly state: 'open' | 'pending' | 'ingested'
  readonly objects: ReadonlyMap<string, KnownPart>
}

/** Everything that decides where partitions stand. */
export interface StatusFacts {
  readonly discovered: readonly Partition[]
  readonly known: readonly RememberedPartition[]
  /** `YYYY-MM-DD`, in UTC. */
  readonly today: string
  readonly alarmAfterDays: number
  /** The age at which the source deletes a partition. */
  readonly retentionDays?: number
  /** When a bootstrap last read everybody: gaps of earlier days are closed. */
  readonly bootstrappedAt?: Instant
  /** Whether there is an archive to bootstrap from. */
  readonly archive: boolean
  /** Only these exports; without them, all. */
  readonly exportIds?: readonly string[]
}

/** One row for every partition known or present and for every hole between them, by date, then export-id. */
export function sourceStatus(facts: StatusFacts): readonly PartitionStatus[] {
  const wanted = ({ exportId }: PartitionId) => facts.exportIds?.includes(exportId) ?? true
  const discovered = facts.discovered.filter(wanted)
  const known = facts.known.filter(wanted)
  const knownByName = new Map(known.map((one) => [nameOf(one), one]))
  const present = new Set(discovered.map(nameOf))
  const holes = missingDates([...discovered, ...known])
  const gone = goneDates(
    discovered,
    known.filter(({ state }) => state !== 'ingested'),
  )
  return [
    ...discovered.map((partition) => presentRow(partition, knownByName.get(nameOf(partition)), facts)),
    ...known.filter((one) => one.state === 'ingested' && !present.has(nameOf(one))).map((one) => pastRow(one, facts)),
    ...gone.flatMap(({ exportId, date }) => gapRows({ exportId, from: date, to: date }, 'gone', facts)),
    ...holes.flatMap((hole) => gapRows(hole, 'missing', facts)),
  ].sort((a, b) => byCodeUnit(a.date, b.date) || byCodeUnit(a.exportId, b.exportId))
}

function presentRow(partition: Partition, known: RememberedPartition | undefined, facts: StatusFacts): PartitionStatus {
  const { exportId, date, parts } = partition
  const state = presentState(partition, known)
  const ageDays = daysBetween(date, facts.today)
  return {
    exportId,
    date,
    state,
    objects: parts.length,
    bytes: sumOf(parts),
    ageDays,
    ...(facts.retentionDays !== undefined && { expiresInDays: Math.max(0, facts.retentionDays - ageDays) }),
    alarm: (state === 'pending' || state === 'changed') && ageDays > facts.alarmAfterDays,
  }
}

function presentState(partition: Partition, known: RememberedPartition | undefined): PartitionState {
  const ingested = known?.state === 'ingested'
  const unread = pendingParts(partition, known?.objects ?? new Map()).length > 0
  if (ingested && !unread) return 'ingested'
  if (!partition.sealed) return 'open'
  return ingested ? 'changed' : 'pending'
}

function pastRow({ exportId, date, objects }: RememberedPartition, { today }: StatusFacts): PartitionStatus {
  return {
    exportId,
    date,
    state: 'ingested',
    objects: objects.size,
    bytes: sumOf([...objects.values()]),
    ageDays: daysBetween(date, today),
    alarm: false,
  }
}

/** One row, or two where a bootstrap closed the older part of a hole. */
function gapRows(gap: DateGap, state: 'gone' | 'missing', facts: StatusFacts): PartitionStatus[] {
  const { closed, open } = cutGap(gap, facts.bootstrappedAt)
  const row = ({ exportId, from, to }: DateGap): Omit<PartitionStatus, 'state' | 'alarm'> => ({
    exportId,
    date: from,
    ...(to !== from && { to }),
    objects: 0,
    bytes: 0,
    ageDays: daysBetween(from, facts.today),
  })
  return [
    ...(closed === undefined ? [] : [{ ...row(closed), state: 'closed' as const, alarm: false }]),
    ...(open === undefined ? [] : [{ ...row(open), state, alarm: state === 'gone', closedBy: gapClosers(facts) }]),
  ]
}

/**
 * What closes a gap: everybody as Didomi knows them now, or what the archive kept of the dates.
 * @param archive whether there is one
 */
export function gapClosers({ archive }: { readonly archive: boolean }): readonly string[] {
  const command = 'didomi-dataverse bootstrap --from'
  return archive ? [`${command} api`, `${command} archive`] : [`${command} api`]
}

/**
 * Gaps that no bootstrap has closed, cut where it closed a part: a bootstrap holds all that was chosen before it, so it
 * closes the days before its own.
 */
export function stillOpen(gaps: readonly DateGap[], bootstrappedAt: Instant | undefined): readonly DateGap[] {
  return gaps.flatMap((gap) => cutGap(gap, bootstrappedAt).open ?? [])
}

function cutGap(gap: DateGap, bootstrappedAt: Instant | undefined): { closed?: DateGap; open?: DateGap } {
  if (bootstrappedAt === undefined) return { open: gap }
  const day = formatInstant(bootstrappedAt).slice(0, 10)
  if (gap.to < day) return { closed: gap }
  if (gap.from >= day) return { open: gap }
  return { closed: { ...gap, to: dayBefore(day) }, open: { ...gap, from: day } }
}

const dayBefore = (day: string): string => formatInstant(midnight(day) - DAY).slice(0, 10)

const daysBetween = (from: string, to: string): number => (midnight(to) - midnight(from)) / DAY

const midnight = (day: string): Instant => parseDay(day) ?? defect('a partition date', 'a day that does not exist')

const nameOf = ({ exportId, date }: PartitionId): string => JSON.stringify([date, exportId])

const sumOf = (objects: readonly { readonly size: number }[]): number =>
  objects.reduce((total, { size }) => total + size, 0)
