/**
 * Contacts and addresses in one pair of hands at a time: two chunks that share one are delivered one after the other, so no
 * row is in two requests at once, and each decides on what the other wrote (Dataverse: bulk operation errors).
 */

/** A claim that was granted; whoever holds it lets it go. */
export interface Claim {
  /** Somebody else held some of it meanwhile: what was read before is old. */
  readonly contended: boolean
  release(): void
}

/** What others let go while somebody reads: they may have written it after it was read. */
export interface Watch {
  readonly released: ReadonlySet<string>
  end(): void
}

const UNWATCHED: ReadonlySet<string> = new Set()

interface Waiting {
  readonly keys: ReadonlySet<string>
  readonly start: () => void
}

/** All keys of a claim are granted together, in the order in which claims came; so nobody waits for each other. */
export class Claims {
  readonly #held = new Set<string>()
  readonly #watches = new Set<Set<string>>()
  #waiting: Waiting[] = []

  /** Watches from now on; whoever reads before it claims does so under a watch. */
  watch(): Watch {
    const released = new Set<string>()
    this.#watches.add(released)
    return { released, end: () => this.#watches.delete(released) }
  }

  /** Resolves when all keys are free; contended by what a watch saw `released`, too. Rejects with the signal's reason. */
  claim(keys: ReadonlySet<string>, signal: AbortSignal, released = UNWATCHED): Promise<Claim> {
    signal.throwIfAborted()
    return new Promise((resolve, reject) => {
      let contended = false
      const stop = () => {
        this.#waiting = this.#waiting.filter((other) => other !== waiting)
        reject(signal.reason)
        this.#grant()
      }
      const waiting: Waiting = {
        keys,
        start: () => {
          signal.removeEventListener('abort', stop)
          contended ||= [...keys].some((key) => released.has(key))
          resolve({ contended, release: this.#releaseOf(keys) })
        },
      }
      this.#waiting.push(waiting)
      signal.addEventListener('abort', stop, { once: true })
      this.#grant()
      // Whoever is granted later waited for somebody.
      contended = true
    })
  }

  /** Once: by a second time the keys may be somebody else's. */
  #releaseOf(keys: ReadonlySet<string>): () => void {
    let held = true
    return () => {
      if (!held) return
      held = false
      for (const key of keys) {
        this.#held.delete(key)
        for (const released of this.#watches) released.add(key)
      }
      this.#grant()
    }
  }

  /** Grants what may be granted; a claim never overtakes an earlier one that it meets. */
  #grant(): void {
    const before = new Set<string>()
    const left: Waiting[] = []
    const granted: Waiting[] = []
    for (const waiting of this.#waiting) {
      if ([...waiting.keys].some((key) => this.#held.has(key) || before.has(key))) {
        for (const key of waiting.keys) before.add(key)
        left.push(waiting)
      } else {
        for (const key of waiting.keys) this.#held.add(key)
        granted.push(waiting)
      }
    }
    this.#waiting = left
    for (const { start } of granted) start()
  }
}
