/** Chance with a seed, fast enough for millions of lines: the same words give the same values on every machine. */

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))
const BASE64URL = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'

/** Values drawn and thrown away at the start, until every bit of the seed has reached every bit of the state. */
const WARM_UP = 12

/**
 * A small generator with 128 bits of state (three words that chase each other, and a counter). A state of 32 bits would
 * not do: two of two million people would begin at the same place, and share an id.
 */
export class Chance {
  #a
  #b
  #c
  #count = 1

  /**
   * @param {number} seed
   * @param {number} purpose what is drawn: one purpose never disturbs another
   * @param {number} index whom it is drawn for
   */
  constructor(seed, purpose, index) {
    this.#a = seed | 0
    this.#b = purpose | 0
    this.#c = index | 0
    for (let drawn = 0; drawn < WARM_UP; drawn += 1) this.word()
  }

  /** A whole number of 32 bits. */
  word() {
    const sum = (this.#a + this.#b + this.#count) | 0
    this.#count = (this.#count + 1) | 0
    this.#a = this.#b ^ (this.#b >>> 9)
    this.#b = (this.#c + (this.#c << 3)) | 0
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + sum) | 0
    return sum >>> 0
  }

  /** A number in [0, 1). */
  next() {
    return this.word() / 2 ** 32
  }

  /** A whole number in [0, limit). @param {number} limit */
  below(limit) {
    return Math.floor(this.next() * limit)
  }

  /** True in `share` of the calls. @param {number} share */
  yes(share) {
    return this.next() < share
  }

  /** One of the items, each as likely. @template T @param {readonly T[]} items @returns {T} */
  pick(items) {
    return /** @type {T} */ (items[this.below(items.length)])
  }

  /** The place of the first limit above a number in [0, 1). @param {readonly number[]} limits ascending, the last is 1 */
  place(limits) {
    const drawn = this.next()
    return limits.findIndex((limit) => drawn < limit)
  }

  /** @param {number} bytes a multiple of 4 */
  hex(bytes) {
    const digits = (/** @type {number} */ byte) => HEX[byte & 255] ?? ''
    let text = ''
    for (let made = 0; made < bytes; made += 4) {
      const word = this.word()
      text += digits(word >>> 24) + digits(word >>> 16) + digits(word >>> 8) + digits(word)
    }
    return text
  }

  /** A version 4 UUID. */
  uuid() {
    const hex = this.hex(16)
    const variant = '89ab'[this.below(4)]
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20)}`
  }

  /** @param {number} length */
  base64url(length) {
    let text = ''
    while (text.length < length) text += BASE64URL[this.word() & 63]
    return text
  }
}

/** Limits for `place` that make earlier places likelier: the n-th weighs 1/n, as popularity does. @param {number} count */
export function skewed(count) {
  const weights = Array.from({ length: count }, (_, place) => 1 / (place + 1))
  return limitsOf(weights)
}

/** Weights as limits for `place`. @param {readonly number[]} weights */
export function limitsOf(weights) {
  const all = weights.reduce((sum, weight) => sum + weight, 0)
  let sum = 0
  return weights.map((weight, place) => {
    sum += weight
    return place === weights.length - 1 ? 1 : sum / all
  })
}
