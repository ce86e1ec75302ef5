/** How many requests run at once, and the gate that a 429 closes for all of them: limits are counted per user. */

import pLimit from 'p-limit'
import type { Clock } from '../lib/clock.ts'
import type { Wait } from '../lib/retry.ts'
import { retryAfterMs } from '../lib/retry-after.ts'
import { parseApiError } from './errors.ts'
import type { Send } from './send.ts'

export interface LimitSettings {
  /** Requests running at once; lowered while Dataverse says there are too many, and raised again step by step. */
  readonly concurrency: number
  readonly clock: Clock
  readonly onWait: (wait: Wait) => void
}

/** The pause after a 429 without a readable `Retry-After`. */
const UNSAID_PAUSE_MS = 5_000

/** A `Retry-After` beyond this is not believed at once: the gate opens, one request asks again. */
const LONGEST_PAUSE_MS = 600_000

/** "Number of concurrent requests exceeded the limit" (Dataverse: service protection limits). */
const TOO_MANY_AT_ONCE = '0x80072326'

/** Replies without a 429 after which one more request may run at once. */
const RAISE_AFTER = 50

/**
 * Runs at most `concurrency` requests; one limit belongs to one application user. After a 429 no request starts
 * before the gate opens, because pushing on lengthens `Retry-After`.
 */
export function withLimit(send: Send, { concurrency, clock, onWait }: LimitSettings): Send {
  const limit = pLimit(concurrency)
  let closedUntilMs = Number.NEGATIVE_INFINITY
  let calm = 0

  const passGate = async (signal: AbortSignal): Promise<void> => {
    for (let waitMs = closedUntilMs - clock.monotonic(); waitMs > 0; waitMs = closedUntilMs - clock.monotonic()) {
      await clock.sleep(waitMs, signal)
    }
  }

  const closeGate = (what: string, pauseMs: number): void => {
    calm = 0
    const untilMs = clock.monotonic() + pauseMs
    if (untilMs <= closedUntilMs) return
    closedUntilMs = untilMs
    onWait({ what, waitMs: pauseMs, why: 'throttled: all requests wait' })
  }

  return (request, signal) =>
    limit(async () => {
      signal.throwIfAborted()
      await passGate(signal)
      const reply = await send(request, signal)
      if (reply.status === 429) {
        const pauseMs = Math.min(retryAfterMs(reply.headers, clock.now()) ?? UNSAID_PAUSE_MS, LONGEST_PAUSE_MS)
        closeGate(request.what, pauseMs)
        if (parseApiError(429, reply.body).code === TOO_MANY_AT_ONCE) {
          limit.concurrency = Math.max(1, Math.floor(limit.concurrency / 2))
        }
      } else if (limit.concurrency < concurrency && ++calm % RAISE_AFTER === 0) {
        limit.concurrency += 1
      }
      return reply
    })
}
