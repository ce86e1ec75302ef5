/**
 * What is known of one application user's limits: a pure step from what was observed to what is remembered (semantics §8.2).
 * It keeps the books that Dataverse keeps – requests and execution seconds of a sliding window – and learns from answers alone how
 * much of either the environment allows, which differs and is told nowhere (Dataverse: service protection limits).
 */

import { type Capacity, lowered, tried, UNKNOWN_CAPACITY } from './capacity.ts'
import { type Costs, classOf, expectedMs, type Load, learned, NO_COSTS } from './cost.ts'
import { answeredThrough, closed, type Gate, type GateCause, OPEN, sentThrough, withdrawnFrom } from './gate.ts'
import { EMPTY_WINDOW, entered, type Window, windowAt } from './window.ts'

/** What is documented of the limits; learning starts from it. Times in milliseconds. */
export interface PaceSettings {
  /** 300,000 (Dataverse: service protection limits). */
  readonly windowMs: number
  /** By how much our books lag behind the server's. */
  readonly slackMs: number
  /** Requests at once to begin with, until `x-ms-dop-hint` or answers say otherwise. */
  readonly start: number
  /** Never more at once; below the documented 52. */
  readonly most: number
  /** Of one server's window. */
  readonly documentedSeconds: number
  readonly documentedRequests: number
}

/** Dataverse's documented limits. */
export const DATAVERSE_PACE: PaceSettings = {
  windowMs: 300_000,
  slackMs: 600,
  start: 4,
  most: 50,
  documentedSeconds: 1_200,
  documentedRequests: 6_000,
}

/** The limit that a 429 names. */
export type Limit = 'requests' | 'execution-time' | 'concurrency' | 'unnamed'

/** Something that happened to a request, or that became known. Moments are of one monotonic clock. */
export type Observation =
  | { readonly kind: 'sent'; readonly load: Load }
  /** Any answer that shows the server at work, refusals of rows included. */
  | { readonly kind: 'answered'; readonly load: Load; readonly sentAtMs: number }
  | {
      readonly kind: 'refused'
      readonly load: Load
      readonly sentAtMs: number
      readonly limit: Limit
      /** `Retry-After`. */
      readonly wishMs?: number
    }
  /** No answer, or a gateway's. */
  | { readonly kind: 'failed'; readonly load: Load; readonly sentAtMs: number; readonly wishMs?: number }
  /** It surely never left: its time was up, or the run was ended. */
  | { readonly kind: 'withdrawn'; readonly load: Load; readonly sentAtMs: number }

/** Everything that is remembered of one application user. Opaque to callers. */
export interface PaceState {
  readonly window: Window
  readonly costs: Costs
  readonly gate: Gate
  readonly atWork: ReadonlyMap<string, number>
  readonly inFlight: number
  readonly seconds: Capacity
  readonly requests: Capacity
  /** Requests at once, as far as this user's refusals tell. */
  readonly most: number
  /** When the latest request left. */
  readonly sentAtMs: number
}

/** A beginning: nothing is known but the documentation. */
export function begin({ most }: PaceSettings): PaceState {
  return {
    window: EMPTY_WINDOW,
    costs: NO_COSTS,
    gate: OPEN,
    atWork: new Map(),
    inFlight: 0,
    seconds: UNKNOWN_CAPACITY,
    requests: UNKNOWN_CAPACITY,
    most,
    sentAtMs: Number.NEGATIVE_INFINITY,
  }
}

/** What a request of an unknown class is thought to take. */
export const UNKNOWN_MS = 1_000

/** Seconds that the requests at work are thought to take. */
export function charged({ atWork, costs }: PaceState): number {
  let ms = 0
  for (const [name, count] of atWork) ms += count * expectedMs(costs, name, UNKNOWN_MS)
  return ms / 1_000
}

/** The state after something was observed. */
export function observe(settings: PaceSettings, before: PaceState, observation: Observation, nowMs: number): PaceState {
  const state = { ...before, window: windowAt(before.window, settings, nowMs) }
  switch (observation.kind) {
    case 'sent':
      return {
        ...atWork(state, observation.load, 1),
        sentAtMs: nowMs,
        window: entered(state.window, settings, nowMs, { requests: 1 }),
        gate: sentThrough(state.gate),
      }
    case 'answered':
      return answered(settings, atWork(state, observation.load, -1), observation, nowMs)
    case 'refused':
      return refused(settings, atWork(state, observation.load, -1), observation, nowMs)
    case 'failed': {
      const { sentAtMs, wishMs } = observation
      const gate = closed(state.gate, settings, nowMs, { cause: 'unavailable', sentAtMs, wishMs })
      return { ...atWork(state, observation.load, -1), gate }
    }
    case 'withdrawn':
      return { ...atWork(state, observation.load, -1), gate: withdrawnFrom(state.gate, observation.sentAtMs) }
  }
}

function atWork(state: PaceState, load: Load, change: 1 | -1): PaceState {
  const name = classOf(load)
  const count = Math.max(0, (state.atWork.get(name) ?? 0) + change)
  const changed = new Map(state.atWork)
  if (count === 0) changed.delete(name)
  else changed.set(name, count)
  return { ...state, atWork: changed, inFlight: Math.max(0, state.inFlight + change) }
}

function answered(
  settings: PaceSettings,
  state: PaceState,
  { load, sentAtMs }: Extract<Observation, { kind: 'answered' }>,
  nowMs: number,
): PaceState {
  const moment = { nowMs, windowMs: settings.windowMs }
  const latencyMs = nowMs - sentAtMs
  const counted: PaceState = {
    ...state,
    costs: learned(state.costs, load, latencyMs),
    window: entered(state.window, settings, nowMs, { seconds: latencyMs / 1_000 }),
    gate: answeredThrough(state.gate, sentAtMs),
  }
  return {
    ...counted,
    requests: tried(counted.requests, counted.window.requests, moment),
    seconds: tried(counted.seconds, counted.window.seconds + charged(counted), moment),
  }
}

const CAUSES: Record<Limit, GateCause> = {
  requests: 'request limit',
  'execution-time': 'execution time limit',
  concurrency: 'concurrency limit',
  unnamed: 'throttled',
}

function refused(
  settings: PaceSettings,
  state: PaceState,
  { limit, sentAtMs, wishMs }: Extract<Observation, { kind: 'refused' }>,
  nowMs: number,
): PaceState {
  const gate = closed(state.gate, settings, nowMs, { cause: CAUSES[limit], sentAtMs, wishMs })
  // Those that were under way when the first was refused say the same once more.
  const fresh = state.gate.kind === 'open'
  if (!fresh) return { ...state, gate }
  const held = state.window
  const kept = windowAt(held, settings, nowMs + (wishMs ?? 0))
  switch (limit) {
    case 'execution-time': {
      const told = { held: held.seconds, kept: kept.seconds, documented: settings.documentedSeconds }
      return { ...state, gate, seconds: lowered(state.seconds, told) }
    }
    case 'requests': {
      const told = { held: held.requests, kept: kept.requests, documented: settings.documentedRequests }
      return { ...state, gate, requests: lowered(state.requests, told) }
    }
    case 'concurrency':
      return { ...state, gate, most: Math.max(1, Math.min(state.most, Math.floor(FEWER * (state.inFlight + 1)))) }
    case 'unnamed':
      return { ...state, gate }
  }
}

/** Part of those at once that were too many. */
const FEWER = 0.9
