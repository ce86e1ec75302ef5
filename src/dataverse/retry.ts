/** Repeating what may be repeated: exponential pauses with full jitter above the server's own `Retry-After`. */

import type { Clock } from '../lib/clock.ts'
import { pauseMs, type RetrySettings } from '../lib/retry.ts'
import { retryAfterMs } from '../lib/retry-after.ts'
import { classify, isRepeatable, parseApiError } from './errors.ts'
import { TooLate } from './freshness.ts'
import { isUnavailable } from './pacer.ts'
import { NoAnswer, type Reply, type Send } from './send.ts'

/** Why an attempt should be repeated, and the least pause before it. */
export interface Setback {
  readonly why: string
  readonly floorMs: number
  /** The application user's gate makes the request wait: nothing is waited here (semantics §8.2). */
  readonly gated?: boolean
}

/** Repeats `attempt` until `setback` finds nothing wrong or the bounds are reached; then the last result stands. */
export type Retry = <T>(
  what: string,
  attempt: () => Promise<T>,
  setback: (result: T) => Setback | undefined,
  signal: AbortSignal,
) => Promise<T>

type Ending<T> =
  | { readonly kind: 'result'; readonly result: T }
  | { readonly kind: 'no-answer'; readonly error: NoAnswer }

async function ending<T>(attempt: () => Promise<T>): Promise<Ending<T>> {
  try {
    return { kind: 'result', result: await attempt() }
  } catch (error) {
    if (error instanceof NoAnswer && !(error instanceof TooLate)) return { kind: 'no-answer', error }
    throw error
  }
}

/** Makes the one retry of a client. `NoAnswer` is a setback too, unless time is what ran out; other errors are thrown. */
export function createRetry(settings: RetrySettings): Retry {
  return async (what, attempt, setback, signal) => {
    let waitedMs = 0
    for (let n = 0; ; n += 1) {
      const end = await ending(attempt)
      const trouble = end.kind === 'result' ? setback(end.result) : { why: 'no answer', floorMs: 0, gated: true }
      const waitMs = trouble?.gated === true ? 0 : pauseMs(settings, n, trouble?.floorMs ?? 0)
      const giveUp = n + 1 >= settings.attempts || waitedMs + waitMs > settings.maxTotalWaitMs
      if (trouble === undefined || giveUp) {
        if (end.kind === 'no-answer') throw end.error
        return end.result
      }
      if (waitMs === 0) signal.throwIfAborted()
      else {
        settings.onWait({ what, waitMs, why: trouble.why })
        await settings.clock.sleep(waitMs, signal)
      }
      waitedMs += waitMs
    }
  }
}

/** The setback in a reply: throttling, gateways, SQL troubles; `undefined` for successes and for final refusals. */
export function setbackOf(reply: Reply, nowMs: number): Setback | undefined {
  if (reply.status < 400) return undefined
  const error = parseApiError(reply.status, reply.body)
  if (!isRepeatable(error)) return undefined
  const why = [classify(error), `HTTP ${error.status}`, error.code].filter(Boolean).join(' ')
  const gated = reply.status === 429 || isUnavailable(reply)
  return { why, floorMs: retryAfterMs(reply.headers, nowMs) ?? 0, gated }
}

/** Repeats repeatable requests; others get one attempt. */
export function withRetry(send: Send, retry: Retry, clock: Clock): Send {
  return (request, signal) =>
    request.repeatable
      ? retry(
          request.what,
          () => send(request, signal),
          (reply) => setbackOf(reply, clock.now()),
          signal,
        )
      : send(request, signal)
}
