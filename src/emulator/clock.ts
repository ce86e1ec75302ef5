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

/** Time as the emulated environment lives it, in milliseconds; it may run faster than the machine's. */
export interface Timer {
  /** Only grows; no test shifts it. Windows, lock-outs and service times are counted by it. */
  uptime(): number
  /** Resolves after so many milliseconds of the environment's time. */
  sleep(ms: number): Promise<void>
}

/** The machine's time, `scale` times as fast: one second of it holds `scale` seconds of the environment's. */
export function scaledTimer(timer: Timer, scale: number): Timer {
  if (scale === 1) return timer
  const startedAt = timer.uptime()
  return {
    uptime: () => startedAt + (timer.uptime() - startedAt) * scale,
    sleep: (ms) => timer.sleep(ms / scale),
  }
}

/** The same for a clock that shows milliseconds since the epoch. */
export function scaledClock(now: () => number, scale: number): () => number {
  if (scale === 1) return now
  const startedAt = now()
  return () => startedAt + (now() - startedAt) * scale
}

/** Texts of the seconds met lately: rows written in one second share one text. */
const seconds = new Map<number, string>()
const MAX_SECONDS = 1_024

/** `2026-01-31T10:15:00Z`: seconds are all that the Web API shows. */
export function isoSeconds(ms: number): string {
  const second = Math.floor(ms / 1_000)
  const known = seconds.get(second)
  if (known !== undefined) return known
  const text = `${new Date(second * 1_000).toISOString().slice(0, 19)}Z`
  if (seconds.size === MAX_SECONDS) seconds.clear()
  seconds.set(second, text)
  return text
}
