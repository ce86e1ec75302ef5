/** Settings → ports: the only file that names an adapter. */

import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type {
  ArchiveSettings,
  DidomiSettings,
  LocationSettings,
  PostgresStoreSettings,
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
import { noObserver, type Observer } from './observe/observer.ts'
import type { OtelOptions } from './observe/otel.ts'
import { type Environment, otelWishes } from './observe/otel-environment.ts'
import type { Readings } from './observe/readings.ts'
import { RunInTheMaking } from './report/run.ts'
import type { Job } from './report/run-report.ts'
import type { ReceivingInbox } from './reverse/inbox.ts'
import { openDirectory } from './source/directory.ts'
import { openDirectorySink } from './source/directory-sink.ts'
import type { ObjectSink } from './source/object-sink.ts'
import type { ObjectStore } from './source/object-store.ts'
import { observedSink, observedStore } from './source/observed.ts'
import type { StoreLook } from './store/glance.ts'
import type { MigrationFile } from './store/migration-file.ts'
import type { PlannedRows } from './store/planned-rows.ts'
import type { PostgresStore, StoreWishes } from './store/postgres.ts'
import { openSqliteStore } from './store/sqlite.ts'
import { backUpSqliteStore, type Restored, restoreSqliteStore } from './store/sqlite-backup.ts'
import { checkSqliteStore } from './store/sqlite-check.ts'
import { copySqliteFile } from './store/sqlite-copy.ts'
import { lookAtSqlite } from './store/sqlite-glance.ts'
import { openSqliteInbox } from './store/sqlite-inbox.ts'
import { filesBeginning, openSqliteMigrationFile, removeMigrationFile } from './store/sqlite-migration-file.ts'
import { openSqlitePlannedRows } from './store/sqlite-planned-rows.ts'
import type { Store } from './store/store.ts'
import type { StoreCheck } from './store/store-rules.ts'
import type { SharedKeys, Work } from './work/work.ts'

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
  /** Aborted when what is in flight is waited for no longer; absent where it is not waited for at all. */
  readonly abandoned?: AbortSignal
  /** Where reports are put besides their folder, opened by the first call; absent where none is configured. */
  readonly openReportSink?: () => Promise<ObjectSink>
  /** What the pods of a job share out; absent where this process has the store alone. */
  readonly pods?: { readonly work: Work; readonly keys: SharedKeys }
  /** Resolves once nothing of a process that held the store before can be under way; absent where it ends with its process. */
  readonly quiet?: (signal: AbortSignal) => Promise<void>
  readonly clock: Clock
  readonly log: Log
  readonly progress: Progress
  /** Absent where nobody looks on from outside. */
  readonly observer?: Observer
  readonly openDataverse: (target: TargetSettings) => Dataverse
  /** The same one each time; who opens the ports closes it with them. */
  readonly openDidomi: (didomi: DidomiSettings) => Didomi
  /** An archive for reading, as a source. */
  readonly openArchive: (archive: ArchiveSettings) => Promise<ObjectStore>
  /** A migration's own file: one that is `kept` from run to run for a target, or one for this run alone. */
  readonly openMigrationFile: (target: string, kept: boolean) => Promise<MigrationFile>
  /** The targets whose migrations left a file here; what a killed plan left is deleted on the way. */
  readonly migrationsKept: () => Promise<string[]>
  readonly beginRun: (id: string, job: Job) => Promise<RunInTheMaking>
}

/** One of the processes that do a job together. */
export interface Pod {
  readonly job: string
  /** Its number among them, from 0. */
  readonly index: number
}

export interface World {
  /** Absent where this process is alone. */
  readonly pod?: Pod
  readonly log: Log
  readonly progress: Progress
  /** Absent where nobody looks on from outside. */
  readonly observer?: Observer
  readonly version: string
  readonly clock?: Clock
  /** Opens the store; absent: the one of the settings, with its lease. */
  readonly openStore?: () => Promise<LeasedStore>
}

/**
 * Opens the store (and takes its lease); everything else asks nobody before it is first used. Closing closes all that
 * was opened; the store last, since its lease keeps others away.
 */
