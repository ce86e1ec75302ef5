/** Remembers what was made of the texts that lines repeat, by their bytes: a text already met is not decoded again. */

import { textAt } from './byte-text.ts'

/** Texts come from outside: a table this full is emptied. */
const MOST_ENTRIES = 16_384
/** Longer texts are hardly met twice. */
const LONGEST = 512

interface Entry<T> {
  readonly bytes: Buffer
  readonly made: T
  readonly next: Entry<T> | undefined
}

export class ByteTable<T> {
  readonly #make: (text: string) => T
  readonly #byHash = new Map<number, Entry<T>>()
  #count = 0

  constructor(make: (text: string) => T) {
    this.#make = make
  }

  /** What was made of the JSON string in this range, its quotes included. */
  at(bytes: Buffer, start: number, end: number): T {
    if (end - start > LONGEST) return this.#make(textAt(bytes, start, end))
    let hash = end - start
    for (let at = start; at < end; at += 1) hash = (Math.imul(hash, 31) + (bytes[at] ?? 0)) | 0
    const first = this.#byHash.get(hash)
    for (let entry = first; entry !== undefined; entry = entry.next) {
      if (isAt(bytes, start, end, entry.bytes)) return entry.made
    }
    const made = this.#make(textAt(bytes, start, end))
    if (this.#count >= MOST_ENTRIES) {
      this.#byHash.clear()
      this.#count = 0
    }
    const next = this.#count === 0 ? undefined : first
    this.#byHash.set(hash, { bytes: Buffer.from(bytes.subarray(start, end)), made, next })
    this.#count += 1
    return made
  }
}

/** Do these bytes stand in the range? */
export function isAt(bytes: Buffer, start: number, end: number, other: Buffer): boolean {
  if (other.length !== end - start) return false
  for (let place = 0; place < other.length; place += 1) if (bytes[start + place] !== other[place]) return false
  return true
}
