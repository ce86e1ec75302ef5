/** The environment at a glance, as a value: what the page shows and `/__emulator/overview` answers. */
import { isoSeconds } from '../clock.ts'
import type { CounterFigures } from '../counters.ts'
import type { ArmedFault } from '../faults.ts'
import type { NotUnderstood } from '../not-understood.ts'
import type { SecondFigures, ThrottleFigures } from '../traffic.ts'
import type { World } from '../world.ts'
import { slice } from './slice.ts'

/** As far back as the chart goes. */
const CHART_SECONDS = 300
/** System jobs shown at most. */
const JOBS = 20

/** One table. */
export interface TableFigures {
  /** Logical name. */
  readonly name: string
  readonly displayName: string
  readonly entitySetName: string
  readonly rows: number
}

/** One delivery of a webhook, as its system job tells. */
export interface DeliveryFigures {
  readonly createdOn: string
  readonly step: string
  readonly table: string
  readonly message: string
  /** Status reason of the job in words. */
  readonly status: string
  /** Empty where it has not failed. */
  readonly failure: string
}

/** Everything at one moment. */
export interface Overview {
  /** ISO 8601, by the environment's clock. */
  readonly now: string
  readonly tables: readonly TableFigures[]
  readonly counters: CounterFigures
  /** The last five minutes, oldest first, in seconds of the environment. */
  readonly seconds: readonly SecondFigures[]
  /** With the user's name. */
  readonly throttles: readonly (ThrottleFigures & { readonly user: string })[]
  readonly faults: readonly ArmedFault[]
  /** The last 50, newest first. */
  readonly notUnderstood: readonly NotUnderstood[]
  readonly webhooks: {
    readonly waiting: number
    readonly inFlight: number
    /** The last 20, newest first. */
    readonly latest: readonly DeliveryFigures[]
  }
}

/** Looks and changes nothing. */
export function overview(world: World): Overview {
  const { state } = world
  const users = state.table('systemuser')
  const { waiting, inFlight } = world.webhooks.standing
  return {
    now: isoSeconds(state.clock.now()),
    tables: [...state.tables.values()].map(({ schema, size }) => ({
      name: schema.logicalName,
      displayName: schema.displayName,
      entitySetName: schema.entitySetName,
      rows: size,
    })),
    counters: world.counters(),
    seconds: state.traffic.series(world.timer.uptime(), CHART_SECONDS),
    throttles: state.traffic.throttles().map((each) => ({ ...each, user: nameOf(users.get(each.userId)) })),
    faults: state.faults.armed(),
    notUnderstood: state.notUnderstood.latest(),
    webhooks: { waiting, inFlight, latest: latestDeliveries(world) },
  }
}

function nameOf(user: Readonly<Record<string, unknown>> | undefined): string {
  return String(user?.['fullname'] ?? 'unknown user')
}

function latestDeliveries({ state }: World): DeliveryFigures[] {
  const jobs = state.table('asyncoperation')
  const statuses = jobs.schema.columns.get('statuscode')?.options ?? []
  return slice(jobs.all(), jobs.size - JOBS, JOBS)
    .reverse()
    .map((job) => ({
      createdOn: String(job['createdon']),
      step: String(job['name']),
      table: String(job['primaryentitytype']),
      message: String(job['messagename']),
      status: statuses.find(({ value }) => value === job['statuscode'])?.label ?? String(job['statuscode']),
      failure: String(job['message'] ?? ''),
    }))
}
