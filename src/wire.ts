/** Settings → ports: the only file that names an adapter. */

import { randomUUID } from 'node:crypto'
import type {
  ArchiveSettings,
  DidomiSettings,
  LocationSettings,
  Settings,
  StoreSettings,
  TargetSettings,
} from './config/settings.ts'
import type { Dataverse } from './dataverse/dataverse.ts'
import { type OpenDataverse, openDataverse } from './dataverse/open.ts'
import type { Didomi } from './didomi/didomi.ts'
import { openDidomi } from './didomi/open.ts'
import { type Clock, systemClock } from './lib/clock.ts'
import type { Log } from './lib/log.ts'
import type { Progress } from './lib/progress.ts'
import type { CsvMap } from './record/csv.ts'
import { RunInTheMaking } from './report/run.ts'
import type { Job } from './report/run-report.ts'
import { openDirectory } from './source/directory.ts'
import { openDirectorySink } from './source/directory-sink.ts'
import type { ObjectSink } from './source/object-sink.ts'
import type { ObjectStore } from './source/object-store.ts'
import { openSqliteStore } from './store/sqlite.ts'
import type { Store } from './store/store.ts'

/** Everything a job needs from the world. */
export interface Ports {
  readonly exports: ObjectStore
  /** Where objects are copied before they count; absent where no archive is configured. */
  readonly archive?: ObjectSink
  /** Didomi's export log; absent where it is not to be compared with what was read. */
  readonly exportLog?: Pick<Didomi, 'exportLog'>
  readonly store: Store
  /** Aborted with a `lease-held` when another run may have the store; absent where the lease ends only with this process. */
  readonly leaseLost?: AbortSignal
  readonly clock: Clock
  readonly log: Log
  readonly progress: Progress
  readonly openDataverse: (target: TargetSettings) => Dataverse
  /** The same one each time; who opens the ports closes it with them. */
  readonly openDidomi: (didomi: DidomiSettings) => Didomi
  /** An archive for reading, as a source. */
  readonly openArchive: (archive: ArchiveSettings) => Promise<ObjectStore>
  readonly beginRun: (id: string, job: Job) => Promise<RunInTheMaking>
}

export interface World {
  readonly log: Log
  readonly progress: Progress
  readonly version: string
  readonly clock?: Clock
}

/**
 * Opens the store (and takes its lease); everything else asks nobody before it is first used. Closing closes all that
 * was opened; the store last, since its lease keeps others away.
 */
export async function openPorts(
  settings: Settings,
  { log, progress, version, clock = systemClock }: World,
): Promise<Ports & { close(): Promise<void> }> {
  const store = await openStateStore(settings.store, clock)
  const closers: Closer[] = [() => store.close()]
  const close = async () => {
    for (const closeOne of closers.splice(0).reverse()) await closeOne()
  }
  const closedToo = <T extends { close?(): void | Promise<void> }>(port: T): T => {
    closers.push(async () => port.close?.())
    return port
  }
  const dataverses = new Map<string, Dataverse>()
  let openedDidomi: Didomi | undefined
  const didomiAt = (didomi: DidomiSettings) => {
    openedDidomi ??= closedToo(didomiOf(didomi, settings.reading.regulations, { log, progress, version, clock }))
    return openedDidomi
  }
  const { source, archive, didomi } = settings
  try {
    return {
      exports: closedToo(await openStoreAt(source.location, clock)),
      ...(archive && { archive: closedToo(await openSinkAt(archive.to, clock)) }),
      ...(didomi?.checkExportLog && {
        exportLog: { exportLog: (exportId, signal) => didomiAt(didomi).exportLog(exportId, signal) },
      }),
      store,
      ...(store.leaseLost && { leaseLost: store.leaseLost }),
      clock,
      log,
      progress,
      openDataverse: (target) => {
        const dataverse =
          dataverses.get(target.name) ?? closedToo(dataverseOf(target, { log, progress, version, clock }))
        dataverses.set(target.name, dataverse)
        return dataverse
      },
      openDidomi: didomiAt,
      openArchive: async ({ to }) => closedToo(await openStoreAt(to, clock)),
      beginRun: async (id, job) => {
        const run = new RunInTheMaking(id, clock, log, job)
        await store.beginRun({ id, job, startedAt: run.startedAt })
        return run
      },
      close,
    }
  } catch (error) {
    await close()
    throw error
  }
}

type Closer = () => Promise<void>

/** What holds sockets is closed by whoever opened it; a folder holds none. */
type Closable<T> = T & { close?(): void }

/** The store, with its lease. PostgreSQL's driver is loaded only where it is needed. */
export async function openStateStore(
  settings: StoreSettings,
  clock: Clock,
): Promise<Store & { readonly leaseLost?: AbortSignal }> {
  switch (settings.kind) {
    case 'sqlite':
      return openSqliteStore(settings.sqlite, clock)
    case 'postgres': {
      const { openPostgresStore } = await import('./store/postgres.ts')
      return openPostgresStore(settings, clock)
    }
  }
}

/** The objects at a location, for reading. The client of a cloud is loaded only where it is needed: that takes a while. */
export async function openStoreAt(location: LocationSettings, clock: Clock): Promise<Closable<ObjectStore>> {
  switch (location.kind) {
    case 'directory':
      return openDirectory(location.directory)
    case 's3': {
      const { openS3 } = await import('./source/s3.ts')
      return openS3({ ...location, clock })
    }
    case 'gcs': {
      const { openGcs } = await import('./source/gcs.ts')
      return openGcs({ ...location, clock })
    }
  }
}

/** The same, for writing. */
export async function openSinkAt(location: LocationSettings, clock: Clock): Promise<Closable<ObjectSink>> {
  switch (location.kind) {
    case 'directory':
      return openDirectorySink(location.directory)
    case 's3': {
      const { openS3Sink } = await import('./source/s3-sink.ts')
      return openS3Sink({ ...location, clock })
    }
    case 'gcs': {
      const { openGcsSink } = await import('./source/gcs-sink.ts')
      return openGcsSink({ ...location, clock })
    }
  }
}

function dataverseOf(target: TargetSettings, { log, progress, version, clock = systemClock }: World): OpenDataverse {
  return openDataverse({
    apiRoot: target.instance.root,
    authentication: target.authentication,
    userAgent: `didomi-dataverse/${version}`,
    concurrency: target.concurrency,
    batchRows: target.batchRows,
    batchTargetMs: target.batchTargetMs,
    writes: target.writes,
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
