/** A secret that cannot be printed by accident. */

import { inspect } from 'node:util'

const HIDDEN = '[secret]'

/** Holds a secret; printing, logging, joining or serialising it gives `[secret]`. Only `reveal` gives the value. */
export class Secret {
  readonly #value: string

  constructor(value: string) {
    this.#value = value
  }

  /** The value itself: call it where the secret is used, and nowhere before. */
  reveal(): string {
    return this.#value
  }

  toString(): string {
    return HIDDEN
  }

  toJSON(): string {
    return HIDDEN
  }

  [inspect.custom](): string {
    return HIDDEN
  }
}
