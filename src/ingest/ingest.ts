/** The first stage: sealed partitions are joined into the store and changed persons become due (semantics §8.1). Needs no Dataverse. */

import { personId } from '../consent/person-id.ts'
import { joinTexts, stateOf, stateText } from '../consent/state.ts'
import { formatInstant, fromMilliseconds } from '../consent/time.ts'
import type { Clock } from '../lib/clock.ts'
import { CodedError } from '../lib/errors.ts'
import type { Log } from '../lib/log.ts'
import type { Progress } from '../lib/progress.ts'
import { keysMadeKnown } from '../mapping/known-ids.ts'
import type { IngestCounts, IngestReport, PartitionReport } from '../report/ingest-report.ts'
import { type DiscoverySettings, discoverPartitions, goneDates, missingDates, overdue } from '../source/discover.ts'
import type { ListedObject, ObjectStore } from '../source/object-store.ts'
import { type PartReading, readOutcomeBatches } from '../source/outcomes.ts'
import type { Partition, PartitionId } from '../source/partition.ts'
import type { IngestedObject, RejectedLine, StateRow, Store } from '../store/store.ts'
import { chosen, grouped, isRepair, nameOf, type SelectedPartition, type Selection, selected } from './selection.ts'
import { Spill } from './spill.ts'

export interface IngestPorts {
  readonly exports: ObjectStore
  readonly store: Store
  readonly clock: Clock
  readonly log: Log
  readonly progress: Progress
}

export interface IngestSettings {
  readonly discovery: DiscoverySettings
  readonly reading: PartReading
  readonly selection: Selection
  /** Names of all targets: their persons become due. */
  readonly targets: readonly string[]
  readonly rejectsMaxRatio: number
  readonly alarmAfterDays: number
  /** Where large ingests are spilled; holds personal data while it exists. */
  readonly spillFolder: string
}

/** States are joined in transactions of about this many: many enough to be fast, few enough to be short. */
const JOINED_AT_ONCE = 20_000

/** Rejected lines that are named in the store, per object; all of them are counted. */
const REJECTS_NAMED = 1_000

/** Joins every selected partition; a damaged object leaves its partition pending and stops nothing else. */
export async function ingest(ports: IngestPorts, settings: IngestSettings, signal: AbortSignal): Promise<IngestReport> {
  const { exports, store, log } = ports
  const discovery = await discoverPartitions(exports, settings.discovery, signal)
  if (discovery.ignoredFolders.length > 0)
    log.info({ folders: discovery.ignoredFolders }, 'folders of other exports are not read')
  const known = await store.partitions()
  await noteSeen(store, discovery.partitions, new Set(known.map(nameOf)))
  const work = selected(discovery.partitions, known, settings.selection)

  const partitions: PartitionReport[] = []
  const stage = ports.progress.stage(
    'ingest',
    work.reduce((sum, { parts }) => sum + parts.length, 0),
  )
  let changed = 0
  for (const group of grouped(work)) {
    const result = await ingestGroup(ports, settings, group, () => stage.advance(1), signal)
    partitions.push(...result.partitions)
    changed += result.changed
  }
  stage.end()

  const ofInterest = chosen(discovery.partitions, settings.selection)
  const after = await store.partitions()
  const pending = new Set(after.filter(({ state }) => state !== 'ingested').map(nameOf))
  const today = formatInstant(fromMilliseconds(ports.clock.now())).slice(0, 10)
  return {
    repair: isRepair(settings.selection),
    partitions,
    changedRecords: changed,
    open: ofInterest.filter(({ sealed }) => !sealed).map(idOf),
    missingDates: missingDates([...after.map(idOf), ...discovery.partitions.map(idOf)]),
    goneDates: goneDates(
      discovery.partitions,
      after.filter(({ state }) => state !== 'ingested'),
    ).map(idOf),
    overdue: overdue(
      ofInterest.filter((partition) => pending.has(nameOf(partition))),
      today,
      settings.alarmAfterDays,
    ).map(idOf),
  }
}

const idOf = ({ exportId, date }: PartitionId): PartitionId => ({ exportId, date })

/** Remembers partitions seen for the first time, so that one that vanishes unread is missed by name. */
async function noteSeen(store: Store, partitions: readonly Partition[], known: ReadonlySet<string>): Promise<void> {
  for (const partition of partitions) {
    if (known.has(nameOf(partition))) continue
    await store.notePartition(partition.exportId, partition.date, partition.sealed ? 'pending' : 'open')
  }
}

interface ReadPart {
  readonly number: number
  readonly part: ListedObject
  readonly counts: IngestCounts
  readonly rejects: readonly RejectedLine[]
  readonly damaged: boolean
}

