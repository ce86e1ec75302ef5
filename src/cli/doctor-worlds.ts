/** Opens what the doctor looks at: as a run would, but without the store's lease and with little patience. */

import type { DoctorWorlds } from '../../jobs/doctor.ts'
import type { DidomiSettings, Settings, TargetSettings } from '../config/settings.ts'
import type { InspectedDataverse } from '../dataverse/inspection.ts'
import { once, targetWorld } from '../doctor/target-world.ts'
import { unopened } from '../doctor/unopened.ts'
import { BOOTSTRAPPED_AT } from '../ingest/bookmarks.ts'
import { systemClock } from '../lib/clock.ts'
import { discoverPartitions } from '../source/discover.ts'
import { serverDate } from '../source/server-date.ts'
import { sourcesStanding } from '../source/standing.ts'
import { didomiOf, lookAtStore, openStoreAt, openTarget, type World } from '../wire.ts'

export interface DoctorRequest {
  /** Only these targets; without them, all. */
  readonly targets?: readonly string[]
  /** Rows of each sample; 0 takes none. */
  readonly sample: number
}

/** A run waits out a bad quarter of an hour; somebody who asks what is wrong wants to hear it. */
const LITTLE_PATIENCE = { retries: 2, timeoutMs: 30_000 }

const patient = (target: TargetSettings): TargetSettings => ({
  ...target,
  retries: Math.min(target.retries, LITTLE_PATIENCE.retries),
  timeoutMs: Math.min(target.timeoutMs, LITTLE_PATIENCE.timeoutMs),
})

/** The worlds, and the door to shut behind them. */
export function openDoctorWorlds(
  settings: Settings,
  { targets, sample }: DoctorRequest,
  world: World,
): DoctorWorlds & { close(): Promise<void> } {
  const { clock = systemClock } = world
  const closers: Array<() => void | Promise<void>> = []
  const closedToo = <T extends { close?(): void | Promise<void> }>(port: T): T => {
    closers.push(() => port.close?.())
    return port
  }
  const never = new AbortController().signal
  const look = once(() => lookAtStore(settings.store))
  const glanceOf = once(async () =>
    (await look('', never)).glance({
      targets: settings.targets.map(({ name }) => name),
      bookmarks: [BOOTSTRAPPED_AT],
      sample,
    }),
  )
  const glance = () => glanceOf('', never)
  const exportsAt = once(async () => closedToo(await openStoreAt(settings.source.location, clock)))
  const exports = () => exportsAt('', never)
  const { prefix, successMarker } = settings.source
  const discovery = once(async (_: '', signal) =>
    discoverPartitions(await exports(), { prefix, successMarker }, signal),
  )
  const didomi = once((didomi: DidomiSettings, signal) =>
    closedToo(didomiOf(didomi, settings.reading.regulations, world)).widgetIds(signal),
  )
  return {
    store: { place: async () => (await look('', never)).place(), glance, clock },
    source: {
      settings,
      clock,
      exports,
      archive: async ({ to }) => closedToo(await openStoreAt(to, clock)),
      discovery: (signal) => discovery('', signal),
      status: async (found) => {
        const read = await glance()
        const bootstrappedAt = read?.bookmarks.get(BOOTSTRAPPED_AT)
        const known = { partitions: read?.partitions ?? [], ...(bootstrappedAt !== undefined && { bootstrappedAt }) }
        return sourcesStanding(found, known, settings, clock.now())
      },
      hasRun: async () => ((await glance())?.runs ?? []).some(({ job }) => job === 'sync'),
      serverDate,
    },
    didomi: { settings, glance, widgetIds: didomi },
    targets: settings.targets
      .filter(({ name }) => targets?.includes(name) ?? true)
      .map((target) => {
        const dataverse = openedOr(target, () => closedToo(openTarget(patient(target), world)))
        return targetWorld({ target, settings, dataverse, clock, glance, sample })
      }),
    close: async () => {
      for (const close of closers.splice(0).reverse()) await close()
    },
  }
}

/** One target that cannot be opened must not hide what there is to say of the others. */
function openedOr(target: TargetSettings, open: () => InspectedDataverse): InspectedDataverse {
  try {
    return open()
  } catch (error) {
    return unopened(error, target.authentication.length)
  }
}
