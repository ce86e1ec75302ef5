/** Kill the process at any moment and run again: Dataverse and store end as if nothing had happened (semantics §8.4). */

import { randomInt } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  drawKind,
  drawPoint,
  type Extent,
  KILL_KINDS,
  type KillKind,
  repeatedRequests,
  runMeasured,
  strike,
} from '../support/sync-kill.ts'
import {
  type Control,
  consentTarget,
  contactTarget,
  openPlace,
  type Place,
  type RunResult,
  startEmulatorProcess,
} from '../support/sync-run.ts'
import {
  differences,
  duplicateSlots,
  environmentContent,
  type StoreContent,
  storeContent,
} from '../support/sync-store.ts'
import {
  below,
  type Chance,
  CONSENT_MAPPINGS,
  CONSENTS,
  CONTACT_MAPPINGS,
  CONTACT_OPTIONS,
  chanceOf,
  type Population,
  populationOf,
} from '../support/sync-world.ts'

const KILLS = Number(process.env['KILLS'] ?? 200)
/** Two runs at a time, each with its own environment: the machine's cores, not the number of runs, set the time. */
const LANES = 2
const KILLS_PER_WORLD = 10
/** About six minutes on an idle machine of two cores: most of it is Node reading the program again. */
const LIMIT_MS = 1_200_000
const CONCURRENCY = 2
const BATCH_ROWS = 4
/** Drawn anew each time; a failure prints it, and `KILL_SEED` brings it back. */
const SEED = Number(process.env['KILL_SEED'] ?? randomInt(2 ** 31))

/** How a world differs from the others. */
interface Scenario {
  readonly name: string
  readonly contested: boolean
  readonly first: 'contact' | 'consent'
  /** Are the days sealed one after another, between the kills? */
  readonly daily: boolean
}

const SCENARIOS: readonly Scenario[] = [
  { name: 'contested, contacts first', contested: true, first: 'contact', daily: false },
  { name: 'contested, consents first', contested: true, first: 'consent', daily: false },
  { name: 'day by day', contested: false, first: 'contact', daily: true },
]

const causesIn = ({ daily }: Scenario) => (daily ? 'values' : 'causes')

/** Set by the first failure: the other lane need not go on. */
let abandoned = false

type Emulator = Awaited<ReturnType<typeof startEmulatorProcess>>
let emulators: Emulator[] = []

beforeAll(async () => {
  emulators = await Promise.all(Array.from({ length: LANES }, startEmulatorProcess))
})
afterAll(async () => {
  for (const emulator of emulators) await emulator.close()
}, 60_000)

/** What a world must end as. */
interface Reference extends Extent {
  readonly store: StoreContent
  readonly environment: Readonly<Record<string, readonly string[]>>
  readonly created: number
}

interface World {
  readonly scenario: Scenario
  readonly population: Population
  readonly control: Control
  readonly place: Place
}

async function openWorld(control: Control, scenario: Scenario): Promise<World> {
  const population = populationOf(chanceOf(SEED), scenario.contested)
  await control.begin(population.seed)
  const place = await openPlace()
  for (const [index, day] of population.days.entries()) {
    await place.writeDay({ ...day, sealed: !scenario.daily || index === 0 })
  }
  const effort = { concurrency: CONCURRENCY, batchRows: BATCH_ROWS, brake: { share: 1, atLeast: 100_000 } }
  const { first } = scenario
  const contact = { ...effort, upsert: first === 'contact', entryOptions: CONTACT_OPTIONS }
  const targets = [
    contactTarget(control.url, CONTACT_MAPPINGS, contact),
    consentTarget(control.url, CONSENT_MAPPINGS, { ...effort, upsert: first === 'consent' }),
  ]
  await place.configure(first === 'contact' ? targets : targets.reverse())
  return { scenario, population, control, place }
}

async function sealAll({ population, place }: World): Promise<void> {
  for (const { date } of population.days) await place.seal(date)
}

/** The undisturbed run. */
async function referenceOf(control: Control, scenario: Scenario): Promise<Reference> {
  const world = await openWorld(control, scenario)
  try {
    await sealAll(world)
    const { result, extent } = await runMeasured(control, world.place)
    expect(result.exitCode, result.stderr).toBe(0)
    const { rowsCreated, notUnderstood } = await control.counters()
    expect(notUnderstood).toBe(0)
    return {
      ...extent,
      created: rowsCreated,
      store: storeContent(world.place.store),
      environment: await environmentContent(control, causesIn(scenario)),
    }
  } finally {
    await world.place.remove()
  }
}

interface Tally {
  kills: number
  between: number
  readonly kinds: Partial<Record<KillKind, number>>
}

