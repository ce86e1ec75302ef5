/** The last requests that the emulator did not understand, so that somebody can see what a client asked for in vain. */

/** One of them. */
export interface NotUnderstood {
  /** ISO 8601, by the environment's clock. */
  readonly at: string
  readonly method: string
  /** Path and query, percent-encoded, cut where it is very long. */
  readonly url: string
  /** What was not understood of it. */
  readonly what: string
}

/** As many as a page shows; the counter tells how many there were. */
const KEPT = 50
const MAX_URL = 500

/** Keeps the newest. */
export class NotUnderstoodLog {
  #entries: NotUnderstood[] = []

  note(entry: NotUnderstood): void {
    this.#entries.push({ ...entry, url: entry.url.slice(0, MAX_URL) })
    if (this.#entries.length > KEPT) this.#entries.shift()
  }

  /** Newest first. */
  latest(): readonly NotUnderstood[] {
    return this.#entries.toReversed()
  }

  clear(): void {
    this.#entries = []
  }
}
