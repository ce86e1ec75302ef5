/** A store that keeps nothing: what reading and joining cost without one. */

import { Digest } from './digest.mjs'

/**
 * @param {boolean} withDigest keeps the states after all, because a large export is joined in several groups
 * @returns {{store: import('../dist/src/store/store.js').Store, result: () => {states: number, digest?: string}}}
 */
export function statesLetGo(withDigest) {
  let states = 0
  /** @type {Map<string, {ouid: string, userId: string, state: string}>} */
  const kept = new Map()

  /** @type {Partial<import('../dist/src/store/store.js').Store>} */
  const known = {
    partitions: async () => [],
    bookmark: async () => undefined,
    notePartition: async () => {},
    objectsIngested: async () => {},
    knownIds: async () => [],
    addKnownIds: async () => {},
    joinStates: async (rows, join) => {
      states += rows.length
      if (withDigest) {
        for (const { person, ouid, userId, state } of rows) {
          const record = `${person}${userId}`
          const before = kept.get(record)
          kept.set(record, { ouid, userId, state: before === undefined ? state : join(before.state, state) })
        }
      }
      return { changed: rows.length }
    },
  }
  const store = /** @type {import('../dist/src/store/store.js').Store} */ (
    new Proxy(known, {
      get: (methods, name) => {
        if (name in methods) return Reflect.get(methods, name)
        throw new Error(`ingest asks the store for ${String(name)}, which this one does not have`)
      },
    })
  )
  const digestOfKept = () => {
    const digest = new Digest()
    for (const { ouid, userId, state } of kept.values()) digest.add(ouid, userId, state)
    return digest.value
  }
  return { store, result: () => (withDigest ? digestOfKept() : { states }) }
}
