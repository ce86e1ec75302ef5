/** Politeness: where the server's budget of requests is used up, the next one waits until there is a new one. */

import type { Clock } from '../lib/clock.ts'
import type { Wait } from '../lib/retry.ts'
import type { Send } from './send.ts'

/** The longest rest that is believed: a header must not stop a night's work. */
const LONGEST_REST_MS = 300_000

/**
 * Reads the `RateLimit` header of the IETF's seventh draft (Didomi: rate limits): `limit=100, remaining=0, reset=12`, in
 * seconds. Milliseconds to rest; `undefined` where something is left of the budget.
 */
export function restOf(header: string | undefined): number | undefined {
  const part = (name: string) => {
    const figure = new RegExp(`(?:^|[,;\\s])${name}=(\\d{1,9})(?:$|[,;\\s])`).exec(header ?? '')?.[1]
    return figure === undefined ? undefined : Number(figure)
  }
  const [remaining, resetSeconds] = [part('remaining'), part('reset')]
  if (remaining === undefined || resetSeconds === undefined || remaining > 0) return undefined
  return Math.min(LONGEST_REST_MS, resetSeconds * 1_000)
}

/** Holds every call back until the budget is new. */
export function withPace(
  send: Send,
  { clock, onWait }: { readonly clock: Clock; readonly onWait: (wait: Wait) => void },
): Send {
  let notBeforeMs = Number.NEGATIVE_INFINITY
  return async (call, signal) => {
    const waitMs = notBeforeMs - clock.monotonic()
    if (waitMs > 0) {
      onWait({ what: call.what, waitMs, why: 'the budget of requests is used up' })
      await clock.sleep(waitMs, signal)
    }
    const answer = await send(call, signal)
    // A refusal says itself how long to wait.
    if (answer.restMs !== undefined && answer.status !== 429) notBeforeMs = clock.monotonic() + answer.restMs
    return answer
  }
}
