/** Chance that repeats itself: the same seed gives the same numbers in the same order. */

const TWO_TO_32 = 4_294_967_296

/** A small generator (mulberry32): good enough to scatter latencies, unfit for anything secret. */
export class SeededRandom {
  #state: number

  constructor(seed: number) {
    this.#state = seed >>> 0
  }

  /** In [0, 1). */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / TWO_TO_32
  }

  /** Log-normally distributed with median 1: `sigma` 0.25 keeps two of three within a quarter of it. */
  logNormal(sigma: number): number {
    const radius = Math.sqrt(-2 * Math.log(1 - this.next()))
    return Math.exp(sigma * radius * Math.cos(2 * Math.PI * this.next()))
  }
}
