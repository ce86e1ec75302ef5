/** Which keys of a group have been told to the caller (semantics §4). */

import type { ChoiceText } from '../consent/choice.ts'
import type { KeyText } from '../consent/key.ts'
import { keysOf, valueKeysOf } from '../mapping/known-ids.ts'

/** Each key is told once, with the purpose above it and the values of its sets. */
export class KeysTold {
  readonly #told = new Set<KeyText>()
  /** Keys to be told with the bucket at hand. */
  #fresh: KeyText[] = []

  tell(name: KeyText): void {
    if (this.#told.has(name)) return
    for (const key of keysOf(name)) this.#add(key)
  }

  tellSet(name: KeyText, choice: ChoiceText): void {
    for (const key of valueKeysOf(name, choice)) this.#add(key)
  }

  take(): KeyText[] {
    const fresh = this.#fresh
    this.#fresh = []
    return fresh
  }

  #add(key: KeyText): void {
    if (this.#told.has(key)) return
    this.#told.add(key)
    this.#fresh.push(key)
  }
}