async function ingestGroup(
  ports: IngestPorts,
  settings: IngestSettings,
  group: readonly SelectedPartition[],
  advance: () => void,
  signal: AbortSignal,
): Promise<{ partitions: PartitionReport[]; changed: number }> {
  const spill = new Spill(settings.spillFolder)
  try {
    const read: { one: SelectedPartition; parts: ReadPart[] }[] = []
    let number = 0
    for (const one of group) {
      const parts: ReadPart[] = []
      for (const part of one.parts) {
        parts.push(await readPart(ports, settings, spill, { number, part, partition: one.partition }, signal))
        number += 1
        advance()
      }
      read.push({ one, parts })
    }
    const damaged = new Set(
      read.flatMap(({ parts }) => parts.filter((part) => part.damaged).map((part) => part.number)),
    )
    const changed = await joinSpilled(ports.store, settings, spill, damaged, signal)
    const partitions = []
    for (const { one, parts } of read) partitions.push(await conclude(ports.store, settings, one.partition, parts))
    return { partitions, changed }
  } finally {
    await spill.close()
  }
}

/** Reads one object to its end into the spill. Damage is an answer, not an error: the rest goes on. */
async function readPart(
  { exports, log }: IngestPorts,
  settings: IngestSettings,
  spill: Spill,
  { number, part, partition }: { number: number; part: ListedObject; partition: Partition },
  signal: AbortSignal,
): Promise<ReadPart> {
  const counts = { lines: 0, records: 0, rejects: 0, guests: 0, skipped: 0, ignoredEvents: 0 }
  const rejects: RejectedLine[] = []
  try {
    for await (const batch of readOutcomeBatches(exports, part, partition, settings.reading, signal)) {
      for (const { number: line, outcome } of batch) {
        counts.lines += 1
        switch (outcome.kind) {
          case 'record': {
            counts.records += 1
            counts.ignoredEvents += outcome.ignoredEvents
            const { ouid, userId } = outcome.record
            await spill.add(number, { person: personId(ouid), ouid, userId, state: stateText(stateOf(outcome.record)) })
            break
          }
          case 'reject':
            counts.rejects += 1
            if (rejects.length < REJECTS_NAMED) rejects.push({ object: part.key, line, code: outcome.code })
            break
          case 'guest':
            counts.guests += 1
            break
          case 'skipped':
            counts.skipped += 1
        }
      }
    }
  } catch (error) {
    if (!(error instanceof CodedError) || error.code !== 'object-damaged') throw error
    log.error({ code: error.code, object: part.key }, error.message)
    return { number, part, counts, rejects: [], damaged: true }
  }
  for (const { line, code } of rejects.slice(0, 10)) log.warn({ object: part.key, line, code }, 'line rejected')
  return { number, part, counts, rejects, damaged: false }
}

async function joinSpilled(
  store: Store,
  settings: IngestSettings,
  spill: Spill,
  damaged: ReadonlySet<number>,
  signal: AbortSignal,
): Promise<number> {
  const options = { targets: settings.targets, dueAll: isRepair(settings.selection) }
  const made = new Set(await store.knownIds())
  let changed = 0
  let waiting: StateRow[] = []
  const joinWaiting = async () => {
    signal.throwIfAborted()
    const fresh = newIds(waiting, made)
    if (fresh.length > 0) await store.addKnownIds(fresh)
    changed += (await store.joinStates(waiting, joinTexts, options)).changed
    waiting = []
  }
  for await (const rows of spill.reduced(damaged)) {
    waiting.push(...rows)
    if (waiting.length >= JOINED_AT_ONCE) await joinWaiting()
  }
  if (waiting.length > 0) await joinWaiting()
  return changed
}

/** Ids never seen before. They become known before the states that name them are joined: known ids only ever lead. */
function newIds(rows: readonly StateRow[], made: Set<string>): string[] {
  const fresh: string[] = []
  for (const { state } of rows) {
    for (const key of keysMadeKnown(state)) {
      if (made.has(key)) continue
      made.add(key)
      fresh.push(key)
    }
  }
  return fresh
}

/** Records what was read whole; the partition is ingested once nothing of it is damaged. */
async function conclude(
  store: Store,
  { rejectsMaxRatio }: IngestSettings,
  partition: Partition,
  parts: readonly ReadPart[],
): Promise<PartitionReport> {
  const whole = parts.filter(({ damaged }) => !damaged)
  const damaged = parts.filter((part) => part.damaged).map(({ part }) => part.key)
  const objects = whole.map(({ part, counts }): IngestedObject => {
    const { lines, records, rejects, guests, skipped } = counts
    return { key: part.key, size: part.size, etag: part.etag, lines, records, rejects, guests, skipped }
  })
  const rejects = whole.flatMap((part) => part.rejects)
  const state = damaged.length === 0 ? 'ingested' : 'pending'
  await store.objectsIngested(partition.exportId, partition.date, state, objects, rejects)
  const counts = whole.reduce((sum, part) => addCounts(sum, part.counts), NO_COUNTS)
  const tooManyRejects = counts.lines > 0 && counts.rejects / counts.lines > rejectsMaxRatio
  return {
    ...idOf(partition),
    objects: whole.length,
    damaged,
    counts,
    tooManyRejects,
    unknownObjects: partition.unknownObjects,
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
