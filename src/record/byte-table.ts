/** Remembers what was made of the texts that lines repeat, by their bytes: a text already met is not decoded again. */

import { textAt } from './byte-text.ts'

/** Texts come from outside: a table this full is emptied. */
const MOST_ENTRIES = 16_384
/** Longer texts are hardly met twice. */
const LONGEST = 512

interface Entry<T> {
  readonly bytes: Buffer
  readonly made: T
  /** Another text of the same hash. */
  readonly next: Entry<T> | undefined
  /** The text that came after this one: it may come again. */
  after: Entry<T> | undefined
}

export class ByteTable<T> {
  readonly #make: (text: string) => T
  readonly #byHash = new Map<number, Entry<T>>()
  #count = 0
  #last: Entry<T> | undefined

  constructor(make: (text: string) => T) {
    this.#make = make
  }

  /** What was made of the JSON string in this range, its quotes included. */
  at(bytes: Buffer, start: number, end: number): T {
    const guess = this.#last?.after
    if (guess !== undefined && isAt(bytes, start, end, guess.bytes)) {
      this.#last = guess
      return guess.made
    }
    if (end - start > LONGEST) return this.#make(textAt(bytes, start, end))
    const entry = this.#find(bytes, start, end)
    if (this.#last !== undefined) this.#last.after = entry
    this.#last = entry
    return entry.made
  }

  #find(bytes: Buffer, start: number, end: number): Entry<T> {
    let hash = end - start
    for (let at = start; at < end; at += 1) hash = (Math.imul(hash, 31) + (bytes[at] as number)) | 0
    const first = this.#byHash.get(hash)
    for (let entry = first; entry !== undefined; entry = entry.next) {
      if (isAt(bytes, start, end, entry.bytes)) return entry
    }
    const made = this.#make(textAt(bytes, start, end))
    const full = this.#count >= MOST_ENTRIES
    if (full) {
      this.#byHash.clear()
      this.#count = 0
      this.#last = undefined
    }
    const entry = {
      bytes: Buffer.from(bytes.subarray(start, end)),
      made,
      next: full ? undefined : first,
      after: undefined,
    }
    this.#byHash.set(hash, entry)
    this.#count += 1
    return entry
  }
}

/** Do these bytes stand in the range? */
export function isAt(bytes: Buffer, start: number, end: number, other: Buffer): boolean {
  return other.length === end - start && startsWith(bytes, start, other)
}

/** Do these bytes stand at `start`? */
export function startsWith(bytes: Buffer, start: number, other: Buffer): boolean {
  for (let place = 0; place < other.length; place += 1) if (bytes[start + place] !== other[place]) return false
  return true
}
