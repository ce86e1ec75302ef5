/**
 * The service protection limits as arithmetic: what one user may do on one web server within a sliding window. Knows no
 * clock; every event comes with its time. (Dataverse: service protection API limits; how a lock-out grows is not
 * documented and therefore a setting.)
 */

/** The figures of the limits. All times in milliseconds. */
export interface LimitSettings {
  readonly windowMs: number
  /** Requests within a window. */
  readonly requests: number
  /** Combined execution time within a window; a request is charged when it completes. */
  readonly executionMs: number
  /** Requests at work at once. */
  readonly concurrent: number
  /**
   * By how much each request sent during a lock-out lengthens it; such a request also counts as a request of the
   * window. 0: gentle, pushing costs nothing. (Dataverse: continued demand extends the duration; by how much is unknown.)
   */
  readonly pushMs: number
}

/** The documented defaults: 6,000 requests, 20 minutes of execution and 52 at once in five minutes. */
export const DOCUMENTED_LIMITS: LimitSettings = {
  windowMs: 300_000,
  requests: 6_000,
  executionMs: 1_200_000,
  concurrent: 52,
  pushMs: 1_000,
}

/** Which of the three limits was met. */
export type Limit = 'requests' | 'execution-time' | 'concurrency'

/** What happens to a request at the door; `waitMs` is the time until one would be let in. */
export type Admission =
  | { readonly admitted: true }
  | { readonly admitted: false; readonly limit: Limit; readonly waitMs: number }

const ADMITTED: Admission = { admitted: true }
/** How long to stay away when too many are at work: no window has to pass, so the least that Retry-After can say. */
const CONCURRENCY_WAIT_MS = 1_000

/** Amounts with their times, oldest first; those older than a window fall out. */
class Window {
  readonly #lengthMs: number
  #times: number[] = []
  #amounts: number[] = []
  #head = 0
  #sum = 0

  constructor(lengthMs: number) {
    this.#lengthMs = lengthMs
  }

  add(now: number, amount: number): void {
    this.#times.push(now)
    this.#amounts.push(amount)
    this.#sum += amount
  }

  sum(now: number): number {
    while (this.#head < this.#times.length && this.#leavesAt(this.#head) <= now) {
      this.#sum -= this.#amounts[this.#head] ?? 0
      this.#head++
    }
    if (this.#head === this.#times.length) this.#sum = 0
    if (this.#head > 1_024 && this.#head * 2 > this.#times.length) {
      this.#times = this.#times.slice(this.#head)
      this.#amounts = this.#amounts.slice(this.#head)
      this.#head = 0
    }
    return this.#sum
  }

  /** The first moment at which the sum is below the limit, if nothing is added. */
  belowAt(limit: number, now: number): number {
    let sum = this.sum(now)
    let at = now
    for (let index = this.#head; index < this.#times.length && sum >= limit; index++) {
      sum -= this.#amounts[index] ?? 0
      at = this.#leavesAt(index)
    }
    return at
  }

  #leavesAt(index: number): number {
    return (this.#times[index] ?? 0) + this.#lengthMs
  }
}

/** The allowance of one user on one server. Times must not run backwards. */
export class Allowance {
  readonly #settings: LimitSettings
  readonly #requests: Window
  readonly #execution: Window
  #atWork = 0
  #locked: { readonly limit: Limit; untilMs: number } | undefined

  constructor(settings: LimitSettings) {
    this.#settings = settings
    this.#requests = new Window(settings.windowMs)
    this.#execution = new Window(settings.windowMs)
  }

  /** A request arrives, whole batch or single row alike. Who is admitted must `complete` once. */
  arrive(now: number): Admission {
    const { requests, executionMs, concurrent, pushMs } = this.#settings
    if (this.#locked !== undefined && now < this.#locked.untilMs) {
      if (pushMs > 0) {
        this.#locked.untilMs += pushMs
        this.#requests.add(now, 1)
      }
      return refusal(this.#locked.limit, this.#locked.untilMs - now)
    }
    this.#locked = undefined
    // Nothing is used up by this one, so nothing is locked: room comes as soon as one at work is done.
    if (this.#atWork >= concurrent) return refusal('concurrency', CONCURRENCY_WAIT_MS)
    if (this.#requests.sum(now) >= requests) return this.#lock('requests', this.#requests.belowAt(requests, now), now)
    if (this.#execution.sum(now) >= executionMs) {
      return this.#lock('execution-time', this.#execution.belowAt(executionMs, now), now)
    }
    this.#requests.add(now, 1)
    this.#atWork++
    return ADMITTED
  }

  /** An admitted request is done after `executionMs` of work, whatever came of it. */
  complete(now: number, executionMs: number): void {
    this.#atWork--
    this.#execution.add(now, executionMs)
  }

  /** What is left of the window; never below 0. */
  remaining(now: number): { readonly requests: number; readonly executionMs: number } {
    return {
      requests: Math.max(0, this.#settings.requests - this.#requests.sum(now)),
      executionMs: Math.max(0, this.#settings.executionMs - this.#execution.sum(now)),
    }
  }

  #lock(limit: Limit, untilMs: number, now: number): Admission {
    this.#locked = { limit, untilMs }
    return refusal(limit, untilMs - now)
  }
}

function refusal(limit: Limit, waitMs: number): Admission {
  return { admitted: false, limit, waitMs }
}
