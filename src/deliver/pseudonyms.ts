/** Keyed hashes: how logs, reports and evidence refer to a place or a person without naming it. */

import { createHmac } from 'node:crypto'

export class Pseudonyms {
  readonly #key: Uint8Array

  constructor(key: Uint8Array) {
    this.#key = key
  }

  /** 24 hex digits of an HMAC-SHA-256: the same text gives the same reference within one store, and nowhere else. */
  of(text: string): string {
    return createHmac('sha256', this.#key).update(text, 'utf8').digest('hex').slice(0, 24)
  }
}
