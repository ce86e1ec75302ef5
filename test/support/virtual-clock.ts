/** Time that passes only when everybody waits for it, so that hours of traffic take no time and always go the same way. */
import { setImmediate as idle } from 'node:timers/promises'

interface Sleeper {
  readonly wakesAt: number
  readonly wake: () => void
}

/** A clock in milliseconds from 0. */
export class VirtualClock {
  #now = 0
  #sleepers: Sleeper[] = []

  readonly uptime = (): number => this.#now

  /** Those who wake at the same moment wake in the order in which they fell asleep. */
  readonly sleep = (ms: number): Promise<void> =>
    new Promise((wake) => {
      const wakesAt = this.#now + ms
      const after = this.#sleepers.findIndex((other) => other.wakesAt > wakesAt)
      this.#sleepers.splice(after === -1 ? this.#sleepers.length : after, 0, { wakesAt, wake })
    })

  /** Lets time pass until the work is done. Throws where it waits for something that no time brings. */
  async run<T>(work: Promise<T>): Promise<T> {
    let done = false
    const settled = work.finally(() => {
      done = true
    })
    // The caller gets the rejection from `work` below.
    settled.catch(() => undefined)
    while (true) {
      await idle()
      if (done) return settled
      const next = this.#sleepers.shift()
      if (next === undefined) throw new Error('Nobody sleeps, and the work is not done.')
      this.#now = Math.max(this.#now, next.wakesAt)
      next.wake()
    }
  }
}
