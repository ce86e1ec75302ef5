/**
 * The whole delivery in one process: a real store and export folder, the real client over HTTP, an emulated Dataverse,
 * and one clock for all three that moves only when told to.
 */

import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { expect } from 'vitest'
import { sync } from '../../jobs/sync.ts'
import { csvMapOf } from '../../src/config/csv-map.ts'
import { fingerprints } from '../../src/config/fingerprint.ts'
import type { Settings } from '../../src/config/settings.ts'
import { personId } from '../../src/consent/person-id.ts'
import { joinTexts, stateOf, stateText } from '../../src/consent/state.ts'
import { type Emulator, startEmulator } from '../../src/emulator/emulator.ts'
import type { Fault, FaultMatch } from '../../src/emulator/faults.ts'
import type { JournalEntry } from '../../src/emulator/journal.ts'
import type { Row } from '../../src/emulator/table.ts'
import type { Clock } from '../../src/lib/clock.ts'
import { type Log, silentLog } from '../../src/lib/log.ts'
import { noProgress } from '../../src/lib/progress.ts'
import { keysMadeKnown } from '../../src/mapping/known-ids.ts'
import { parseUser } from '../../src/record/line.ts'
import type { DeliverReport } from '../../src/report/deliver-report.ts'
import type { RunReport } from '../../src/report/run-report.ts'
import { openPorts, type Ports } from '../../src/wire.ts'
import { BEGIN, CONSENTS, lineOf, type Saying } from './deliver-samples.ts'
import { settingsOf, type WorldDraft } from './deliver-settings.ts'

export interface WorldClock extends Clock {
  readonly slept: number[]
  advance(ms: number): void
}

function worldClock(): WorldClock {
  let ms = 0
  const slept: number[] = []
  return {
    slept,
    advance: (by) => {
      ms += by
    },
    now: () => Date.parse(BEGIN) + ms,
    monotonic: () => ms,
    sleep: async (waitMs, signal) => {
      signal?.throwIfAborted()
      slept.push(waitMs)
      ms += waitMs
    },
  }
}

export interface RunWishes {
  readonly only?: readonly string[]
  readonly limit?: number
  readonly accept?: string
  readonly adoptEnvironment?: boolean
  readonly strict?: boolean
  readonly from?: string
  readonly to?: string
  readonly signal?: AbortSignal
}

/** Everything a test holds in its hands. */
export class DeliverWorld {
  readonly emulator: Emulator
  readonly clock: WorldClock
  readonly folder: string
  readonly log: Log
  settings: Settings
  ports: Ports & { close(): Promise<void> }
  /** False where a test ends with something still to be written. */
  quiet = true
  #runs = 0

  constructor(parts: Pick<DeliverWorld, 'emulator' | 'clock' | 'folder' | 'settings' | 'ports' | 'log'>) {
    this.emulator = parts.emulator
    this.clock = parts.clock
    this.folder = parts.folder
    this.settings = parts.settings
    this.ports = parts.ports
    this.log = parts.log
  }

  get store() {
    return this.ports.store
  }

  /** Joins what persons say straight into the store, as ingest does. */
  async say(...sayings: readonly Saying[]): Promise<void> {
    const { reading, targets } = this.settings
    const rows = sayings.map((saying) => {
      const outcome = parseUser(lineOf(saying), reading, Number.MAX_SAFE_INTEGER)
      if (outcome.kind !== 'record') throw new TypeError(`a saying that is a ${outcome.kind}`)
      const { ouid, userId } = outcome.record
      return { person: personId(ouid), ouid, userId, state: stateText(stateOf(outcome.record)) }
    })
    rows.sort((a, b) => (a.person < b.person ? -1 : 1))
    await this.store.addKnownIds([...new Set(rows.flatMap(({ state }) => [...keysMadeKnown(state)]))])
    await this.store.joinStates(rows, joinTexts, { targets: targets.map(({ name }) => name), dueAll: false })
  }

  /** Lays a sealed partition into the export folder. */
  async export(date: string, sayings: readonly Saying[]): Promise<void> {
    const users = join(this.folder, 'export', 'data', 'export-id=E1', `date=${date}`, 'users')
    await mkdir(users, { recursive: true })
    const text = sayings.map((saying) => `${JSON.stringify(lineOf(saying))}\n`).join('')
    await writeFile(join(users, 'part-00000.json.gz'), gzipSync(text))
    await writeFile(join(users, '_SUCCESS'), '')
  }

  /** One whole run; every target of the configuration. */
  async run(wishes: RunWishes = {}): Promise<RunReport> {
    const { settings, ports } = this
    this.#runs += 1
    const run = `run-${this.#runs}`
    const shapes = fingerprints(settings)
    const { only, limit, accept, adoptEnvironment = false, strict = false, from, to, signal } = wishes
    const request = {
      run,
      ingest: {
        discovery: { prefix: settings.source.prefix, successMarker: settings.source.successMarker },
        reading: { reading: settings.reading, csv: csvMapOf(settings.source), maxExpansion: 1_000 },
        workers: 1,
        archived: false,
        selection: { ...(from && { from }), ...(to && { to }) },
        targets: settings.targets.map(({ name }) => name),
        rejectsMaxRatio: settings.rejects.maxRatio,
        alarmAfterDays: settings.retention.alarmAfterDays,
        spillFolder: settings.store.spillFolder,
      },
      deliver: new Map(
        settings.targets.map(({ name }) => [
          name,
          {
            run,
            ...(limit && { limit }),
            ...(only && { only: only.map(personId) }),
            ...(accept && { accept }),
            adoptEnvironment,
            fingerprint: shapes.delivery[name] ?? '',
          },
        ]),
      ),
      strict,
    }
    return sync(ports, settings, request, signal ?? new AbortController().signal)
  }

