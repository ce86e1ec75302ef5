/** One number over all states, whatever their order: equal states give equal digests. */

import { createHash } from 'node:crypto'

export class Digest {
  #sum = 0n
  #states = 0

  /** Takes the final state of one Didomi user of one person. @param {string} ouid @param {string} userId @param {string} state */
  add(ouid, userId, state) {
    const hash = createHash('sha256')
      .update(JSON.stringify([ouid, userId, state]))
      .digest()
    this.#sum = BigInt.asUintN(64, this.#sum + hash.readBigUInt64BE(0))
    this.#states += 1
  }

  /** The number of states and the sum of the first 8 bytes of their hashes. */
  get value() {
    return { states: this.#states, digest: this.#sum.toString(16).padStart(16, '0') }
  }
}
