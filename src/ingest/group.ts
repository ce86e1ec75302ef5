/** A group of parts that is read and joined together; once it is concluded it is durable. */

import type { Didomi } from '../didomi/didomi.ts'
import type { Clock } from '../lib/clock.ts'
import { CodedError, defect } from '../lib/errors.ts'
import { groupBy } from '../lib/group.ts'
import { type Log, withFields } from '../lib/log.ts'
import type { Progress, Stage } from '../lib/progress.ts'
import type { Timeline } from '../lib/timeline.ts'
import type { Observer } from '../observe/observer.ts'
import type { ObjectSink } from '../source/object-sink.ts'
import type { ObjectStore } from '../source/object-store.ts'
import { type PartReading, partTask } from '../source/outcomes.ts'
import type { Partition } from '../source/partition.ts'
import type { IngestedObject, KnownPartition, Store } from '../store/store.ts'
import type { Phase, Work } from '../work/work.ts'
import { archiveMarker, archiving } from './archive.ts'
import type { StateJoiner } from './joiner.ts'
import type { Lane, PartRead } from './lane.ts'
import type { Lanes } from './lanes.ts'
import type { PartitionSpans } from './partition-spans.ts'
import type { PartitionTally } from './partition-tally.ts'
import type { PartResult, PartsTaken, TakenPart } from './parts-taken.ts'
import { unpackRows } from './row-bytes.ts'
import type { SelectedPartition } from './selection.ts'

/** What ingest needs of the world. */
export interface IngestPorts {
  readonly exports: ObjectStore
  readonly store: Store
  readonly clock: Clock
  readonly log: Log
  readonly progress: Progress
  /** Absent where nobody looks on from outside. */
  readonly observer?: Observer
  /** Where objects are copied before they count. */
  readonly archive?: ObjectSink
  /** Whose export log is compared with what was read. */
  readonly exportLog?: Pick<Didomi, 'exportLog'>
  /** What the pods of a job share out; absent where this process is alone. */
  readonly pods?: { readonly work: Work }
}

export interface GroupSettings {
  readonly reading: PartReading
  readonly lanes: Lanes
  readonly joiner: StateJoiner
  readonly stage: Stage
  /** Takes `lines` as parts are read. */
  readonly timeline: Timeline
}

/** All parts of an ingest, and what became of them. */
export interface GroupWork {
  readonly selected: readonly SelectedPartition[]
  readonly phase: Phase
  readonly parts: PartsTaken
  /** By place: what this process read of each partition. */
  readonly tallies: ReadonlyMap<number, PartitionTally>
  readonly spans: PartitionSpans
}

/** One part of the group; `read` is absent where it is damaged or could not be archived: then it does not count. */
interface GroupPart extends TakenPart {
  /** Marks what it spills. */
  readonly number: number
  readonly partition: Partition
  read?: PartRead
}

/** Reads the parts of the next group, joins what was in the whole ones, and records them. Answers whether there were any. */
export async function ingestGroup(
  ports: IngestPorts,
  settings: GroupSettings,
  work: GroupWork,
  signal: AbortSignal,
): Promise<boolean> {
  const { lanes, joiner, stage, timeline } = settings
  const parts: GroupPart[] = []
  work.parts.beginGroup()
  const next = async () => {
    signal.throwIfAborted()
    const taken = await work.parts.next()
    const partition = work.selected[taken?.place ?? 0]?.partition
    if (taken === undefined || partition === undefined) return undefined
    const part: GroupPart = { ...taken, number: parts.length, partition }
    parts.push(part)
    return part
  }
  await lanes.each(next, async (lane, part) => {
    const begunMs = ports.clock.monotonic()
    await work.spans.object(part.place, () => readPart(ports, settings, lane, part, signal))
    timeline.spread('lines', begunMs, ports.clock.monotonic(), part.read?.counts.lines ?? 0)
    stage.advance(1)
  })
  if (parts.length === 0) return false
  const damaged = parts.filter(({ read }) => read === undefined).map(({ number }) => number)
  for await (const { rows, keys } of lanes.reduced(damaged)) {
    signal.throwIfAborted()
    await joiner.add([...unpackRows(rows)], keys)
  }
  await joiner.flush()
  await lanes.clear()
  const before = await work.phase.results()
  for (const [place, own] of [...groupBy(parts, (part) => part.place)].sort(([a], [b]) => a - b))
    await conclude(ports, work, place, own, before, signal)
  return true
}

