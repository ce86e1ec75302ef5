/** The environment's own clock, which a test may shift or freeze without touching the machine's. */

/** Follows a base clock until it is shifted or frozen. */
export class ServerClock {
  readonly #base: () => number
  #shiftMs = 0
  #frozenAt: number | undefined

  constructor(base: () => number) {
    this.#base = base
  }

  /** Milliseconds since the epoch. */
  now(): number {
    return this.#frozenAt ?? this.#base() + this.#shiftMs
  }

  /** Adds to the present shift; a frozen clock stays frozen at the shifted time. */
  shift(ms: number): void {
    this.#shiftMs += ms
    if (this.#frozenAt !== undefined) this.#frozenAt += ms
  }

  freeze(atMs: number): void {
    this.#frozenAt = atMs
  }

  /** Runs again, with the shift it had. */
  thaw(): void {
    this.#frozenAt = undefined
  }

  reset(): void {
    this.#shiftMs = 0
    this.#frozenAt = undefined
  }
}

/** `2026-01-31T10:15:00Z`: seconds are all that the Web API shows. */
export function isoSeconds(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`
}
