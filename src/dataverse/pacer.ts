/** The pace of one application user, kept while it works: replies become observations, and the pure step decides. */

import { retryAfterMs } from '../lib/retry-after.ts'
import type { Load } from '../pace/cost.ts'
import { begin, type Limit, observe, type PaceSettings } from '../pace/pace.ts'
import { mostAtOnce, type Permits, permitsOf } from '../pace/permits.ts'
import { classify, parseApiError } from './errors.ts'
import type { Reply } from './send.ts'

/** The limit behind a code (Dataverse: service protection limits). */
const LIMITS: Readonly<Record<string, Limit>> = {
  '0x80072322': 'requests',
  '0x80072321': 'execution-time',
  '0x80072326': 'concurrency',
}

/** What was counted of one application user. Seconds are of our clock, from sending to the whole answer. */
export interface PacerFigures {
  readonly requests: number
  readonly executionSeconds: number
  readonly throttles: Readonly<Record<string, number>>
}

/** Mutable only as the holder of a state that pure functions replace. */
export class Pacer {
  readonly #settings: PaceSettings
  #state
  #requests = 0
  #executionMs = 0
  readonly #throttles: Record<string, number> = {}

  constructor(settings: PaceSettings) {
    this.#settings = settings
    this.#state = begin(settings)
  }

  get figures(): PacerFigures {
    return {
      requests: this.#requests,
      executionSeconds: this.#executionMs / 1_000,
      throttles: { ...this.#throttles },
    }
  }

  /** What is documented, before anything was learned. */
  get bounds(): PaceSettings {
    return this.#settings
  }

  /** Requests that may be at work at once, as far as this user's own limits go. */
  get mostAtOnce(): number {
    return mostAtOnce(this.#settings, this.#state)
  }

  permits(load: Load, nowMs: number): Permits {
    return permitsOf(this.#settings, this.#state, load, nowMs)
  }

  sent(load: Load, nowMs: number): void {
    this.#requests += 1
    this.#state = observe(this.#settings, this.#state, { kind: 'sent', load }, nowMs)
  }

  withdrawn(load: Load, sentAtMs: number, nowMs: number): void {
    this.#state = observe(this.#settings, this.#state, { kind: 'withdrawn', load, sentAtMs }, nowMs)
  }

  failed(load: Load, sentAtMs: number, nowMs: number): void {
    this.#state = observe(this.#settings, this.#state, { kind: 'failed', load, sentAtMs }, nowMs)
  }

  /**
   * Learns from a reply, and answers the limit that it named if it was refused for one; `nowMs` is monotonic, `wallMs` dates
   * a `Retry-After` that is a date.
   */
  replied(reply: Reply, load: Load, sentAtMs: number, nowMs: number, wallMs: number): Limit | undefined {
    const wish = retryAfterMs(reply.headers, wallMs)
    const wishMs = wish === undefined ? {} : { wishMs: wish }
    const settings = this.#settings
    if (reply.status === 429) {
      const { code } = parseApiError(429, reply.body)
      const limit = LIMITS[code] ?? 'unnamed'
      this.#throttles[limit] = (this.#throttles[limit] ?? 0) + 1
      this.#state = observe(settings, this.#state, { kind: 'refused', load, sentAtMs, limit, ...wishMs }, nowMs)
      return limit
    }
    if (isUnavailable(reply)) {
      this.#state = observe(settings, this.#state, { kind: 'failed', load, sentAtMs, ...wishMs }, nowMs)
    } else {
      this.#executionMs += nowMs - sentAtMs
      this.#state = observe(settings, this.#state, { kind: 'answered', load, sentAtMs }, nowMs)
    }
    return undefined
  }
}

/** A gateway that speaks for a server it does not reach. An SQL error is the server at work. */
export function isUnavailable(reply: Reply): boolean {
  return (
    (reply.status === 502 || reply.status === 503 || reply.status === 504) &&
    classify(parseApiError(reply.status, reply.body)) !== 'deadlock'
  )
}
