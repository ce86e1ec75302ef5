/** Reduces one bucket: the entries of each Didomi user become one state (semantics §3). */

import type { KeyText } from '../consent/key.ts'
import { KeysTold } from './keys-told.ts'
import type { BucketSource } from './spill.ts'
import { StateReducer } from './state-reducer.ts'

export interface ReducedBucket {
  /** One for each Didomi user, in order of person and `user.id`; packed (`unpackRows`). */
  readonly rows: Uint8Array<ArrayBuffer>
  /** Keys that the states make known (semantics §4) and that this reducer has not told before. */
  readonly keys: readonly KeyText[]
}

/** Reduces bucket after bucket; what it learns of names it keeps. */
export class BucketReducer {
  readonly #keys = new KeysTold()
  readonly #states = StateReducer.ofThread()

  /** Lets go of the tables of names met so far: those of another group are others, though they say the same. */
  forget(): void {
    this.#states.forget()
  }

  /** @param damaged numbers of parts that do not count */
  reduce(sources: readonly BucketSource[], damaged: ReadonlySet<number>): ReducedBucket {
    const { rows } = this.#states.reduce(sources, damaged, this.#keys)
    return { rows, keys: this.#keys.take() }
  }
}
