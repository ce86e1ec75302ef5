/** Settings → ports: the only file that names an adapter. */

import { randomUUID } from 'node:crypto'
import type { ArchiveSettings, DidomiSettings, LocationSettings, Settings, TargetSettings } from './config/settings.ts'
import type { Dataverse } from './dataverse/dataverse.ts'
import { type OpenDataverse, openDataverse } from './dataverse/open.ts'
import type { Didomi } from './didomi/didomi.ts'
import { openDidomi } from './didomi/open.ts'
import { type Clock, systemClock } from './lib/clock.ts'
import { defect } from './lib/errors.ts'
import type { Log } from './lib/log.ts'
import type { Progress } from './lib/progress.ts'
import type { CsvMap } from './record/csv.ts'
import { RunInTheMaking } from './report/run.ts'
import type { Job } from './report/run-report.ts'
import { openDirectory } from './source/directory.ts'
import type { ObjectStore } from './source/object-store.ts'
import { openSqliteStore } from './store/sqlite.ts'
import type { Store } from './store/store.ts'

/** Everything a job needs from the world. */
export interface Ports {
  readonly exports: ObjectStore
  readonly store: Store
  readonly clock: Clock
  readonly log: Log
  readonly progress: Progress
  readonly openDataverse: (target: TargetSettings) => Dataverse
  /** The same one each time; who opens the ports closes it with them. */
  readonly openDidomi: (didomi: DidomiSettings) => Didomi
  readonly openArchive: (archive: ArchiveSettings) => ObjectStore
  readonly beginRun: (id: string, job: Job) => Promise<RunInTheMaking>
}

export interface World {
  readonly log: Log
  readonly progress: Progress
  readonly version: string
  readonly clock?: Clock
}

/** Opens the store (and takes its lease), the source and, when first asked for, each target's Dataverse. */
export async function openPorts(
  settings: Settings,
  { log, progress, version, clock = systemClock }: World,
): Promise<Ports & { close(): Promise<void> }> {
  const store = await openSqliteStore(settings.store.sqlite, clock)
  const opened = new Map<string, OpenDataverse>()
  let openedDidomi: Didomi | undefined
  return {
    exports: openStoreAt(settings.source.location),
    store,
    clock,
    log,
    progress,
    openDataverse: (target) => {
      const dataverse = opened.get(target.name) ?? dataverseOf(target, { log, progress, version, clock })
      opened.set(target.name, dataverse)
      return dataverse
    },
    openDidomi: (didomi) => {
      openedDidomi ??= didomiOf(didomi, settings.reading.regulations, { log, progress, version, clock })
      return openedDidomi
    },
    openArchive: ({ to }) => openStoreAt(to),
    beginRun: async (id, job) => {
      const run = new RunInTheMaking(id, clock, log, job)
      await store.beginRun({ id, job, startedAt: run.startedAt })
      return run
    },
    close: async () => {
      for (const dataverse of opened.values()) await dataverse.close()
      await openedDidomi?.close()
      await store.close()
    },
  }
}

/** The objects at a location, for reading. */
export function openStoreAt(location: LocationSettings): ObjectStore {
  switch (location.kind) {
    case 'directory':
      return openDirectory(location.directory)
    case 's3':
    case 'gcs':
      return defect('wire', `no adapter for ${location.kind} yet`)
  }
}

function dataverseOf(target: TargetSettings, { log, progress, version, clock = systemClock }: World): OpenDataverse {
  const { credentials, instance } = target
  const { tenantId, clientId, proof, authority, authorityMetadata, knownAuthorities } = credentials
  return openDataverse({
    apiRoot: instance.root,
    authentication: {
      tenantId,
      clientId,
      credential:
        proof.kind === 'secret'
          ? { kind: 'secret', secret: proof.clientSecret }
          : {
              kind: 'certificate',
              thumbprintSha256: proof.thumbprintSha256,
              privateKey: proof.privateKey,
              ...(proof.x5c === undefined ? {} : { x5c: proof.x5c.reveal() }),
            },
      authority,
      knownAuthorities,
      scope: instance.scope,
      ...(authorityMetadata === undefined ? {} : { authorityMetadata }),
    },
    userAgent: `didomi-dataverse/${version}`,
    concurrency: target.concurrency,
    batchRows: target.batchRows,
    requestTimeoutMs: target.timeoutMs,
    retry: { attempts: target.retries },
    clock,
    random: Math.random,
    onWait: ({ what, waitMs, why }) => progress.waiting(`${target.name}: ${what}: ${why}`, waitMs),
    log,
  })
}

function didomiOf(
  { organizationId, key, secret, apiRoot, exportLogUrl }: DidomiSettings,
  regulations: readonly string[],
  { progress, version, clock = systemClock }: World,
): Didomi {
  return openDidomi({
    organizationId,
    key,
    secret,
    apiRoot,
    exportLogUrl,
    regulations,
    userAgent: `didomi-dataverse/${version}`,
    clock,
    random: Math.random,
    onWait: ({ what, waitMs, why }) => progress.waiting(`Didomi: ${what}: ${why}`, waitMs),
  })
}

/** The CSV column map in the form the reader takes. */
export function csvMapOf({ csv }: Settings['source']): CsvMap | undefined {
  if (csv === undefined) return undefined
  const { choices, ...columns } = csv
  return {
    ...columns,
    choices: Object.fromEntries(
      choices.map(({ key, column, trueSpellings, falseSpellings }) => [
        key,
        { column, true: trueSpellings, false: falseSpellings },
      ]),
    ),
  }
}

/** A run's id: sortable by start, unique. */
export function newRunId(clock: Clock): string {
  return `${new Date(clock.now()).toISOString().slice(0, 19).replace(/[-:]/g, '')}-${randomUUID().slice(0, 8)}`
}
