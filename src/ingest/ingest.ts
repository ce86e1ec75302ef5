/** The first stage: sealed partitions are joined into the store and changed persons become due (semantics §8.1). Needs no Dataverse. */

import { formatInstant, fromMilliseconds, parseInstant } from '../consent/time.ts'
import { Timeline, type TimelineFigures } from '../lib/timeline.ts'
import type { IngestReport, PartitionReport } from '../report/ingest-report.ts'
import { type DiscoverySettings, discoverPartitions } from '../source/discover.ts'
import { type SourceFindings, sourceFindings } from '../source/findings.ts'
import type { PartReading } from '../source/outcomes.ts'
import type { Partition } from '../source/partition.ts'
import { sourceStatus } from '../source/status.ts'
import type { KnownPartition, Store } from '../store/store.ts'
import { workAlone } from '../work/alone.ts'
import { onceOrNever } from '../work/steps.ts'
import { BOOTSTRAPPED_AT } from './bookmarks.ts'
import { checkExportLog, countedWhole } from './export-check.ts'
import { type GroupWork, type IngestPorts, ingestGroup } from './group.ts'
import { StateJoiner } from './joiner.ts'
import { Lanes } from './lanes.ts'
import { PartitionSpans } from './partition-spans.ts'
import { PartitionTally } from './partition-tally.ts'
import { PartsTaken, partItems } from './parts-taken.ts'
import { sealWhole } from './seal.ts'
import { isRepair, nameOf, type SelectedPartition, type Selection, selected } from './selection.ts'

export interface IngestSettings {
  readonly discovery: DiscoverySettings
  readonly reading: PartReading
  /** `plain` parses every line: what the fast reader is measured by. */
  readonly reader?: 'fast' | 'plain'
  /** Parts read at once, each on a thread of its own. */
  readonly workers: number
  readonly selection: Selection
  /** Names of all targets: their persons become due. */
  readonly targets: readonly string[]
  readonly rejectsMaxRatio: number
  readonly alarmAfterDays: number
  /** The age at which the source deletes a partition. */
  readonly retentionDays?: number
  /** Whether there is an archive that could close a gap. */
  readonly archived: boolean
  /** Where large ingests are spilled; holds personal data while it exists. */
  readonly spillFolder: string
}

/** Joins every selected partition; a damaged object leaves its partition pending and stops nothing else. */
export async function ingest(ports: IngestPorts, settings: IngestSettings, signal: AbortSignal): Promise<IngestReport> {
  const { log, pods } = ports
  const look = () => lookAtSource(ports, settings, signal)
  const { discovered, work } = await onceOrNever(pods?.work ?? workAlone, 'ingest: source', look, signal)
  const { partitions, changed, suppressed, known, overTime } = await ingestAll(ports, settings, work, signal)

  const findings = await findingsOf(ports, settings, discovered, known)
  const counted = countedWhole(partitions, discovered)
  return {
    repair: isRepair(settings.selection),
    partitions,
    changedRecords: changed,
    ...(suppressed > 0 && { suppressedRecords: suppressed }),
    ...findings,
    ...(settings.retentionDays !== undefined && { retentionDays: settings.retentionDays }),
    ...(overTime && { overTime }),
    ...(ports.exportLog && { exportLog: await checkExportLog({ didomi: ports.exportLog, log }, counted, signal) }),
  }
}

/** What the source holds, and what of it is to be read: one look for all pods, or each would see something else. */
async function lookAtSource(
  { exports, store, log }: IngestPorts,
  settings: IngestSettings,
  signal: AbortSignal,
): Promise<{ readonly discovered: readonly Partition[]; readonly work: readonly SelectedPartition[] }> {
  const { partitions, ignoredFolders } = await discoverPartitions(exports, settings.discovery, signal)
  if (ignoredFolders.length > 0) log.info({ folders: ignoredFolders }, 'folders of other exports are not read')
  const known = await store.partitions()
  await noteSeen(store, partitions, new Set(known.map(nameOf)))
  return { discovered: partitions, work: selected(partitions, known, settings.selection) }
}

