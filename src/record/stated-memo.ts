/** What `consents` objects state, remembered by their bytes: many people make the same choices. */

import type { Stated } from './record.ts'
import { readStatements } from './statements.ts'

/** Remembered texts, and their characters together; beyond either everything is forgotten and begun anew. */
const MOST_TEXTS = 8_192
const MOST_CHARACTERS = 8 * 1024 * 1024
/** A longer text is hardly said twice. */
const LONGEST = 16 * 1024

const NOTHING: Stated = []

export class StatedMemo {
  readonly #known = new Map<string, Stated>()
  #characters = 0

  /** What the checked JSON in this range states; a start below 0 stands for a missing member. */
  statedAt(bytes: Buffer, start: number, end: number): Stated {
    if (start < 0) return NOTHING
    if (end - start > LONGEST) return parse(bytes, start, end)
    const text = bytes.toString('latin1', start, end)
    const known = this.#known.get(text)
    if (known !== undefined) return known
    const stated = parse(bytes, start, end)
    if (this.#known.size >= MOST_TEXTS || this.#characters >= MOST_CHARACTERS) {
      this.#known.clear()
      this.#characters = 0
    }
    this.#known.set(text, stated)
    this.#characters += text.length
    return stated
  }
}

const parse = (bytes: Buffer, start: number, end: number): Stated => [
  ...readStatements(JSON.parse(bytes.toString('utf8', start, end))),
]
