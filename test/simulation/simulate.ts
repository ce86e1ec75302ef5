/** One seeded world from its first day to its last: what happened in it, and what is left of it at the end. */

import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Settings } from '../../src/config/settings.ts'
import type { Emulator } from '../../src/emulator/emulator.ts'
import type { World } from '../../src/emulator/world.ts'
import { below, type Chance, chanceOf } from '../support/sync-world.ts'
import { Backup, type Restore } from './backup.ts'
import { Chaos, type Fate } from './chaos.ts'
import { CONSENTS, MAPPED, seedOf, settingsFor, VALUES } from './common.ts'
import { openEnvironment, type SimClock, serveEnvironment, simClock, tokenOf } from './environment.ts'
import { choose, type Line, layPartition } from './export-days.ts'
import { type Population, populate } from './population.ts'
import { refusedPlaces } from './refused-places.ts'
import { type Place, type RunEnd, runOnce } from './run.ts'
import { troublesOf } from './trouble.ts'

const BEGIN = Date.parse('2026-03-01T00:00:00Z')
const DAY = 24 * 3_600_000

/** How hard a seed is: how often a step fails, and how often a process dies. */
export interface Hardship {
  readonly mishap: number
  readonly kill: number
  readonly faults: number
}

export const HARD: Hardship = { mishap: 0.01, kill: 0.004, faults: 0.5 }

/** A line, the date of its partition, and the number of the first run that found it sealed. */
export interface ExportedLine {
  readonly line: Line
  readonly date: string
  run: number | undefined
}

/** What happened in a world, for an oracle that knows nothing of how it came about. */
export interface Story {
  readonly seed: number
  readonly mode: 'contact' | 'consent'
  readonly events: 'complete' | 'sparse'
  readonly population: Population
  /** Every line that was ever exported, in the order of its making, with the run that could read it first. */
  readonly lines: readonly ExportedLine[]
  readonly world: World
  /** When contacts were made that were not there from the beginning, by id. */
  readonly madeAt: ReadonlyMap<string, string>
  readonly clock: SimClock
  readonly settings: Settings
  readonly ends: readonly EndedRun[]
  /** The last runs, in calm: how many it took until nobody was due, and how many rows another one wrote. */
  readonly calmRuns: number
  readonly writesOfRepeat: number
  readonly dueAtEnd: number
  /** How often two processes held the store at once. */
  readonly together: number
  /** Where Dataverse would not have a row at the end, in the oracle's words. */
  readonly refused: readonly string[]
  /** The night on which the environment went back to an earlier one, and whether a run found proof of it. */
  readonly restore?: Restore & { readonly proven: boolean }
}

/** One run: when it began and ended by everybody's clock, what it said, what went wrong in it. */
export interface EndedRun {
  readonly run: string
  readonly startedMs: number
  readonly endedMs: number
  readonly end: RunEnd
  readonly mishaps: readonly string[]
  /** It read a range again, and everybody of it afresh (semantics §8.3). */
  readonly full: boolean
}

/** Lives one seed to its end in a folder of its own, which `judge` may still look into; it is removed afterwards. */
export async function simulate(
  seed: number,
  hardship: Hardship,
  judge: (story: Story) => Promise<void>,
  behind: 'exchange' | 'socket' = 'exchange',
): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'simulation-'))
  let life: Life | undefined
  try {
    await mkdir(join(folder, 'export'), { recursive: true })
    life = await Life.begin(seed, hardship, folder, behind)
    for (let day = 0; day < life.days; day += 1) await life.live(day)
    await judge(await life.end())
  } finally {
    await life?.close()
    await rm(folder, { recursive: true, force: true })
  }
}

class Life {
  readonly days: number
  readonly #seed: number
  readonly #chance: Chance
  readonly #hardship: Hardship
  readonly #folder: string
  readonly #mode: 'contact' | 'consent'
  readonly #events: 'complete' | 'sparse'
  readonly #population: Population
  readonly #place: Place & { readonly clock: SimClock }
  readonly #served: Emulator | undefined
  readonly #lines: ExportedLine[] = []
  readonly #byDay: Line[][] = []
  readonly #unsealed = new Set<number>()
  readonly #ends: EndedRun[] = []
  readonly #madeAt = new Map<string, string>()
  readonly #backup: Backup
  #restore: (Restore & { readonly proven: boolean }) | undefined
  #together = 0
  #poisoned = false

  private constructor(parts: {
    seed: number
    chance: Chance
    hardship: Hardship
    folder: string
    mode: 'contact' | 'consent'
    events: 'complete' | 'sparse'
    population: Population
    place: Place
    served: Emulator | undefined
  }) {
    this.#seed = parts.seed
    this.#chance = parts.chance
    this.#hardship = parts.hardship
    this.#folder = parts.folder
    this.#mode = parts.mode
    this.#events = parts.events
    this.#population = parts.population
    this.#place = parts.place
    this.#served = parts.served
    const days = 2 + below(parts.chance, 4)
    this.#backup = new Backup(parts.mode, days, chanceOf(parts.seed + 2))
    this.days = days + this.#backup.moreDays
  }

