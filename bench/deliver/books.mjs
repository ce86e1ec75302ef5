/** What the virtual server knows of rows: which it refuses for what they hold, which were applied, and how often. */

/** Rows are told apart by their number, which is the end of their id. */
const ID_START = '00000000-0000-4000-8000-'
const DIGITS = 12

/** @param {number} row */
export const idOf = (row) => ID_START + String(row).padStart(DIGITS, '0')

/** The rows that a text names, in order. @param {string} text @returns {number[]} */
export function rowsIn(text) {
  const rows = []
  for (let at = text.indexOf(ID_START); at >= 0; at = text.indexOf(ID_START, at + DIGITS)) {
    at += ID_START.length
    rows.push(Number(text.slice(at, at + DIGITS)))
  }
  return rows
}

/** A number in [0, 1) for each row: the same for the same seed, whatever was asked before. @param {number} row @param {number} seed */
function chance(row, seed) {
  let mixed = Math.imul(row ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul(seed + 1, 0xc2b2ae35)
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x2c1b3c6d)
  mixed = Math.imul(mixed ^ (mixed >>> 12), 0x297a2d39)
  return ((mixed ^ (mixed >>> 15)) >>> 0) / 4_294_967_296
}

/** Rows applied and refused, counted by the server. */
export class Books {
  #badShare
  #seed
  #until
  #slotS
  /** Times that each row was applied, and refused alone. */
  #applied = new Uint8Array(1_048_576)
  #refused = new Uint8Array(1_048_576)
  /** Applied up to the end of the measurement, and in each slot of time. */
  counted = 0
  /** @type {number[]} */
  slots = []

  /** @param {{ badShare: number, seed: number, untilS: number, slotS: number }} settings */
  constructor({ badShare, seed, untilS, slotS }) {
    this.#badShare = badShare
    this.#seed = seed
    this.#until = untilS
    this.#slotS = slotS
  }

  /** @param {number} row */
  isBad(row) {
    return this.#badShare > 0 && chance(row, this.#seed) < this.#badShare
  }

  /** @param {readonly number[]} rows @param {number} nowS */
  apply(rows, nowS) {
    for (const row of rows) this.#count('applied', row)
    if (nowS > this.#until) return
    const slot = Math.floor(nowS / this.#slotS)
    this.slots[slot] = (this.slots[slot] ?? 0) + rows.length
    this.counted += rows.length
  }

  /** A row was refused in a request, or a part of a batch, of its own. @param {number} row */
  refuse(row) {
    this.#count('refused', row)
  }

  /** @param {'applied' | 'refused'} what @param {number} row */
  #count(what, row) {
    if (row >= this.#applied.length) {
      this.#applied = grown(this.#applied, row)
      this.#refused = grown(this.#refused, row)
    }
    const times = what === 'applied' ? this.#applied : this.#refused
    times[row] += 1
  }

  /**
   * What became of the rows from 0 to `offered`: how many were applied, how many of those more than once, how many bad ones
   * were refused by themselves, and how many had neither fate.
   *
   * @param {number} offered
   */
  fates(offered) {
    const fates = { good: 0, bad: 0, applied: 0, repeated: 0, refusedAlone: 0, lost: 0 }
    for (let row = 0; row < offered; row += 1) {
      const bad = this.isBad(row)
      const times = (bad ? this.#refused[row] : this.#applied[row]) ?? 0
      fates[bad ? 'bad' : 'good'] += 1
      if (times === 0) fates.lost += 1
      else fates[bad ? 'refusedAlone' : 'applied'] += 1
      if (!bad && times > 1) fates.repeated += 1
    }
    return fates
  }
}

/** @param {Uint8Array} counts @param {number} row */
function grown(counts, row) {
  const larger = new Uint8Array(Math.max(row + 1, counts.length * 2))
  larger.set(counts)
  return larger
}
