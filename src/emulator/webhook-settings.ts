/** How the emulated event pipeline behaves: its limits, its bad habits, and what nobody knows of the real one. */
import { badRequest } from './api-error.ts'
import type { TagLevel } from './execution-context.ts'

/** Every setting of the event pipeline. */
export interface WebhookSettings {
  /** How long a receiver may take to answer, in milliseconds (Dataverse: 60 s). */
  readonly timeoutMs: number
  /** Calls at the same time. */
  readonly concurrency: number
  /** True: events wait until they are released. */
  readonly paused: boolean
  /** Of this many waiting events the next one is drawn by lot; 1 keeps their order. Dataverse promises none. */
  readonly shuffleWithin: number
  /** The part of deliveries, 0 to 1, that is made twice (Dataverse: duplicates are possible). */
  readonly duplicateRate: number
  /** Seed of both lotteries. */
  readonly seed: number
  /** True: receivers anywhere are called, not only those on this machine. */
  readonly allowRemote: boolean
  /** Certificate authority, in PEM, that https receivers are checked against; empty: the usual ones. */
  readonly authority: string
  /** Where `tag` shows: not documented for webhooks. */
  readonly tagLevel: TagLevel
  /** Whether the bypass headers suppress webhook steps as they do plug-in steps: not documented. */
  readonly bypassWebhookSteps: boolean
}

/** An ordinary environment, in order and without duplicates. */
export const DEFAULT_WEBHOOK_SETTINGS: WebhookSettings = {
  timeoutMs: 60_000,
  concurrency: 4,
  paused: false,
  shuffleWithin: 1,
  duplicateRate: 0,
  seed: 1,
  allowRemote: false,
  authority: '',
  tagLevel: 'context',
  bypassWebhookSteps: true,
}

const TAG_LEVELS: readonly unknown[] = ['none', 'context', 'parent'] satisfies TagLevel[]

const RULES: Readonly<Record<keyof WebhookSettings, (value: unknown) => boolean>> = {
  timeoutMs: isCount,
  concurrency: isCount,
  paused: isBoolean,
  shuffleWithin: isCount,
  duplicateRate: (value) => typeof value === 'number' && value >= 0 && value <= 1,
  seed: Number.isInteger,
  allowRemote: isBoolean,
  authority: (value) => typeof value === 'string',
  tagLevel: (value) => TAG_LEVELS.includes(value),
  bypassWebhookSteps: isBoolean,
}

function isCount(value: unknown): boolean {
  return Number.isInteger(value) && Number(value) >= 1
}

function isBoolean(value: unknown): boolean {
  return typeof value === 'boolean'
}

/** Changes some settings. Throws 400 for an unknown name or a value that makes no sense. */
export function changeSettings(settings: WebhookSettings, changes: object): WebhookSettings {
  for (const [name, value] of Object.entries(changes)) {
    const rule = Object.hasOwn(RULES, name) ? RULES[name as keyof WebhookSettings] : undefined
    if (rule === undefined) throw badRequest(`There is no webhook setting '${name}'.`)
    if (!rule(value)) throw badRequest(`The webhook setting '${name}' cannot have this value.`)
  }
  return { ...settings, ...changes }
}
