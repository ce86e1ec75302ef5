/** Samples of persons, and what they tell of all. Pure: chance comes from outside. */

/** So many of the items, each with the same chance; all where there are no more. `random` gives [0, 1). */
export class Reservoir<T> {
  readonly items: T[] = []
  #offered = 0
  readonly #size: number
  readonly #random: () => number

  constructor(size: number, random: () => number) {
    this.#size = size
    this.#random = random
  }

  /** How many were offered. */
  get offered(): number {
    return this.#offered
  }

  offer(item: T): void {
    this.#offered += 1
    if (this.items.length < this.#size) {
      this.items.push(item)
      return
    }
    const at = Math.floor(this.#random() * this.#offered)
    if (at < this.#size) this.items[at] = item
  }
}

/** With this confidence the true share is not above the bound. */
export const CONFIDENCE = 0.95

/**
 * The upper bound of a share of which `found` cases were seen among `looked` (Clopper and Pearson, one-sided): with a
 * greater share, so few would be seen in less than one of twenty samples. Sampling without putting back makes it wide, never
 * too narrow.
 */
export function upperBound(found: number, looked: number): number {
  if (found >= looked) return 1
  let [low, high] = [found / looked, 1]
  for (let step = 0; step < 60; step += 1) {
    const middle = (low + high) / 2
    if (atMost(found, looked, middle) > 1 - CONFIDENCE) low = middle
    else high = middle
  }
  return high
}

/** The chance of at most `found` cases of share `share` among `looked`, summed by logarithms. */
function atMost(found: number, looked: number, share: number): number {
  let term = looked * Math.log1p(-share)
  let sum = Math.exp(term)
  for (let at = 1; at <= found; at += 1) {
    term += Math.log((looked - at + 1) / at) + Math.log(share) - Math.log1p(-share)
    sum += Math.exp(term)
  }
  return sum
}
