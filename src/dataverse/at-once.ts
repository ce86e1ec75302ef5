/** How many requests of all application users are at work at once, and may be: the holder of what pure functions learn. */

import { answeredAtOnce, beginConcurrency } from '../pace/concurrency.ts'
import type { Load } from '../pace/cost.ts'
import type { Reply } from './send.ts'

/** A request at work. */
export interface AtWork {
  readonly load: Load
  readonly sentAtMs: number
}

/** How many more than before may be at work after an answer. */
const MORE = 3

interface AtOnceSettings {
  readonly start: number
  readonly most: number
  /** Execution that is surely allowed. */
  readonly thriftyMs: number
  readonly windowMs: number
}

/** Mutable only as the holder of a state that pure functions replace. */
export class AtOnce {
  readonly #windowMs: number
  readonly #start: number
  #concurrency
  #atWork = 0
  /** As many as are allowed are not sent all at once: they might all be refused together. */
  #upTo

  constructor({ start, most, thriftyMs, windowMs }: AtOnceSettings) {
    this.#windowMs = windowMs
    this.#start = start
    this.#upTo = start
    this.#concurrency = beginConcurrency(start, most, thriftyMs)
  }

  get allowed(): number {
    return this.#concurrency.allowed
  }

  get isFull(): boolean {
    return this.#atWork >= Math.min(this.allowed, this.#upTo)
  }

  sent(load: Load, nowMs: number): AtWork {
    this.#atWork += 1
    return { load, sentAtMs: nowMs }
  }

  /** It has ended; `reply` where there was one. What the server refused took it another time than what it did. */
  ended(request: AtWork, reply: Reply | undefined, nowMs: number): void {
    const full = this.#atWork >= this.allowed
    this.#upTo = Math.max(this.#start, this.#atWork + MORE)
    this.#atWork -= 1
    if (reply === undefined || reply.status >= 400) return
    const answer = { ...request, full, ...hintOf(reply) }
    this.#concurrency = answeredAtOnce(this.#concurrency, answer, { nowMs, windowMs: this.#windowMs })
  }
}

function hintOf({ headers }: Reply): { hint?: number } {
  const hint = Number(headers['x-ms-dop-hint'])
  return Number.isInteger(hint) && hint > 0 ? { hint } : {}
}