  /** A run that must end well; answers the one target's report. */
  async deliver(wishes: RunWishes = {}): Promise<DeliverReport> {
    const report = await this.run(wishes)
    expect(report.failures).toEqual([])
    const [only] = report.deliver
    if (only === undefined) throw new TypeError('no target was delivered')
    return only
  }

  /** Closes the store and opens it again under other settings, as the next process would. */
  async reopen(draft: WorldDraft): Promise<void> {
    await this.ports.close()
    this.settings = await settingsOf(draft, this.emulator.url, this.folder)
    this.ports = await portsOf(this.settings, this)
  }

  /** Forgets the store as if its disk was lost. */
  async loseStore(draft: WorldDraft): Promise<void> {
    await this.ports.close()
    await rm(join(this.folder, 'state'), { recursive: true, force: true })
    this.settings = await settingsOf(draft, this.emulator.url, this.folder)
    this.ports = await portsOf(this.settings, this)
  }

  /** Marks everybody due in every target, so that a run reads and decides all of it again. */
  async markEverybodyDue(): Promise<void> {
    for (const { name } of this.settings.targets) await this.store.markAllDue(name)
  }

  /** Rows that have been written by us, in order; `from` counts entries to leave out. */
  journal(from = 0): readonly JournalEntry[] {
    return this.emulator.world
      .journal()
      .slice(from)
      .filter(({ requestId }) => requestId !== null)
  }

  /** How long the journal is, ours and others'. */
  get journalLength(): number {
    return this.emulator.world.journal().length
  }

  fault(...faults: readonly Fault[]): void {
    this.emulator.world.addFaults(faults)
  }

  /**
   * Lets the nth next request that matches arrive and be served, does `meanwhile` before its answer leaves, and lets
   * the run go on.
   */
  meanwhile(match: FaultMatch, meanwhile: () => void | Promise<void>, nth = 1): Promise<void> {
    const { world } = this.emulator
    const hold = world.hold(match, nth)
    return world.holds.wait(hold).then(async () => {
      await meanwhile()
      world.holds.release('answer', hold)
    })
  }

  consents(address?: string): Row[] {
    return this.emulator.world
      .rows(CONSENTS)
      .filter((row) => address === undefined || row['msdynmkt_contactpointvalue'] === address)
  }

  /** The values of an address's rows, in the order they were made. */
  values(address: string): unknown[] {
    return this.consents(address).map((row) => row['msdynmkt_value'])
  }

  contact(contactId: string): Row {
    const row = this.emulator.world.row('contact', contactId)
    if (row === undefined) throw new TypeError('no such contact')
    return row
  }

  /** Runs again, at once and with everybody due; answers how many requests wrote anything. */
  async writesOfRepeats(): Promise<number> {
    this.emulator.world.clearFaults()
    this.emulator.world.resetCounters()
    await this.run()
    await this.markEverybodyDue()
    await this.run()
    return this.emulator.world.counters().writeRequests
  }

  async close(): Promise<void> {
    await this.ports.close()
    await this.emulator.close()
    await rm(this.folder, { recursive: true, force: true })
  }
}

const portsOf = (settings: Settings, { clock, log }: { readonly clock: Clock; readonly log: Log }) =>
  openPorts(settings, { log, progress: noProgress, version: 'test', clock })

const opened: DeliverWorld[] = []

/** Opens a world; `closeWorlds` closes it. */
export async function openWorld(draft: WorldDraft): Promise<DeliverWorld> {
  const clock = worldClock()
  const folder = await mkdtemp(join(tmpdir(), 'deliver-world-'))
  await mkdir(join(folder, 'export', 'data'), { recursive: true })
  const emulator = await startEmulator({ now: () => clock.now(), ...draft.emulator })
  const settings = await settingsOf(draft, emulator.url, folder)
  const log = draft.log ?? silentLog
  const world = new DeliverWorld({
    emulator,
    clock,
    folder,
    settings,
    ports: await portsOf(settings, { clock, log }),
    log,
  })
  opened.push(world)
  return world
}

/**
 * For `afterEach`: nothing was asked that the emulator does not understand, and a run that is repeated writes nothing
 * (semantics §7), whatever the test did.
 */
export async function closeWorlds(): Promise<void> {
  const worlds = opened.splice(0)
  try {
    for (const world of worlds) {
      expect(world.emulator.world.counters().notUnderstood).toBe(0)
      if (world.quiet) expect(await world.writesOfRepeats(), 'writes of a repeated run').toBe(0)
    }
  } finally {
    for (const world of worlds) await world.close()
  }
}