  static async begin(seed: number, hardship: Hardship, folder: string, behind: 'exchange' | 'socket'): Promise<Life> {
    const chance = chanceOf(seed)
    const mode = chance() < 0.5 ? 'contact' : 'consent'
    const events = chance() < 0.5 ? 'complete' : 'sparse'
    const population = populate(chance)
    const clock = simClock(BEGIN)
    const served = behind === 'socket' ? await serveEnvironment(seedOf(population), clock) : undefined
    const world = served?.world ?? openEnvironment(seedOf(population), clock)
    const settings = await settingsFor(mode, events, folder)
    const random = chanceOf(seed + 1)
    const skewMs = Math.floor((chance() - 0.5) * 600_000)
    return new Life({
      seed,
      chance,
      hardship,
      folder,
      mode,
      events,
      population,
      place: {
        settings,
        world,
        clock,
        skewMs,
        random,
        token: await tokenOf(world, served?.url),
        ...(served && { url: served.url }),
      },
      served,
    })
  }

  /** A day: choices and edits in the order of their times, then the night's delivery and its runs. */
  async live(day: number): Promise<void> {
    const { clock } = this.#place
    const doings = [
      ...this.#population.devices.flatMap((device) => (this.#chance() < 0.5 ? [() => this.#chooses(day, device)] : [])),
      ...Array.from({ length: below(this.#chance, 4) }, () => () => this.#editsSomething()),
      ...(this.#chance() < 0.4 ? [() => this.#makesNewcomer()] : []),
    ]
    const timed = doings.map((act) => ({ act, at: BEGIN + day * DAY + Math.floor(this.#chance() * 20 * 3_600_000) }))
    timed.sort((a, b) => a.at - b.at)
    for (const { act, at } of timed) {
      clock.advanceTo(at)
      act()
    }
    clock.advanceTo(BEGIN + day * DAY + 22 * 3_600_000)
    await this.#deliverExports(day)
    await this.#passBackup(day)
    for (let runs = 1 + below(this.#chance, 2); runs > 0; runs -= 1) {
      const repair = this.#chance() < 0.12 ? { from: dateOf(0), to: dateOf(day) } : {}
      const run = this.#run(`day-${day}-${runs}`, this.#fortune(), this.#chance() < this.#hardship.faults, repair)
      if (this.#chance() < 0.1) await this.#overlaps(run)
      await run
    }
  }

  /** Calm at last: everything is delivered, runs go on until nobody is due, and one more writes nothing. */
  async end(): Promise<Story> {
    const { world, clock, settings } = this.#place
    for (let day = 0; day < this.#byDay.length; day += 1) {
      if (this.#unsealed.has(day)) await this.#lay(day, true)
    }
    await this.#passBackup(this.days)
    let calmRuns = 0
    let due = 1
    while (due > 0 && calmRuns < 6) {
      calmRuns += 1
      clock.advanceTo(clock.now() + 3_600_000)
      const end = await this.#run(`calm-${calmRuns}`, undefined, false)
      due = end.kind === 'report' ? end.report.deliver.reduce((sum, { deferred }) => sum + deferred, 0) : 1
      if (end.kind === 'report' && end.report.failures.length > 0) due = 1
    }
    const before = world.journal().length
    clock.advanceTo(clock.now() + 3_600_000)
    await this.#run('repeat', undefined, false)
    return {
      seed: this.#seed,
      mode: this.#mode,
      events: this.#events,
      population: this.#population,
      lines: this.#lines,
      world,
      madeAt: this.#madeAt,
      clock,
      settings,
      ends: this.#ends,
      calmRuns,
      writesOfRepeat: world.journal().length - before,
      dueAtEnd: due,
      together: this.#together,
      refused: this.#poisoned ? await refusedPlaces(settings, clock) : [],
      ...(this.#restore && { restore: this.#restore }),
    }
  }

  close(): Promise<void> | undefined {
    return this.#served?.close()
  }

  /** A run in calm follows a restore: its report tells whether proof was found. */
  async #passBackup(day: number): Promise<void> {
    const restore = await this.#backup.pass(day, this.#place)
    if (restore === undefined) return
    const end = await this.#run('restored', undefined, false)
    const proven = end.kind === 'report' && end.report.deliver.some(({ restored }) => restored)
    this.#restore = { ...restore, proven }
  }

  #chooses(day: number, device: Population['devices'][number]): void {
    const line = choose(device, new Date(this.#place.clock.now()).toISOString(), this.#events, this.#chance)
    this.#lines.push({ line, date: dateOf(day), run: undefined })
    this.#byDay[day] = [...(this.#byDay[day] ?? []), line]
    // A line of an earlier day may come once more with a later one.
    const old = this.#lines[below(this.#chance, this.#lines.length)]
    if (old !== undefined && this.#chance() < 0.15) this.#byDay[day]?.push(old.line)
  }

  /** Somebody in Dynamics changes a mapped value, or saves a contact without touching any. */
  #editsSomething(): void {
    const { world } = this.#place
    const rows = world.rows(this.#mode === 'contact' || this.#chance() < 0.2 ? 'contact' : CONSENTS)
    const row = rows[below(this.#chance, rows.length)]
    if (row === undefined) return
    if (row['contactid'] !== undefined) {
      const column = Object.values(MAPPED.contact)[below(this.#chance, 2)] ?? ''
      const changes =
        this.#chance() < 0.3 ? { lastname: `x${below(this.#chance, 9)}` } : { [column]: this.#chance() < 0.5 }
      world.edit('contact', String(row['contactid']), changes)
    } else {
      const id = String(row[`${CONSENTS}id`])
      const value = this.#chance() < 0.5 ? VALUES.in : VALUES.out
      if (this.#chance() < 0.05) world.delete(CONSENTS, id)
      else world.edit(CONSENTS, id, { msdynmkt_value: value })
    }
  }

  #makesNewcomer(): void {
    const made = new Set(this.#place.world.rows('contact').map(({ contactid }) => contactid))
    const next = this.#population.newcomers.find(({ contactid }) => !made.has(contactid))
    if (next === undefined) return
    const { world, clock } = this.#place
    world.seed({ rows: { contacts: [{ ...next }] } })
    this.#madeAt.set(next.contactid, new Date(clock.now()).toISOString())
  }

  /** Today's partition, perhaps unsealed for now; yesterday's that is late; one that is delivered again. */
  async #deliverExports(day: number): Promise<void> {
    this.#byDay[day] ??= []
    for (const late of [...this.#unsealed]) {
      if (this.#chance() < 0.6) {
        await this.#lay(late, true)
        this.#unsealed.delete(late)
      }
    }
    const sealed = this.#chance() < 0.8
    if (!sealed) this.#unsealed.add(day)
    await this.#lay(day, sealed)
    const again = below(this.#chance, day + 1)
    if (again < day && !this.#unsealed.has(again) && this.#chance() < 0.2) {
      await this.#lay(again, true)
    }
  }

  async #lay(day: number, sealed: boolean): Promise<void> {
    const lines = this.#byDay[day] ?? []
    await layPartition(this.#folder, dateOf(day), lines, sealed, this.#chance)
    if (!sealed) return
    const laid = new Set(lines)
    for (const each of this.#lines) if (laid.has(each.line)) each.run ??= this.#ends.length
  }

  /** A second process beside one that runs is turned away at the store, and does nothing. */
  async #overlaps(running: Promise<RunEnd>): Promise<void> {
    const second = runOnce(this.#place, { run: 'overlapping' }, new Chaos())
    const [turnedAway] = await Promise.allSettled([second, running])
    if (turnedAway.status === 'fulfilled') this.#together += 1
  }

  async #run(
    run: string,
    fortune: ((n: number) => Fate) | undefined,
    withFaults: boolean,
    repair: { readonly from?: string; readonly to?: string } = {},
  ): Promise<RunEnd> {
    const chaos = new Chaos(fortune)
    const { world, clock } = this.#place
    const troubles = withFaults ? troublesOf(this.#mode, world, this.#chance) : []
    this.#poisoned ||= troubles.some(({ action }) => action.kind === 'poison-row')
    world.addFaults(troubles)
    // Dataverse tells whole seconds: a run that began within one would seem to have written before it.
    clock.advanceTo(Math.ceil(clock.now() / 1_000) * 1_000)
    const startedMs = clock.now()
    const end = await runOnce(this.#place, { run, ...repair }, chaos)
    world.clearFaults()
    const full = repair.from !== undefined
    this.#ends.push({ run, startedMs, endedMs: clock.now(), end, mishaps: chaos.mishaps, full })
    clock.advanceTo(clock.now() + 1_000)
    return end
  }

  #fortune(): (n: number) => Fate {
    const { mishap, kill } = this.#hardship
    return () => {
      const luck = this.#chance()
      if (luck < kill) return this.#chance() < 0.5 ? 'kill-before' : 'kill-after'
      return luck < kill + mishap ? (this.#chance() < 0.5 ? 'before' : 'after') : 'fine'
    }
  }
}

const dateOf = (day: number): string => new Date(BEGIN + day * DAY).toISOString().slice(0, 10)
