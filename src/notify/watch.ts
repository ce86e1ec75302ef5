/** Tells others of a run: heartbeat, webhooks, text file, collector. Nothing of it fails the run, and each part is bounded. */

import type { Settings } from '../config/settings.ts'
import type { HeartbeatSettings } from '../config/watch-settings.ts'
import type { Clock } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import type { Readings } from '../observe/readings.ts'
import { readReport } from '../observe/run-readings.ts'
import { DONE } from '../report/exit-code.ts'
import { alarmsOf, type RunEnd } from './alarms.ts'
import { endingCredentials } from './credentials.ts'
import type { Hook, Hooks } from './hooks.ts'
import { payloadOf } from './payload.ts'

/** What a run is told as. */
export interface Watched {
  readonly command: 'sync' | 'apply' | 'bootstrap' | 'reverse' | 'migrate'
  readonly run: string
  readonly version: string
  /** Its number among the processes of a job; absent where it is alone. */
  readonly pod?: number
}

export interface WatchPorts {
  readonly clock: Clock
  readonly log: Log
  readonly readings: Readings
  readonly hooks: Hooks
  /** Writes the text file; absent where none is configured. */
  readonly writeMetrics?: () => Promise<void>
}

/** Whoever sent a signal waits for the end; nobody else is in a hurry. */
const HOOKS_MS = 30_000
const HOOKS_IN_HASTE_MS = 8_000

/**
 * A heartbeat that is lost is an alarm for nothing: the last one is tried hard. The first is tried once: it must not come
 * after the last, which waits for it.
 */
const HEARTBEAT_ATTEMPTS = { start: 1, success: 5, failure: 5 } as const

export class Watch {
  readonly #ports: WatchPorts
  readonly #settings: Settings
  readonly #watched: Watched
  readonly #startedAtMs: number
  #beaten: Promise<void> = Promise.resolve()

  constructor(ports: WatchPorts, settings: Settings, watched: Watched) {
    this.#ports = ports
    this.#settings = settings
    this.#watched = watched
    this.#startedAtMs = ports.clock.now()
  }

  /** The run begins. */
  began(): void {
    const { readings } = this.#ports
    readings.set('run.start.time', this.#startedAtMs / 1_000, {})
    for (const { name, endsAtMs } of endingCredentials(this.#settings))
      readings.set('credential.expiry.time', endsAtMs / 1_000, { credential: name })
    this.#heartbeat('start', {})
  }

  /** The run has ended: resolves once everybody was told, or the time for it is over. */
  async ended(end: RunEnd): Promise<void> {
    const { hooks, log, writeMetrics } = this.#ports
    this.#read(end)
    this.#notify(end)
    // Another run holds the store, and speaks for itself.
    if (end.exitCode !== 7) this.#heartbeat(DONE.has(end.exitCode) ? 'success' : 'failure', { exitCode: end.exitCode })
    await writeMetrics?.().catch(() => log.warn({}, 'metrics.textFile could not be written'))
    await hooks.close([130, 143].includes(end.exitCode) ? HOOKS_IN_HASTE_MS : HOOKS_MS)
  }

  #read({ report, exitCode, code }: RunEnd): void {
    const { clock, readings } = this.#ports
    if (report !== undefined) {
      readReport(report, readings)
      return
    }
    readings.set('run.duration', (clock.now() - this.#startedAtMs) / 1_000, {})
    readings.set('run.exit_code', exitCode, {})
    const stage = this.#watched.command === 'migrate' ? 'migrate' : 'opening'
    if (code !== undefined) readings.set('run.failures', 1, { stage, code })
  }

  #notify(end: RunEnd): void {
    const { clock, hooks } = this.#ports
    const { command, run, version } = this.#watched
    const alarms = alarmsOf(end, this.#settings, clock.now())
    const times = { startedAt: instantOf(this.#startedAtMs), endedAt: instantOf(clock.now()) }
    for (const [index, hook] of this.#settings.notify.entries()) {
      const meant = alarms.filter(({ event }) => hook.on.includes(event))
      if (meant.length === 0) continue
      const notice = { command, run, version, exitCode: end.exitCode, ...times, alarms: meant }
      void hooks.post({ name: `notify[${index}]`, ...hook }, payloadOf(hook, notice))
    }
  }

  /** Of `sync` alone: that is what is missed. Of several processes the first one speaks, but any of them may fail. */
  #heartbeat(what: HeartbeatSettings['on'][number], more: object): void {
    const { heartbeat } = this.#settings
    const { command, run, pod = 0 } = this.#watched
    if (heartbeat === undefined || command !== 'sync' || !heartbeat.on.includes(what)) return
    if (pod !== 0 && what !== 'failure') return
    const suffix = { start: '/start', success: '', failure: '/fail' }[what]
    const { url, timeoutMs } = heartbeat
    const hook: Hook = { name: 'heartbeat', url, suffix, timeoutMs, attempts: HEARTBEAT_ATTEMPTS[what] }
    this.#beaten = this.#ports.hooks.post(hook, { command, run, ...more }, this.#beaten)
  }
}

function instantOf(ms: number): string {
  return new Date(ms).toISOString()
}