/** What keeps one object from counting and stops nothing else. */
const OBJECT_TROUBLES: ReadonlySet<string> = new Set(['object-damaged', 'archive-unwritable'])

/** Reads one object to its end into the lane's spill. Damage is an answer, not an error: the rest goes on. */
async function readPart(
  { exports, archive, log: runLog }: IngestPorts,
  { reading }: GroupSettings,
  lane: Lane,
  one: GroupPart,
  signal: AbortSignal,
): Promise<void> {
  const { number, part, partition } = one
  const log = withFields(runLog, () => ({ exportId: partition.exportId, date: partition.date }))
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

/**
 * Records what was read whole; the partition is ingested once all of it counts, whoever read the rest, and the archive is
 * sealed. Two pods that end at the same time may both believe that something is missing: `sealWhole` finds it.
 */
async function conclude(
  ports: IngestPorts,
  { selected, phase, tallies, spans }: GroupWork,
  place: number,
  parts: readonly GroupPart[],
  before: ReadonlyMap<string, unknown>,
  signal: AbortSignal,
): Promise<void> {
  const { partition, parts: all } =
    selected[place] ?? defect('the parts of an ingest', 'a partition that nobody selected')
  const whole = parts.flatMap(({ part, read }) => (read === undefined ? [] : [{ part, ...read }]))
  const objects = whole.map(({ part: { key, size, etag }, counts }): IngestedObject => {
    const { lines, records, rejects, guests, skipped } = counts
    return { key, size, etag, lines, records, rejects, guests, skipped }
  })
  const rejects = whole.flatMap(({ part, rejects: own }) => own.map((reject) => ({ object: part.key, ...reject })))
  const results = new Map(parts.map(({ item, read }): [string, PartResult] => [item, read ? 'counted' : 'damaged']))
  const complete = isWhole(place, all.length, new Map([...before, ...results]))
  const state = complete ? await stateOnceArchived(ports, partition, all, signal) : 'pending'
  await ports.store.objectsIngested(partition.exportId, partition.date, state, objects, rejects)
  await phase.done(results)
  const tally = tallies.get(place)
  tally?.add(
    whole.map(({ counts }) => counts),
    parts.filter(({ read }) => read === undefined).map(({ part }) => part.key),
  )
  spans.concluded(place, all.length, tally?.counts, complete)
}

/** Was every part of the partition read whole, by whichever pod? */
export function isWhole(place: number, parts: number, results: ReadonlyMap<string, unknown>): boolean {
  return Array.from({ length: parts }, (_, number) => results.get(`${place}/${number}`)).every(
    (result) => result === 'counted',
  )
}

/** Seals the partition in the archive. One that cannot be sealed there is read again by the next run. */
export async function stateOnceArchived(
  { exports, archive, log }: IngestPorts,
  partition: Partition,
  parts: readonly { readonly key: string }[],
  signal: AbortSignal,
): Promise<KnownPartition['state']> {
  if (archive === undefined) return 'ingested'
  try {
    await archiveMarker(partition, new Set(parts.map(({ key }) => key)), { exports, sink: archive }, signal)
    return 'ingested'
  } catch (error) {
    if (!(error instanceof CodedError) || !OBJECT_TROUBLES.has(error.code)) throw error
    log.error({ code: error.code, exportId: partition.exportId, date: partition.date }, error.message)
    return 'pending'
  }
}
