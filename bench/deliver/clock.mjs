/** A clock that stands still while anything can still be done at its moment, and then jumps to the next event. */

/** @typedef {{ atMs: number, order: number, fire: (() => void) | undefined }} Event */

/** The product's `Clock`, with a queue of events behind it. Times in milliseconds from 0. */
export class VirtualClock {
  #nowMs = 0
  #order = 0
  /** A heap: no event is earlier than the one it hangs from. @type {Event[]} */
  #events = []

  now = () => this.#nowMs
  monotonic = () => this.#nowMs

  /** @param {number} ms @param {AbortSignal} [signal] @returns {Promise<void>} */
  sleep = (ms, signal) =>
    new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason)
      const stop = () => {
        event.fire = undefined
        reject(signal?.reason)
      }
      const event = this.at(this.#nowMs + ms, () => {
        signal?.removeEventListener('abort', stop)
        resolve()
      })
      signal?.addEventListener('abort', stop, { once: true })
    })

  /** @param {number} atMs @param {() => void} fire @returns {Event} */
  at(atMs, fire) {
    const event = { atMs: Math.max(atMs, this.#nowMs), order: this.#order++, fire }
    this.#events.push(event)
    this.#rise(this.#events.length - 1)
    return event
  }

  /**
   * Lets time pass until `ended`, or until `untilMs`. Between two events everything that promises have to do is done: an
   * immediate runs after all of them.
   *
   * @param {() => boolean} ended @param {number} untilMs
   */
  async run(ended, untilMs) {
    for (;;) {
      await new Promise(setImmediate)
      if (ended()) return
      const event = this.#next()
      if (event === undefined) throw new Error('nothing will ever happen again, and the work is not done')
      if (event.atMs > untilMs) throw new Error(`the work is not done after ${untilMs / 1_000} s`)
      this.#nowMs = event.atMs
      event.fire?.()
    }
  }

  /** The earliest event that nobody called off. */
  #next() {
    for (;;) {
      const first = this.#events[0]
      const last = this.#events.pop()
      if (first === undefined || last === undefined) return undefined
      if (first !== last) {
        this.#events[0] = last
        this.#sink()
      }
      if (first.fire !== undefined) return first
    }
  }

  /** @param {number} from */
  #rise(from) {
    const event = this.#events[from]
    let at = from
    while (at > 0) {
      const above = (at - 1) >> 1
      if (earlier(this.#events[above], event)) break
      this.#events[at] = this.#events[above]
      at = above
    }
    this.#events[at] = event
  }

  #sink() {
    const events = this.#events
    const event = events[0]
    let at = 0
    for (;;) {
      let below = 2 * at + 1
      if (below >= events.length) break
      if (below + 1 < events.length && earlier(events[below + 1], events[below])) below += 1
      if (earlier(event, events[below])) break
      events[at] = events[below]
      at = below
    }
    events[at] = event
  }
}

/** @param {Event} one @param {Event} other */
const earlier = (one, other) => one.atMs < other.atMs || (one.atMs === other.atMs && one.order < other.order)
