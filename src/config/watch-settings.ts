/** The settings of what tells others of a run, as the program uses them. */

import type { Secret } from './secret.ts'

/** What is told of a run: see `notify`. */
export type NotifyEvent = 'failure' | 'threshold' | 'brake' | 'expiry' | 'credentials'

/** A webhook that is told what needs somebody. */
export interface NotifySettings {
  readonly kind: 'webhook' | 'teams' | 'slack'
  readonly url: Secret
  readonly on: readonly NotifyEvent[]
  /** JSON with placeholders; it may hold keys of a service. */
  readonly template?: Secret
  readonly headers: Readonly<Record<string, Secret>>
  readonly timeoutMs: number
  readonly attempts: number
}

export interface HeartbeatSettings {
  readonly url: Secret
  readonly on: ReadonlyArray<'start' | 'success' | 'failure'>
  readonly timeoutMs: number
}

/** What tells others of a run. */
export interface WatchSettings {
  /** `textFile`: absolute; each command writes one of its own beside it. */
  readonly metrics: { readonly textFile?: string; readonly labels: Readonly<Record<string, string>> }
  readonly heartbeat?: HeartbeatSettings
  /** `known`: what nobody can read here, by name. */
  readonly credentials: {
    readonly alarmDays: number
    readonly known: ReadonlyArray<{ readonly name: string; readonly endsAtMs: number }>
  }
  readonly notify: readonly NotifySettings[]
}
