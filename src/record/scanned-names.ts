/** Answers what the scanner asks of a name that it meets for the first time: which number it has. */

import { keyText } from '../consent/key.ts'
import { asId } from './json.ts'
import { type Names, NO_NUMBER } from './names.ts'

/** What a name is a name of, as `assembly/names.ts` numbers it; anything else is a member of the metadata. */
const PURPOSE = 0
const PREFERENCE = 1
const CHANNEL = 2
const PURPOSE_CHANNEL = 3

/** Two numbers of names that are asked for together. */
export type NumberPair = readonly [number, number]

export class ScannedNames {
  readonly #names: Names
  readonly #keep: (pair: number, numbers: NumberPair) => void
  readonly #pairs = new Map<string, number>()
  /** By pair: the purpose it is of. */
  readonly #purposes: string[] = []

  /** @param keep puts the numbers of a new pair where the scanner looks for them */
  constructor(names: Names, keep: (pair: number, numbers: NumberPair) => void) {
    this.#names = names
    this.#keep = keep
  }

  /**
   * The number of a name: of a purpose or a preference that of its pair, of anything else its own. `NO_NUMBER` for what
   * is no usable id or finds no room. `within` is the pair of the purpose that a preference or a channel belongs to.
   */
  numberOf(kind: number, within: number, text: string): number {
    if (kind > PURPOSE_CHANNEL) return this.#names.numberOf(`metadata/${text}`)
    const id = asId(text)
    if (id === undefined) return NO_NUMBER
    const purpose = this.#purposes[within] ?? ''
    switch (kind) {
      case PURPOSE:
        return this.#purpose(id)
      case PREFERENCE:
        return this.#pair(
          keyText({ kind: 'preference', purpose, preference: id }),
          keyText({ kind: 'set', purpose, preference: id }),
        )
      case CHANNEL:
        return this.#names.numberOf(keyText({ kind: 'channel', channel: id }))
      default:
        return this.#names.numberOf(keyText({ kind: 'purpose-channel', purpose, channel: id }))
    }
  }

  #purpose(purpose: string): number {
    const pair = this.#pair(keyText({ kind: 'purpose', purpose }), keyText({ kind: 'purpose-li', purpose }))
    if (pair !== NO_NUMBER) this.#purposes[pair] = purpose
    return pair
  }

  #pair(first: string, second: string): number {
    const known = this.#pairs.get(first)
    if (known !== undefined) return known
    const numbers = [this.#names.numberOf(first), this.#names.numberOf(second)] as const
    if (numbers.includes(NO_NUMBER)) return NO_NUMBER
    const pair = this.#pairs.size
    this.#pairs.set(first, pair)
    this.#keep(pair, numbers)
    return pair
  }
}
