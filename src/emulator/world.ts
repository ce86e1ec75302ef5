/** A test's hand in the environment: look at everything, change anything, script trouble. */
import { TokenOffice } from './auth.ts'
import { Capacity, type CapacitySettings } from './capacity.ts'
import type { Timer } from './clock.ts'
import type { CounterFigures } from './counters.ts'
import { zeroCounters } from './counters.ts'
import type { Fault, FaultMatch } from './faults.ts'
import { foreignDelete, foreignUpdate } from './foreign-edit.ts'
import { Holds } from './holds.ts'
import type { JournalEntry } from './journal.ts'
import { applySeed, type EmulatorSeed, seedDefaults, seedMessageFilters } from './seed.ts'
import { DataverseState, type StateSettings, type StateSnapshot } from './state.ts'
import type { Row } from './table.ts'
import type { WebhookSettings } from './webhook-settings.ts'
import { Webhooks } from './webhooks.ts'

/** Everything an environment is opened with; `uptime` in milliseconds of the machine, by which tokens age. */
export interface WorldSettings extends StateSettings {
  readonly uptime: () => number
  /** Milliseconds since the epoch at the identity provider. */
  readonly tokenClock: () => number
  /** The environment's own time, scaled. */
  readonly timer: Timer
  readonly capacity: CapacitySettings
  readonly appId: string
  readonly secret: string
  readonly seed: EmulatorSeed
  readonly bulk: boolean
  readonly changeTracking: boolean
  readonly webhooks: WebhookSettings
}

/** The environment as tests handle it. */
export class World {
  readonly #settings: WorldSettings
  readonly holds = new Holds()
  readonly webhooks: Webhooks
  readonly #snapshots = new Map<string, StateSnapshot>()
  #state: DataverseState
  #tokens: TokenOffice
  #capacity: Capacity

  constructor(settings: WorldSettings) {
    this.#settings = settings
    this.webhooks = new Webhooks(settings.webhooks, settings.capacity.timeScale)
    this.#state = openState(settings)
    this.#state.commitListener = this.webhooks.listenerOf(this.#state)
    this.#tokens = openTokens(this.#state, settings)
    this.#capacity = new Capacity(settings.capacity, settings.timer)
  }

  /** The service's own view; a reset replaces it. */
  get state(): DataverseState {
    return this.#state
  }

  get tokens(): TokenOffice {
    return this.#tokens
  }

  get capacity(): Capacity {
    return this.#capacity
  }

  get timer(): Timer {
    return this.#settings.timer
  }

  /** Back to what the emulator started with; tokens, faults, holds, snapshots, clock and counters included. */
  reset(): void {
    this.holds.clear()
    this.#snapshots.clear()
    this.webhooks.reset()
    this.#state = openState(this.#settings)
    this.#state.commitListener = this.webhooks.listenerOf(this.#state)
    this.#tokens = openTokens(this.#state, this.#settings)
    this.#capacity = new Capacity(this.#settings.capacity, this.#settings.timer)
  }

  seed(seed: EmulatorSeed): void {
    applySeed(this.#state, seed)
  }

  /** All rows of a table, by entity set or logical name, with every column under its logical name. */
  rows(set: string): readonly Row[] {
    return [...(this.#state.tableOfSet(set) ?? this.#state.table(set)).all()]
  }

  row(set: string, id: string): Row | undefined {
    return (this.#state.tableOfSet(set) ?? this.#state.table(set)).get(id.toLowerCase())
  }

  /** Somebody else changes a row. */
  edit(set: string, id: string, changes: Readonly<Record<string, unknown>>, userId?: string): void {
    foreignUpdate(this.#state, set, id, changes, userId)
  }

  /** Somebody else deletes a row. */
  delete(set: string, id: string, userId?: string): void {
    foreignDelete(this.#state, set, id, userId)
  }

  addFaults(faults: readonly Fault[]): void {
    this.#state.faults.add(faults)
  }

  clearFaults(): void {
    this.#state.faults.clear()
  }

  counters(): CounterFigures {
    return structuredClone({ ...this.#state.counters, faults: this.#state.faults.struck })
  }

  resetCounters(): void {
    this.#state.counters = zeroCounters()
    this.#state.traffic.clear()
    this.#state.notUnderstood.clear()
  }

  /** The committed writes after a sequence number. */
  journal(after = 0): readonly JournalEntry[] {
    return this.#state.journal.entries(after)
  }

  /** Takes a backup of the environment. */
  snapshot(name = 'default'): void {
    this.#snapshots.set(name, this.#state.snapshot())
  }

  /** Restores a backup: rows, their times and versions go back. False where there is none of that name. */
  restore(name = 'default'): boolean {
    const snapshot = this.#snapshots.get(name)
    if (snapshot !== undefined) this.#state.restore(snapshot)
    return snapshot !== undefined
  }

  /** Keeps back, after its commit, the answer of the nth next request that matches; returns the hold's number. */
  hold(match: FaultMatch = {}, nth = 1): number {
    const id = this.holds.place()
    this.addFaults([{ match, nth, action: { kind: 'hold-after-commit' } }])
    return id
  }
}

function openTokens(state: DataverseState, { uptime, tokenClock }: WorldSettings): TokenOffice {
  return new TokenOffice(state, { uptime, now: tokenClock })
}

function openState(settings: WorldSettings): DataverseState {
  const state = new DataverseState(settings, settings.seed.accentInsensitive ?? true)
  seedDefaults(state, settings.appId, settings.secret)
  for (const { schema } of state.tables.values()) {
    schema.bulk &&= settings.bulk
    schema.changeTracking &&= settings.changeTracking
  }
  seedMessageFilters(state)
  applySeed(state, settings.seed)
  return state
}
