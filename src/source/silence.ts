/** An eye on a connection that may fall silent. */

import type { Clock } from '../lib/clock.ts'

/** Nothing came for too long. */
export class Silence extends Error {
  readonly code = 'ESILENT'

  constructor(ms: number) {
    super(`nothing came for ${ms} ms`)
    this.name = 'Silence'
  }
}

/** Calls `onSilence` when `arm` was called and neither `arm` nor `disarm` within the time. */
export class SilenceWatch {
  readonly #clock: Clock
  readonly #ms: number
  readonly #onSilence: (silence: Silence) => void
  #armed: AbortController | undefined

  constructor(clock: Clock, ms: number, onSilence: (silence: Silence) => void) {
    this.#clock = clock
    this.#ms = ms
    this.#onSilence = onSilence
  }

  arm(): void {
    this.disarm()
    const armed = new AbortController()
    this.#armed = armed
    this.#clock.sleep(this.#ms, armed.signal).then(
      () => {
        if (!armed.signal.aborted) this.#onSilence(new Silence(this.#ms))
      },
      () => {},
    )
  }

  disarm(): void {
    this.#armed?.abort()
    this.#armed = undefined
  }
}

/**
 * Waits for `work`, but no longer than `ms` (then `Silence`), nor beyond the signal (then its reason). Work that knows
 * better when to be impatient gets the watch.
 */
export async function within<T>(
  clock: Clock,
  ms: number,
  work: (watch: SilenceWatch) => Promise<T>,
  signal: AbortSignal,
): Promise<T> {
  signal.throwIfAborted()
  let giveUp = (_: unknown): void => {}
  const ending = new Promise<never>((_, reject) => {
    giveUp = reject
  })
  const stop = () => giveUp(signal.reason)
  const watch = new SilenceWatch(clock, ms, giveUp)
  signal.addEventListener('abort', stop, { once: true })
  watch.arm()
  try {
    return await Promise.race([work(watch), ending])
  } finally {
    watch.disarm()
    signal.removeEventListener('abort', stop)
  }
}