/** Kills runs of one world until it has had enough or ends by itself, and compares. */
async function disturb(
  world: World,
  reference: Reference,
  wanted: number,
  chance: Chance,
  tally: Tally,
): Promise<void> {
  const { control, place, population, scenario } = world
  const told = [`seed ${SEED}, ${scenario.name}`]
  let kills = 0
  let last: RunResult | undefined
  const sealed = new Set(scenario.daily ? population.days.slice(0, 1) : population.days)
  while (kills < wanted) {
    const point = drawPoint(chance, drawKind(chance, tally.kinds), reference)
    const { result, between } = await strike(control, place, point)
    told.push(`${JSON.stringify(point)} ${result.signal ?? result.exitCode}`)
    if (result.signal === 'SIGKILL') {
      kills += 1
      tally.kinds[point.kind] = (tally.kinds[point.kind] ?? 0) + 1
      if (between) tally.between += 1
    } else {
      expect(result.exitCode, told.join('\n')).toBe(0)
      last = result
    }
    const next = population.days.find((day) => !sealed.has(day))
    if (next !== undefined && (last !== undefined || below(chance, 3) === 0)) {
      await place.seal(next.date)
      sealed.add(next)
      last = undefined
    } else if (last !== undefined) break
  }
  await sealAll(world)
  const end = await place.run()
  tally.kills += kills
  await compare(world, reference, end, kills, told.join('\n'))
}

async function compare(world: World, reference: Reference, end: RunResult, kills: number, told: string): Promise<void> {
  const { control, place, population, scenario } = world
  expect(end.exitCode, `${told}\n${end.stderr}`).toBe(0)
  expect(differences(await environmentContent(control, causesIn(scenario)), reference.environment), told).toEqual([])
  const { foreign, ...store } = storeContent(place.store)
  const { foreign: expected, ...rest } = reference.store
  expect(differences(store, rest), told).toEqual([])
  // What stood in the way of a day's choice depends on the day it was delivered.
  if (!scenario.daily) expect(differences({ foreign: foreign ?? [] }, { foreign: expected ?? [] }), told).toEqual([])
  expect(store['due'], told).toEqual([])

  const seeded = new Set(
    (population.seed.rows?.[CONSENTS] ?? []).map((row) => String(row['msdynmkt_contactpointconsent4id'])),
  )
  expect(await duplicateSlots(control, seeded), told).toEqual([])
  const counters = await control.counters()
  expect(counters.rowsCreated, told).toBe(reference.created)
  expect(counters.notUnderstood, told).toBe(0)
  expect(counters.repeatedWrites, told).toBeLessThanOrEqual(kills * CONCURRENCY * BATCH_ROWS)
  expect(repeatedRequests(await control.journal()).size, told).toBeLessThanOrEqual(kills * CONCURRENCY)
}

/** Worlds one after another until this many kills are made. */
async function lane(control: Control, number: number, kills: number): Promise<Tally> {
  const chance = chanceOf(SEED + number)
  const tally: Tally = { kills: 0, between: 0, kinds: {} }
  const rounds: { scenario: Scenario; reference: Reference }[] = []
  for (const scenario of SCENARIOS) rounds.push({ scenario, reference: await referenceOf(control, scenario) })
  for (let round = number; tally.kills < kills && !abandoned; round += 1) {
    const { scenario, reference } = rounds[round % rounds.length] ?? defect()
    const world = await openWorld(control, scenario)
    try {
      await disturb(world, reference, Math.min(KILLS_PER_WORLD, kills - tally.kills), chance, tally)
    } catch (error) {
      abandoned = true
      throw error
    } finally {
      await world.place.remove()
    }
  }
  return tally
}

function defect(): never {
  throw new Error('a round without a scenario')
}

describe('SIGKILL', () => {
  it(
    `§8.4 ${KILLS} kills at random points leave no trace: equal rows, equal store, no duplicate, hardly a request twice`,
    async () => {
      const lanes = await Promise.allSettled(
        emulators.map((emulator, number) => lane(emulator, number, Math.floor((KILLS + number) / LANES))),
      )
      const tallies = lanes.map((result) => {
        if (result.status === 'rejected') throw result.reason
        return result.value
      })
      const sum = (pick: (tally: Tally) => number) => tallies.reduce((total, tally) => total + pick(tally), 0)
      expect(sum(({ kills }) => kills)).toBe(KILLS)
      expect(sum(({ between }) => between)).toBeGreaterThan(0)
      for (const kind of KILL_KINDS) expect(sum(({ kinds }) => kinds[kind] ?? 0)).toBeGreaterThan(0)
    },
    LIMIT_MS,
  )
})
