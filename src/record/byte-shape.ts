/** The names of one kind of object, and which of them follows which. */

import { ByteTable } from './byte-table.ts'

/** Names that are guessed after one name. */
const MOST_GUESSES = 4

/** A name as it stands in an object, quotes and colon included, with what it means and which names came after it. */
export interface Member<T> {
  readonly bytes: Buffer
  readonly meaning: T
  readonly next: Member<T>[]
}

/**
 * Machines write members in few orders: the name that follows is guessed from those that followed before, and a guess
 * costs one comparison.
 */
export class Shape<T> {
  readonly #members: ByteTable<Member<T>>
  /** What may come first. */
  readonly first: Member<T>[] = []

  /** @param meaningOf says what a name means */
  constructor(meaningOf: (name: string) => T) {
    this.#members = new ByteTable((name) => ({
      bytes: Buffer.from(`${JSON.stringify(name)}:`),
      meaning: meaningOf(name),
      next: [],
    }))
  }

  /** The shape of an object of which a few names matter: a name means its index, any other −1. */
  static of(...names: readonly string[]): Shape<number> {
    return new Shape((name) => names.indexOf(name))
  }

  /** The member whose name stands in this range, quotes included; from now on it is among the guesses. */
  member(bytes: Buffer, start: number, end: number, guesses: Member<T>[]): Member<T> {
    const member = this.#members.at(bytes, start, end)
    if (guesses.length >= MOST_GUESSES) guesses.pop()
    if (!guesses.includes(member)) guesses.push(member)
    return member
  }
}
