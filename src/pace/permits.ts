/** What one application user may send now, as far as its own books tell (semantics §8.2). */

import { classOf, expectedMs, type Load } from './cost.ts'
import type { GateCause } from './gate.ts'
import { charged, type PaceSettings, type PaceState, UNKNOWN_MS } from './pace.ts'
import { untilEmptyMs, untilGoneMs, windowAt } from './window.ts'

/** What may be sent now. */
export interface Permits {
  /** Requests like the one asked for that may leave at once. */
  readonly permits: number
  /** Where none may: milliseconds until it is worth asking again, `Infinity` where an answer must come first. */
  readonly waitMs: number
  readonly cause:
    | GateCause
    | 'at work'
    | 'kept apart'
    | 'request limit ahead'
    | 'execution time limit ahead'
    | undefined
}

/** Requests at once beyond the average that a window allows, so that idle moments are made up for. */
const SPREAD = 1.5

/** How many requests of this user may be at work: once its window is known, no more than it takes to use all of that. */
export function mostAtOnce({ windowMs }: PaceSettings, { most, seconds }: PaceState): number {
  if (seconds.amount === undefined) return most
  return Math.max(1, Math.min(most, Math.ceil((SPREAD * seconds.amount * 1_000) / windowMs)))
}

/**
 * Part of the mean time between two requests that they are kept apart at least once the window is known to be what is short:
 * bunches are spread, and nothing is slowed. There may be less room than our books say: of requests that left together all
 * would be refused, of one after the other only the first.
 */
const APART = 1 / 2

/** What may be sent of loads like this one. */
export function permitsOf(settings: PaceSettings, state: PaceState, load: Load, nowMs: number): Permits {
  const { gate, inFlight } = state
  if (gate.kind === 'closed') {
    if (nowMs < gate.untilMs) return { permits: 0, waitMs: gate.untilMs - nowMs, cause: gate.cause }
    if (gate.probing) return { permits: 0, waitMs: Number.POSITIVE_INFINITY, cause: gate.cause }
  }
  const most = mostAtOnce(settings, state)
  const free = gate.kind === 'closed' ? 1 : most - inFlight
  if (free <= 0) return { permits: 0, waitMs: Number.POSITIVE_INFINITY, cause: 'at work' }
  const window = windowAt(state.window, settings, nowMs)
  const present = { ...state, window }
  // One request may be dearer than the whole capacity: it may go into an empty window.
  const empty = inFlight === 0 && window.slices.length === 0
  const takesMs = expectedMs(state.costs, classOf(load), UNKNOWN_MS)
  const seconds = secondsRoom(settings, present, takesMs, nowMs)
  if (seconds.permits === 0 && !empty)
    return ahead(settings, present, nowMs, seconds.waitMs, 'execution time limit ahead')
  const requests = requestsRoom(settings, present, nowMs)
  if (requests.permits === 0 && !empty) return ahead(settings, present, nowMs, requests.waitMs, 'request limit ahead')
  const apartMs = state.seconds.amount === undefined ? 0 : (APART * takesMs) / most
  const waitMs = state.sentAtMs + apartMs - nowMs
  if (waitMs > 0) return { permits: 0, waitMs, cause: 'kept apart' }
  const together = apartMs > 0 ? 1 : Number.POSITIVE_INFINITY
  return {
    permits: Math.max(1, Math.min(free, seconds.permits, requests.permits, together)),
    waitMs: 0,
    cause: undefined,
  }
}

/**
 * Where the window holds less than must leave it, an answer must come first; with nothing at work, an empty window is all
 * that can be waited for.
 */
function ahead(
  settings: PaceSettings,
  { window, inFlight }: PaceState,
  nowMs: number,
  leavesInMs: number,
  cause: NonNullable<Permits['cause']>,
): Permits {
  const waitMs = Number.isFinite(leavesInMs) || inFlight > 0 ? leavesInMs : untilEmptyMs(window, settings, nowMs)
  return { permits: 0, waitMs: Math.max(1, waitMs), cause }
}

interface Room {
  readonly permits: number
  readonly waitMs: number
}

const UNBOUNDED: Room = { permits: Number.POSITIVE_INFINITY, waitMs: 0 }

/**
 * How many requests fit the seconds. The server looks at those that have ended, so these must be fewer than it allows; and
 * with those at work they must still fit when this one ends, less what has left the window by then.
 */
function secondsRoom(settings: PaceSettings, state: PaceState, takesMs: number, nowMs: number): Room {
  const { amount } = state.seconds
  if (amount === undefined) return UNBOUNDED
  const { window } = state
  const needMs = Math.max(1, takesMs)
  const need = needMs / 1_000
  const later = windowAt(window, settings, nowMs + needMs).seconds
  const busy = charged(state)
  const fitting = Math.max(0, Math.floor((amount - later - busy) / need))
  if (fitting > 0 && window.seconds < amount) return { permits: fitting, waitMs: 0 }
  const untilGone = (seconds: number) => untilGoneMs(window, settings, nowMs, 'seconds', seconds)
  return {
    permits: 0,
    waitMs: Math.max(untilGone(window.seconds - amount), untilGone(window.seconds + busy + need - amount) - needMs),
  }
}

/** How many fit the requests: these are counted as they are sent. */
function requestsRoom(settings: PaceSettings, { window, requests }: PaceState, nowMs: number): Room {
  if (requests.amount === undefined) return UNBOUNDED
  const free = Math.max(0, Math.floor(requests.amount - window.requests))
  return {
    permits: free,
    waitMs: untilGoneMs(window, settings, nowMs, 'requests', window.requests + 1 - requests.amount),
  }
}
