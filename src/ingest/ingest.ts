/** The first stage: sealed partitions are joined into the store and changed persons become due (semantics §8.1). Needs no Dataverse. */

import { formatInstant, fromMilliseconds, parseInstant } from '../consent/time.ts'
import type { IngestReport, PartitionReport } from '../report/ingest-report.ts'
import { type DiscoverySettings, discoverPartitions } from '../source/discover.ts'
import { type SourceFindings, sourceFindings } from '../source/findings.ts'
import type { PartReading } from '../source/outcomes.ts'
import type { Partition } from '../source/partition.ts'
import { sourceStatus } from '../source/status.ts'
import type { KnownPartition, Store } from '../store/store.ts'
import { BOOTSTRAPPED_AT } from './bookmarks.ts'
import { checkExportLog, countedWhole } from './export-check.ts'
import { type IngestPorts, ingestGroup } from './group.ts'
import { StateJoiner } from './joiner.ts'
import { Lanes } from './lanes.ts'
import { grouped, isRepair, nameOf, type SelectedPartition, type Selection, selected } from './selection.ts'

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
  const { exports, store, log } = ports
  const discovery = await discoverPartitions(exports, settings.discovery, signal)
  if (discovery.ignoredFolders.length > 0)
    log.info({ folders: discovery.ignoredFolders }, 'folders of other exports are not read')
  const known = await store.partitions()
  await noteSeen(store, discovery.partitions, new Set(known.map(nameOf)))
  const work = selected(discovery.partitions, known, settings.selection)
  const { partitions, changed } = await ingestAll(ports, settings, work, signal)

  const findings = await findingsOf(ports, settings, discovery.partitions, await store.partitions())
  const counted = countedWhole(partitions, discovery.partitions)
  return {
    repair: isRepair(settings.selection),
    partitions,
    changedRecords: changed,
    ...findings,
    ...(ports.exportLog && { exportLog: await checkExportLog({ didomi: ports.exportLog, log }, counted, signal) }),
  }
}

/** Remembers partitions seen for the first time, so that one that vanishes unread is missed by name. */
async function noteSeen(store: Store, partitions: readonly Partition[], known: ReadonlySet<string>): Promise<void> {
  for (const partition of partitions) {
    if (known.has(nameOf(partition))) continue
    await store.notePartition(partition.exportId, partition.date, partition.sealed ? 'pending' : 'open')
  }
}

async function ingestAll(
  ports: IngestPorts,
  settings: IngestSettings,
  work: readonly SelectedPartition[],
  signal: AbortSignal,
): Promise<{ partitions: PartitionReport[]; changed: number }> {
  const parts = work.flatMap((one) => one.parts)
  const { reading, reader = 'fast', workers, spillFolder, targets, selection } = settings
  const stored = parts.reduce((sum, { size }) => sum + size, 0)
  const lanes = Lanes.open({ ...reading, reader, workers, spillFolder }, parts.length, stored)
  const stage = ports.progress.stage('ingest', parts.length)
  try {
    const joiner = await StateJoiner.open(ports.store, { targets, dueAll: isRepair(selection) })
    const partitions: PartitionReport[] = []
    for (const group of grouped(work)) {
      partitions.push(...(await ingestGroup(ports, { ...settings, lanes, joiner, stage }, group, signal)))
    }
    return { partitions, changed: joiner.changed }
  } finally {
    stage.end()
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
