/** A group of partitions that is read and joined together; once it is concluded it is durable. */

import type { Didomi } from '../didomi/didomi.ts'
import type { Clock } from '../lib/clock.ts'
import { CodedError } from '../lib/errors.ts'
import type { Log } from '../lib/log.ts'
import type { Progress, Stage } from '../lib/progress.ts'
import type { IngestCounts, PartitionReport } from '../report/ingest-report.ts'
import type { ObjectSink } from '../source/object-sink.ts'
import type { ListedObject, ObjectStore } from '../source/object-store.ts'
import { type PartReading, partTask } from '../source/outcomes.ts'
import type { Partition } from '../source/partition.ts'
import type { IngestedObject, KnownPartition, Store } from '../store/store.ts'
import { archiveMarker, archiving } from './archive.ts'
import type { StateJoiner } from './joiner.ts'
import type { Lane, PartRead } from './lane.ts'
import type { Lanes } from './lanes.ts'
import { unpackRows } from './row-bytes.ts'
import type { SelectedPartition } from './selection.ts'

/** What ingest needs of the world. */
export interface IngestPorts {
  readonly exports: ObjectStore
  readonly store: Store
  readonly clock: Clock
  readonly log: Log
  readonly progress: Progress
  /** Where objects are copied before they count. */
  readonly archive?: ObjectSink
  /** Whose export log is compared with what was read. */
  readonly exportLog?: Pick<Didomi, 'exportLog'>
}

export interface GroupSettings {
  readonly reading: PartReading
  readonly rejectsMaxRatio: number
  readonly lanes: Lanes
  readonly joiner: StateJoiner
  readonly stage: Stage
}

/** One part of the group; `read` is absent where it is damaged or could not be archived: then it does not count. */
interface GroupPart {
  /** Marks what it spills. */
  readonly number: number
  readonly part: ListedObject
  readonly partition: Partition
  read?: PartRead
}

/** Reads all parts, joins what was in the whole ones, and records them. */
export async function ingestGroup(
  ports: IngestPorts,
  settings: GroupSettings,
  group: readonly SelectedPartition[],
  signal: AbortSignal,
): Promise<PartitionReport[]> {
  const { lanes, joiner, stage } = settings
  const byPartition = numbered(group)
  const parts = byPartition.flatMap((one) => one.parts)
  await lanes.each(parts, async (lane, part) => {
    await readPart(ports, settings, lane, part, signal)
    stage.advance(1)
  })
  const damaged = parts.filter(({ read }) => read === undefined).map(({ number }) => number)
  for await (const { rows, keys } of lanes.reduced(damaged)) {
    signal.throwIfAborted()
    await joiner.add([...unpackRows(rows)], keys)
  }
  await joiner.flush()
  await lanes.clear()
  const reports = []
  for (const { partition, parts: own } of byPartition)
    reports.push(await conclude(ports, settings, partition, own, signal))
  return reports
}

function numbered(group: readonly SelectedPartition[]): { partition: Partition; parts: GroupPart[] }[] {
  let number = 0
  return group.map(({ partition, parts }) => ({
    partition,
    parts: parts.map((part): GroupPart => ({ number: number++, part, partition })),
  }))
}

/** What keeps one object from counting and stops nothing else. */
const OBJECT_TROUBLES: ReadonlySet<string> = new Set(['object-damaged', 'archive-unwritable'])

/** Reads one object to its end into the lane's spill. Damage is an answer, not an error: the rest goes on. */
async function readPart(
  { exports, archive, log }: IngestPorts,
  { reading }: GroupSettings,
  lane: Lane,
  one: GroupPart,
  signal: AbortSignal,
): Promise<void> {
  const { number, part, partition } = one
  try {
    signal.throwIfAborted()
    const stored = abortable(await exports.open(part.key, part, signal), signal)
    const place = archive && { sink: archive, key: part.key, size: part.size }
    const bytes = place === undefined ? stored : archiving(stored, place, signal)
    one.read = await lane.read(number, partTask(part, partition, reading.reading), bytes)
  } catch (error) {
    if (!(error instanceof CodedError) || !OBJECT_TROUBLES.has(error.code)) throw error
    log.error({ code: error.code, object: part.key }, error.message)
    return
  }
  for (const { line, code } of one.read.rejects.slice(0, 10)) {
    log.warn({ object: part.key, line, code }, 'line rejected')
  }
}

/** The bytes, until the signal says otherwise. */
async function* abortable(bytes: AsyncIterable<Uint8Array>, signal: AbortSignal): AsyncIterable<Uint8Array> {
  for await (const chunk of bytes) {
    signal.throwIfAborted()
    yield chunk
  }
  signal.throwIfAborted()
}

/** Records what was read whole; the partition is ingested once nothing of it is damaged and the archive is sealed. */
async function conclude(
  ports: IngestPorts,
  { rejectsMaxRatio }: GroupSettings,
  partition: Partition,
  parts: readonly GroupPart[],
  signal: AbortSignal,
): Promise<PartitionReport> {
  const whole = parts.flatMap(({ part, read }) => (read === undefined ? [] : [{ part, ...read }]))
  const damaged = parts.filter(({ read }) => read === undefined).map(({ part }) => part.key)
  const objects = whole.map(({ part: { key, size, etag }, counts }): IngestedObject => {
    const { lines, records, rejects, guests, skipped } = counts
    return { key, size, etag, lines, records, rejects, guests, skipped }
  })
  const rejects = whole.flatMap(({ part, rejects: own }) => own.map((reject) => ({ object: part.key, ...reject })))
  const state = damaged.length === 0 ? await stateOnceArchived(ports, partition, whole, signal) : 'pending'
  await ports.store.objectsIngested(partition.exportId, partition.date, state, objects, rejects)
  const counts = whole.reduce((sum, part) => addCounts(sum, part.counts), NO_COUNTS)
  return {
    exportId: partition.exportId,
    date: partition.date,
    objects: whole.length,
    damaged,
    counts,
    tooManyRejects: counts.lines > 0 && counts.rejects / counts.lines > rejectsMaxRatio,
    unknownObjects: partition.unknownObjects,
  }
}

/** Seals the partition in the archive. One that cannot be sealed there is read again by the next run. */
async function stateOnceArchived(
  { exports, archive, log }: IngestPorts,
  partition: Partition,
  whole: readonly { readonly part: ListedObject }[],
  signal: AbortSignal,
): Promise<KnownPartition['state']> {
  if (archive === undefined) return 'ingested'
  try {
    await archiveMarker(partition, new Set(whole.map(({ part }) => part.key)), { exports, sink: archive }, signal)
    return 'ingested'
  } catch (error) {
    if (!(error instanceof CodedError) || !OBJECT_TROUBLES.has(error.code)) throw error
    log.error({ code: error.code, exportId: partition.exportId, date: partition.date }, error.message)
    return 'pending'
  }
}

const NO_COUNTS: IngestCounts = { lines: 0, records: 0, rejects: 0, guests: 0, skipped: 0, ignoredEvents: 0 }

function addCounts(a: IngestCounts, b: IngestCounts): IngestCounts {
  return {
    lines: a.lines + b.lines,
    records: a.records + b.records,
    rejects: a.rejects + b.rejects,
    guests: a.guests + b.guests,
    skipped: a.skipped + b.skipped,
    ignoredEvents: a.ignoredEvents + b.ignoredEvents,
  }
}