/** Remembers partitions seen for the first time, so that one that vanishes unread is missed by name. */
async function noteSeen(store: Store, partitions: readonly Partition[], known: ReadonlySet<string>): Promise<void> {
  for (const partition of partitions) {
    if (known.has(nameOf(partition))) continue
    await store.notePartition(partition.exportId, partition.date, partition.sealed ? 'pending' : 'open')
  }
}

interface Ingested {
  /** Of each selected partition what this process read; of those that others read nothing. */
  readonly partitions: PartitionReport[]
  readonly changed: number
  readonly suppressed: number
  readonly overTime: TimelineFigures | undefined
  /** All partitions, afterwards. */
  readonly known: readonly KnownPartition[]
}

async function ingestAll(
  ports: IngestPorts,
  settings: IngestSettings,
  work: readonly SelectedPartition[],
  signal: AbortSignal,
): Promise<Ingested> {
  const parts = work.flatMap((one) => one.parts)
  const { reading, reader = 'fast', workers, spillFolder, targets, selection, rejectsMaxRatio } = settings
  const stored = parts.reduce((sum, { size }) => sum + size, 0)
  const lanes = Lanes.open({ ...reading, reader, workers, spillFolder }, parts.length, stored)
  const stage = ports.progress.stage('ingest', parts.length)
  const phase = await (ports.pods?.work ?? workAlone).begin('ingest: parts', partItems(work))
  const tallies = new Map(work.map(({ partition }, place) => [place, new PartitionTally(partition)]))
  const spans = new PartitionSpans(ports.observer, work)
  const group: GroupWork = { selected: work, phase, parts: new PartsTaken(phase, work), tallies, spans }
  const timeline = new Timeline(ports.clock.monotonic(), ports.clock.now())
  try {
    const joiner = await StateJoiner.open(ports.store, {
      targets,
      dueAll: isRepair(selection),
      spelling: reading.reading.normalise,
    })
    for (;;) {
      const some = await ingestGroup(ports, { ...settings, lanes, joiner, stage, timeline }, group, signal)
      if (!some && (await phase.wait(signal)) === 'over') break
    }
    const { known, sealed } = await sealWhole(ports, group, signal)
    const own = [...tallies].filter(([place, tally]) => sealed.has(place) || tally.readAny || ports.pods === undefined)
    return {
      partitions: own.map(([, tally]) => tally.report(rejectsMaxRatio)),
      changed: joiner.changed,
      suppressed: joiner.suppressed,
      overTime: timeline.figures(),
      known,
    }
  } catch (error) {
    // The others go on without this pod; but nothing is delivered while some may still ingest: nobody looks at the brake
    // twice (semantics §8.7).
    await phase.giveUp(signal).catch(() => {})
    throw error
  } finally {
    stage.end()
    spans.end()
    await lanes.close()
  }
}

/** What the source holds beside what was ingested: gaps, delays, what is about to expire (semantics §8.5). */
async function findingsOf(
  { store, clock }: IngestPorts,
  { selection, alarmAfterDays, retentionDays, archived }: IngestSettings,
  discovered: readonly Partition[],
  known: readonly KnownPartition[],
): Promise<SourceFindings> {
  const bootstrappedAt = parseInstant(await store.bookmark(BOOTSTRAPPED_AT))
  const rows = sourceStatus({
    discovered,
    known,
    today: formatInstant(fromMilliseconds(clock.now())).slice(0, 10),
    alarmAfterDays,
    archive: archived,
    ...(retentionDays !== undefined && { retentionDays }),
    ...(bootstrappedAt !== undefined && { bootstrappedAt }),
    ...(selection.exportIds && { exportIds: selection.exportIds }),
  })
  return sourceFindings(rows)
}
