/** Numbers for the few names that every line repeats: keys of choices, names of attributes. */

/** The number of a name that found no room. */
export const NO_NUMBER = -1

/** Names come from outside (metadata is free-form): beyond so many, records carry theirs themselves. */
const MOST_NAMES = 65_536

/** Names numbered from 0 in the order in which they came. */
export class Names {
  readonly #numbers = new Map<string, number>()
  readonly texts: string[] = []

  /** The number of a name, a new one for a new name; `NO_NUMBER` where the table is full. */
  numberOf(text: string): number {
    const known = this.#numbers.get(text)
    if (known !== undefined) return known
    if (this.texts.length >= MOST_NAMES) return NO_NUMBER
    const number = this.texts.length
    this.#numbers.set(text, number)
    this.texts.push(text)
    return number
  }
}
