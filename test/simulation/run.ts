/** One process of the product in a simulation: opened on its folder, run once, and closed or dead. */

import { sync } from '../../jobs/sync.ts'
import { fingerprints } from '../../src/config/fingerprint.ts'
import type { Settings } from '../../src/config/settings.ts'
import type { Reply } from '../../src/dataverse/send.ts'
import type { World } from '../../src/emulator/world.ts'
import type { Clock } from '../../src/lib/clock.ts'
import { silentLog } from '../../src/lib/log.ts'
import { noProgress } from '../../src/lib/progress.ts'
import type { RunReport } from '../../src/report/run-report.ts'
import { openPorts, type Ports } from '../../src/wire.ts'
import { type Chaos, stepwise } from './chaos.ts'
import { connect, type SimClock } from './environment.ts'

export interface Place {
  readonly settings: Settings
  readonly world: World
  /** Where the world is behind a socket. */
  readonly url?: string
  readonly token: string
  readonly clock: SimClock
  /** By how much our own clock is wrong. */
  readonly skewMs?: number
  readonly random: () => number
  /** Answers about tables and columns, where many worlds have the same. */
  readonly metadata?: Map<string, Reply>
}

export interface RunWishes {
  readonly run: string
  readonly from?: string
  readonly to?: string
}

/** The report of a run that came to its end, or why it has none. */
export type RunEnd =
  | { readonly kind: 'report'; readonly report: RunReport }
  | { readonly kind: 'died'; readonly error: unknown }

/** Runs `sync` once as a process of its own would, with this luck. The store's file is closed as a dead process leaves it. */
export async function runOnce(place: Place, wishes: RunWishes, chaos: Chaos): Promise<RunEnd> {
  const { settings, skewMs = 0 } = place
  const clock: Clock = { ...place.clock, now: () => place.clock.now() + skewMs }
  const own = await openPorts(settings, { log: silentLog, progress: noProgress, version: 'simulation', clock })
  const dataverse = connect({ ...place, clock }, chaos)
  const store = stepwise(own.store, chaos, 'store')
  const ports: Ports = {
    ...own,
    store,
    exports: stepwise(own.exports, chaos, 'source'),
    openDataverse: () => dataverse,
    beginRun: (id, job) => chaos.step('store', 'beginRun', () => own.beginRun(id, job)),
  }
  try {
    return {
      kind: 'report',
      report: await sync(ports, settings, requestOf(settings, wishes), new AbortController().signal),
    }
  } catch (error) {
    return { kind: 'died', error }
  } finally {
    await dataverse.close()
    await own.close()
  }
}

function requestOf(settings: Settings, { run, from, to }: RunWishes) {
  const shapes = fingerprints(settings)
  const { source, reading, targets, rejects, retention, store } = settings
  return {
    run,
    ingest: {
      discovery: { prefix: source.prefix, successMarker: source.successMarker },
      reading: { reading, maxExpansion: 1_000 },
      workers: 1,
      archived: false,
      selection: { ...(from && { from }), ...(to && { to }) },
      targets: targets.map(({ name }) => name),
      rejectsMaxRatio: rejects.maxRatio,
      alarmAfterDays: retention.alarmAfterDays,
      spillFolder: `${store.sqlite}.spill`,
    },
    deliver: new Map(
      targets.map(({ name }) => [name, { run, adoptEnvironment: false, fingerprint: shapes.delivery[name] ?? '' }]),
    ),
    strict: false,
  }
}
