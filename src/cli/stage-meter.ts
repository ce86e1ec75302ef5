/** How far a stage is, how fast it goes and when it will be done. */

import type { Clock } from '../lib/clock.ts'

export interface StageFigures {
  readonly done: number
  /** Absent where nobody knows how many there will be. */
  readonly total?: number
  /** Of late, not since the beginning: after a long wait the beginning says little. */
  readonly perSecond: number
  /** Absent without a total, and while nothing moves. */
  readonly secondsLeft?: number
}

/** Of late: this many milliseconds. */
const LATELY_MS = 60_000

/** Counts, by a clock that is given. */
export class StageMeter {
  readonly #clock: Clock
  readonly #total: number | undefined
  readonly #begunMs: number
  /** What was done at moments of the last minute, oldest first; a second apart at least, so that there are few. */
  readonly #marks: Array<{ readonly atMs: number; readonly done: number }>
  #done = 0

  constructor(clock: Clock, total: number | undefined) {
    this.#clock = clock
    this.#total = total
    this.#begunMs = clock.monotonic()
    this.#marks = [{ atMs: this.#begunMs, done: 0 }]
  }

  get elapsedMs(): number {
    return this.#clock.monotonic() - this.#begunMs
  }

  advance(count: number): void {
    this.#done += count
    const atMs = this.#clock.monotonic()
    if (atMs - (this.#marks.at(-1)?.atMs ?? atMs) >= 1_000) this.#marks.push({ atMs, done: this.#done })
  }

  figures(): StageFigures {
    const nowMs = this.#clock.monotonic()
    const sinceMs = nowMs - LATELY_MS
    // The last mark before the minute stays: it tells what was done when the minute began.
    while ((this.#marks[1]?.atMs ?? nowMs) <= sinceMs) this.#marks.shift()
    const from = this.#marks[0] ?? { atMs: this.#begunMs, done: 0 }
    const perSecond = ((this.#done - from.done) * 1_000) / Math.max(1_000, nowMs - Math.max(from.atMs, sinceMs))
    const total = this.#total
    if (total === undefined) return { done: this.#done, perSecond }
    const left = Math.max(0, total - this.#done)
    return { done: this.#done, total, perSecond, ...(perSecond > 0 && { secondsLeft: left / perSecond }) }
  }
}

/** What is waited for just now, if anything: the newest that was told and is not over. */
export class CurrentWait {
  readonly #clock: Clock
  #what = ''
  #untilMs = Number.NEGATIVE_INFINITY

  constructor(clock: Clock) {
    this.#clock = clock
  }

  tell(what: string, waitMs: number): void {
    const untilMs = this.#clock.monotonic() + waitMs
    // A short wait of one does not end the long one of another.
    if (untilMs < this.#untilMs) return
    this.#what = what
    this.#untilMs = untilMs
  }

  get now(): { readonly what: string; readonly leftMs: number } | undefined {
    const leftMs = this.#untilMs - this.#clock.monotonic()
    return leftMs > 0 ? { what: this.#what, leftMs } : undefined
  }
}