export async function openPorts(settings: Settings, world: World): Promise<Ports & { close(): Promise<void> }> {
  const { log, progress, observer, clock = systemClock, pod, openStore } = world
  // What a process before this one may still have under way has at most the time of one request.
  const requestMs = Math.max(...settings.targets.map(({ timeoutMs }) => timeoutMs))
  const store = await (openStore?.() ??
    openStateStore(settings.store, clock, { requestMs, ...(pod && { job: pod.job }) }))
  const closers: Closer[] = [() => store.close()]
  const close = async () => {
    for (const closeOne of closers.splice(0).reverse()) await closeOne()
  }
  const closedToo = <T extends { close?(): void | Promise<void> }>(port: T): T => {
    closers.push(async () => port.close?.())
    return port
  }
  const storeAt = async (at: LocationSettings) => observedStore(closedToo(await openStoreAt(at, clock)), observer)
  const sinkAt = async (at: LocationSettings) => observedSink(closedToo(await openSinkAt(at, clock)), observer)
  const dataverses = new Map<string, Dataverse>()
  let openedDidomi: Didomi | undefined
  const didomiAt = (didomi: DidomiSettings) => {
    openedDidomi ??= closedToo(didomiOf(didomi, settings.reading.regulations, world))
    return openedDidomi
  }
  const { source, archive, didomi, report } = settings
  const { to: reportsTo } = report
  try {
    return {
      exports: await storeAt(source.location),
      ...(archive && { archive: await sinkAt(archive.to) }),
      ...(didomi?.checkExportLog && {
        exportLog: { exportLog: (exportId, signal) => didomiAt(didomi).exportLog(exportId, signal) },
      }),
      ...(reportsTo && { openReportSink: () => sinkAt(reportsTo) }),
      store,
      ...(store.leaseLost && { leaseLost: store.leaseLost }),
      ...(store.pods && { pods: store.pods }),
      ...(store.quiet && { quiet: quietly(store.quiet, { log, progress }) }),
      clock,
      log,
      progress,
      ...(observer && { observer }),
      openDataverse: (target) => {
        const dataverse = dataverses.get(target.name) ?? closedToo(openTarget(target, world, store.checkLease))
        dataverses.set(target.name, dataverse)
        return dataverse
      },
      openDidomi: didomiAt,
      openArchive: ({ to }) => storeAt(to),
      ...migrationFiles(settings.store),
      beginRun: async (id, job) => {
        const run = new RunInTheMaking(id, clock, log, job, observer)
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

function migrationFiles(settings: StoreSettings): Pick<Ports, 'openMigrationFile' | 'migrationsKept'> {
  return {
    openMigrationFile: async (target, kept) => openSqliteMigrationFile(migrationPath(settings, target, kept), { kept }),
    migrationsKept: async () => {
      removeMigrationFile(migrationPath(settings, '', false))
      return filesBeginning(migrationPath(settings, '', true))
    },
  }
}

/** Beside an embedded store; where the store is elsewhere, in the folder for what is on its way. */
function migrationPath({ sqlite, spillFolder }: StoreSettings, target: string, kept: boolean): string {
  return `${sqlite ?? join(spillFolder, 'store')}.${kept ? `migration-${target}` : 'migrating'}`
}

type Closer = () => Promise<void>

/** What holds sockets is closed by whoever opened it; a folder holds none. */
type Closable<T> = T & { close?(): void }

/** A store with its lease, which ends with the process where it has no members of its own. */
type LeasedStore = Store & Partial<Pick<PostgresStore, 'leaseLost' | 'checkLease' | 'quiet' | 'pods'>>

/** The store, with its lease. PostgreSQL's driver is loaded only where it is needed. */
export async function openStateStore(
  settings: StoreSettings,
  clock: Clock,
  wishes: StoreWishes = {},
): Promise<LeasedStore> {
  switch (settings.kind) {
    case 'sqlite':
      return openSqliteStore(settings.sqlite, clock)
    case 'postgres': {
      const { openPostgresStore } = await import('./store/postgres.ts')
      return openPostgresStore(settings, clock, { leaseMs: settings.leaseMs, ...wishes })
    }
  }
}

/**
 * A copy of the store, also while a run has it: a file at `path`, or in PostgreSQL temporary tables. Where there is no
 * store yet, an empty file. @throws CodedError `store-copy-forbidden`, `store-unusable`; `lease-held` where a run leaves
 * no moment for it
 */
export async function openStoreCopy(settings: StoreSettings, path: string, clock: Clock): Promise<Store> {
  if (settings.kind === 'postgres') {
    const { openPostgresCopy } = await import('./store/postgres-copy.ts')
    const copy = await openPostgresCopy(settings, clock)
    if (copy !== undefined) return copy
  } else if (existsSync(settings.sqlite)) {
    await copySqliteFile(settings.sqlite, path)
  }
  return openSqliteStore(path, clock)
}

/** The inbox beside the store; it has nothing to do with the store's lease. */
export async function openInbox(settings: StoreSettings, clock: Clock): Promise<ReceivingInbox> {
  switch (settings.kind) {
    case 'sqlite':
      return openSqliteInbox(`${settings.sqlite}.inbox`)
    case 'postgres': {
      const { openPostgresInbox } = await import('./store/postgres-inbox.ts')
      return openPostgresInbox(settings, clock)
    }
  }
}

/** Waits, and says so: whoever looks on would take it for a run that hangs. */
function quietly(
  quiet: PostgresStore['quiet'],
  { log, progress }: Pick<World, 'log' | 'progress'>,
): (signal: AbortSignal) => Promise<void> {
  return (signal) =>
    quiet(signal, (waitMs) => {
      log.warn({ waitMs }, 'a process before this one ended without a word: waiting until its last request has ended')
      progress.waiting('the last request of a process that ended without a word', waitMs)
    })
}

/** What is done with a store that is not opened: it may be damaged, or in a run's hands. */
export interface StoreFiles {
  check(path: string): Promise<StoreCheck>
  checkPostgres(settings: PostgresStoreSettings): Promise<StoreCheck>
  backUp(path: string, to: string): Promise<StoreCheck>
  restore(from: string, path: string, force: boolean): Promise<Restored>
}

export const storeFiles: StoreFiles = {
  check: checkSqliteStore,
  checkPostgres: async (settings) => (await import('./store/postgres-check.ts')).checkPostgresStore(settings),
  backUp: backUpSqliteStore,
  restore: (from, path, force) => restoreSqliteStore(from, path, { force, now: systemClock.now }),
}

/** Where a plan keeps what it would have written, in a file that is not there yet. */
export const openPlannedRows: (path: string) => PlannedRows = openSqlitePlannedRows

/** A way to look at the store without its lease. */
export async function lookAtStore(settings: StoreSettings): Promise<StoreLook> {
  if (settings.kind === 'sqlite') return lookAtSqlite(settings.sqlite)
  return (await import('./store/postgres-glance.ts')).lookAtPostgres(settings)
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

/** A target's environment; nothing is sent before the first call. `permit` throws where nothing may be written any more. */
export function openTarget(
  target: TargetSettings,
  { log, progress, observer, version, clock = systemClock, pod }: World,
  permit?: () => void,
): OpenDataverse {
  const { authentication } = target
  return openDataverse({
    apiRoot: target.instance.root,
    // Limits are counted per user: each pod has one of its own, as far as there are as many.
    authentication: authentication.filter((_, user) => pod === undefined || user === pod.index % authentication.length),
    ...(permit && { permit }),
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
    ...(observer && { observed: { observer, target: target.name } }),
  })
}

/** Didomi's API; the first call opens the session. */
export function didomiOf(
  { organizationId, key, secret, apiRoot, exportLogUrl }: DidomiSettings,
  regulations: readonly string[],
  { progress, observer, version, clock = systemClock }: World,
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
    ...(observer && { observer }),
    onWait: ({ what, waitMs, why }) => progress.waiting(`Didomi: ${what}: ${why}`, waitMs),
  })
}

/**
 * Whoever looks on from outside, by the standard variables of OpenTelemetry; without them nothing of it is loaded. What
 * they ask for in vain is told and nothing more: telemetry keeps no run from its work.
 */
export async function openObserver(
  env: Environment,
  options: OtelOptions,
): Promise<Observer & { close(): Promise<void> }> {
  const blind = { ...noObserver, readings: options.readings, close: async () => {} }
  const wishes = otelWishes(env)
  for (const complaint of wishes.complaints) options.log.warn({}, complaint)
  if (wishes.traces === undefined && wishes.metrics === undefined) return blind
  try {
    const { openOtel } = await import('./observe/otel.ts')
    return await openOtel(wishes, options)
  } catch {
    options.log.warn({}, 'OTEL_*: OpenTelemetry cannot begin with these variables; nothing is sent')
    return blind
  }
}

/** Writes the metrics of a command to its text file; `undefined` where none is configured. */
export function metricsWriter(
  { metrics }: Pick<Settings, 'metrics'>,
  readings: Readings,
  command: string,
  pod: number | undefined,
): (() => Promise<void>) | undefined {
  const { textFile, labels } = metrics
  if (textFile === undefined) return undefined
  return async () => {
    const { textFileOf, writeTextFile } = await import('./observe/text-file.ts')
    const own = pod === undefined ? labels : { ...labels, pod: String(pod) }
    await writeTextFile(textFileOf(textFile, command, pod), readings, own)
  }
}
