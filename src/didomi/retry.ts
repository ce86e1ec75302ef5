/** Repeating what passes by itself: no answer, throttling, a server in trouble, a body that is no JSON. */

import { pauseMs, type RetrySettings } from '../lib/retry.ts'
import { type Answer, NoAnswer, type Send } from './send.ts'
import { unavailable } from './trouble.ts'

/** How an attempt ended: with a final answer, or with a reason to try again and the least pause before it. */
type Ending =
  | { readonly answer: Answer }
  | { readonly answer?: undefined; readonly why: string; readonly floorMs: number }

/**
 * Repeats a call until its answer is final. Every call of ours may be repeated: all but the session only read.
 * @throws CodedError `didomi-unavailable` once attempts or time are used up
 */
export function withRetry(send: Send, settings: RetrySettings): Send {
  return async (call, signal) => {
    let waitedMs = 0
    for (let n = 0; ; n += 1) {
      const ending = await endingOf(send, call, signal)
      if (ending.answer !== undefined) return ending.answer
      const { why, floorMs } = ending
      const waitMs = pauseMs(settings, n, floorMs)
      if (n + 1 >= settings.attempts || waitedMs + waitMs > settings.maxTotalWaitMs) {
        const asked = floorMs > 0 ? `, with a wish to wait ${Math.ceil(floorMs / 1_000)} s` : ''
        throw unavailable(call.what, `${why}${asked}, after ${n + 1} attempts`)
      }
      settings.onWait({ what: call.what, waitMs, why })
      await settings.clock.sleep(waitMs, signal)
      waitedMs += waitMs
    }
  }
}

/** Didomi: 429 comes with `Retry-After`; a 5xx is the server's or a gateway's trouble. */
async function endingOf(send: Send, ...[call, signal]: Parameters<Send>): Promise<Ending> {
  try {
    const answer = await send(call, signal)
    const { status, json, retryAfterMs: floorMs = 0 } = answer
    if (status === 429 || status === 408 || status >= 500) return { why: `HTTP ${status}`, floorMs }
    return status < 300 && json === undefined ? { why: 'an answer that is no JSON', floorMs } : { answer }
  } catch (error) {
    if (error instanceof NoAnswer) return { why: `no answer (${error.why})`, floorMs: 0 }
    throw error
  }
}
