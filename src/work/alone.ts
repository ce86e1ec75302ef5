/** Work of a process that is alone: every item is its own, in order. */

import { EventEmitter, once } from 'node:events'
import type { Phase, Work } from './work.ts'

/** Each phase begins anew with each `begin`: there is nobody who could have begun it. */
export const workAlone: Work = {
  shared: false,
  begin: async (_, items) => new PhaseAlone(items),
  complete: async () => {},
}

class PhaseAlone implements Phase {
  #free: string[]
  readonly #held = new Set<string>()
  readonly #results = new Map<string, unknown>()
  #closed = false
  readonly #changes = new EventEmitter()

  constructor(items: readonly string[]) {
    this.#free = [...items]
  }

  async take(): Promise<string | undefined> {
    const item = this.#closed ? undefined : this.#free.shift()
    if (item !== undefined) this.#held.add(item)
    return item
  }

  async done(results: ReadonlyMap<string, unknown>): Promise<void> {
    for (const [item, result] of results) {
      this.#held.delete(item)
      this.#results.set(item, result)
    }
    this.#tell()
  }

  async release(): Promise<void> {
    this.#free = [...this.#held, ...this.#free]
    this.#held.clear()
    this.#tell()
  }

  async giveUp(): Promise<void> {
    await this.release()
    this.#closed = true
    this.#tell()
  }

  async results(): Promise<ReadonlyMap<string, unknown>> {
    return this.#results
  }

  async wait(signal: AbortSignal): Promise<'free' | 'over'> {
    for (;;) {
      signal.throwIfAborted()
      if (this.#closed || this.#free.length + this.#held.size === 0) return 'over'
      if (this.#free.length > 0) return 'free'
      await once(this.#changes, 'changed', { signal }).catch(() => {})
    }
  }

  #tell(): void {
    this.#changes.emit('changed')
  }
}
