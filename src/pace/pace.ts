/**
 * How fast one application user may ask: a pure step from what was observed to what may be sent (semantics §8.2). It keeps
 * the books that Dataverse keeps – requests and execution seconds of a sliding window – and learns from answers alone how
 * much of either the environment allows, which differs and is told nowhere (Dataverse: service protection limits).
 */

import { type Capacity, lowered, room, tried, UNKNOWN_CAPACITY } from './capacity.ts'
import { beginConcurrency, type Concurrency, grown, hinted, judged, tooMany } from './concurrency.ts'
import { type Costs, classOf, dearer, expectedMs, type Load, learned, NO_COSTS, readingsBegun } from './cost.ts'
import { answeredThrough, closed, type Gate, type GateCause, OPEN, sentThrough, withdrawnFrom } from './gate.ts'
import { EMPTY_WINDOW, entered, untilEmptyMs, untilGoneMs, type Window, windowAt } from './window.ts'

/** What is documented of the limits; learning starts from it. Times in milliseconds. */
export interface PaceSettings {
  /** 300,000 (Dataverse: service protection limits). */
  readonly windowMs: number
  /** By how much our books lag behind the server's. */
  readonly slackMs: number
  /** Requests at once until `x-ms-dop-hint` says otherwise. */
  readonly start: number
  /** Never more at once; below the documented 52. */
  readonly most: number
  /** Execution seconds of one server's window: a job that fits into them need not be spread. */
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
  | {
      readonly kind: 'answered'
      readonly load: Load
      readonly sentAtMs: number
      /** `x-ms-dop-hint`, where it came. */
      readonly hint?: number
    }
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
  /** Seconds of execution that the run still needs, as far as it is known. */
  | { readonly kind: 'work-left'; readonly seconds: number }

/** Everything that is remembered of one application user. Opaque to callers. */
export interface PaceState {
  readonly window: Window
  readonly costs: Costs
  readonly gate: Gate
  readonly atWork: ReadonlyMap<string, number>
  readonly inFlight: number
  readonly seconds: Capacity
  readonly requests: Capacity
  readonly concurrency: Concurrency
  readonly secondsLeft: number | undefined
}

/** What may be sent now. */
export interface Permits {
  /** Requests like the one asked for that may leave at once. */
  readonly permits: number
  /** Where none may: milliseconds until it is worth asking again, `Infinity` where an answer must come first. */
  readonly waitMs: number
  readonly cause: GateCause | 'at work' | 'request limit ahead' | 'execution time limit ahead' | undefined
}

/** A beginning: nothing is known but the documentation. */
export function begin({ start, most }: PaceSettings): PaceState {
  return {
    window: EMPTY_WINDOW,
    costs: NO_COSTS,
    gate: OPEN,
    atWork: new Map(),
    inFlight: 0,
    seconds: UNKNOWN_CAPACITY,
    requests: UNKNOWN_CAPACITY,
    concurrency: beginConcurrency(start, most),
    secondsLeft: undefined,
  }
}

/** What a request of an unknown class is thought to take. */
const UNKNOWN_MS = 1_000

/** Seconds that the requests at work are thought to take. */
function charged({ atWork, costs }: PaceState): number {
  let ms = 0
  for (const [name, count] of atWork) ms += count * expectedMs(costs, name, UNKNOWN_MS)
  return ms / 1_000
}

/** Concurrency beyond the average that a window allows, so that idle moments are made up for. */
const SPREAD = 1.5

/** How many requests may be at work: what answers allow, and no more than makes sense within the window. */
export function concurrencyOf(settings: PaceSettings, state: PaceState, nowMs: number): number {
  const most = Math.min(state.concurrency.allowed, settings.most)
  const { amount } = state.seconds
  if (amount === undefined || fitsBudget(settings, state, nowMs)) return Math.max(1, most)
  return Math.max(1, Math.min(most, (SPREAD * amount * 1_000) / settings.windowMs))
}

/** Whether what is left of the work fits well into what is left of the window: then there is no reason to spread it. */
function fitsBudget(settings: PaceSettings, state: PaceState, nowMs: number): boolean {
  if (state.secondsLeft === undefined) return false
  const { seconds } = windowAt(state.window, settings, nowMs)
  const budget = (state.seconds.amount ?? settings.documentedSeconds) - seconds - charged(state)
  return state.secondsLeft < 0.9 * budget
}

/** What may be sent of loads like this one. */
export function permitsOf(settings: PaceSettings, state: PaceState, load: Load, nowMs: number): Permits {
  const { gate } = state
  if (gate.kind === 'closed') {
    if (nowMs < gate.untilMs) return { permits: 0, waitMs: gate.untilMs - nowMs, cause: gate.cause }
    if (gate.probing) return { permits: 0, waitMs: Number.POSITIVE_INFINITY, cause: gate.cause }
  }
  const free = gate.kind === 'closed' ? 1 : Math.floor(concurrencyOf(settings, state, nowMs)) - state.inFlight
  if (free <= 0) return { permits: 0, waitMs: Number.POSITIVE_INFINITY, cause: 'at work' }
  const window = windowAt(state.window, settings, nowMs)
  const need = Math.max(1, expectedMs(state.costs, classOf(load), UNKNOWN_MS)) / 1_000
  const seconds = room(state.seconds, window.seconds + charged(state), need)
  if (seconds.permits === 0 && state.inFlight + window.seconds > 0) {
    const waitMs = untilRoomMs(settings, { ...state, window }, nowMs, 'seconds', seconds.lacking)
    return { permits: 0, waitMs, cause: 'execution time limit ahead' }
  }
  const requests = room(state.requests, window.requests, 1)
  if (requests.permits === 0 && window.requests > 0) {
    const waitMs = untilRoomMs(settings, { ...state, window }, nowMs, 'requests', requests.lacking)
    return { permits: 0, waitMs, cause: 'request limit ahead' }
  }
  const permits = Math.max(1, Math.min(free, seconds.permits, requests.permits))
  return { permits, waitMs: 0, cause: undefined }
}

/**
 * Where the window holds less than is lacking, an answer must come first; with nothing at work, an empty window is all
 * that can be waited for: one request may be dearer than the whole capacity.
 */
function untilRoomMs(
  settings: PaceSettings,
  { window, inFlight }: PaceState,
  nowMs: number,
  what: 'requests' | 'seconds',
  lacking: number,
): number {
  const waitMs = untilGoneMs(window, settings, nowMs, what, lacking)
  return Number.isFinite(waitMs) || inFlight > 0 ? waitMs : untilEmptyMs(window, settings, nowMs)
}

/** The state after something was observed. */
export function observe(settings: PaceSettings, before: PaceState, observation: Observation, nowMs: number): PaceState {
  const state = { ...before, window: windowAt(before.window, settings, nowMs) }
  switch (observation.kind) {
    case 'sent':
      return {
        ...atWork(state, observation.load, 1),
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
    case 'work-left':
      return { ...state, secondsLeft: observation.seconds }
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
  { load, sentAtMs, hint }: Extract<Observation, { kind: 'answered' }>,
  nowMs: number,
): PaceState {
  const moment = { nowMs, windowMs: settings.windowMs }
  const latencyMs = nowMs - sentAtMs
  const { costs, slowdown } = learned(state.costs, load, latencyMs, moment)
  const window = entered(state.window, settings, nowMs, { seconds: latencyMs / 1_000 })
  const concurrency = hinted(state.concurrency, hint)
  const counted: PaceState = {
    ...state,
    costs,
    window,
    gate: answeredThrough(state.gate, sentAtMs),
    concurrency: { ...concurrency, answersSinceGrowth: concurrency.answersSinceGrowth + 1 },
    requests: tried(state.requests, window.requests, moment),
  }
  const charging = { ...counted, seconds: tried(state.seconds, window.seconds + charged(counted), moment) }
  return slowdown === undefined ? more(settings, charging, nowMs) : judge(settings, charging, slowdown, nowMs)
}

/** A reading of latencies was completed: fewer at once where they queue, more where they do not. */
function judge(settings: PaceSettings, state: PaceState, slowdown: number, nowMs: number): PaceState {
  const { kind, concurrency } = judged(state.concurrency, slowdown, nowMs)
  switch (kind) {
    case 'brisk':
      return more(settings, { ...state, concurrency }, nowMs)
    case 'steady':
      return state
    case 'cut':
      return { ...state, concurrency, costs: readingsBegun(state.costs) }
    case 'dearer':
      return { ...state, concurrency, costs: dearer(state.costs, slowdown, { nowMs, windowMs: settings.windowMs }) }
  }
}

function more(settings: PaceSettings, state: PaceState, nowMs: number): PaceState {
  if (state.gate.kind === 'closed') return state
  const { inFlight } = state
  const burst = fitsBudget(settings, state, nowMs)
  return { ...state, concurrency: grown(state.concurrency, { inFlight, burst, nowMs, windowMs: settings.windowMs }) }
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
  const moment = { nowMs, windowMs: settings.windowMs }
  switch (limit) {
    case 'execution-time': {
      const seconds = lowered(state.seconds, state.window.seconds, settings.documentedSeconds, moment)
      return { ...state, gate, seconds }
    }
    case 'requests': {
      const requests = lowered(state.requests, state.window.requests, settings.documentedRequests, moment)
      return { ...state, gate, requests }
    }
    case 'concurrency':
      return { ...state, gate, concurrency: tooMany(state.concurrency, state.inFlight + 1) }
    case 'unnamed':
      return { ...state, gate }
  }
}
