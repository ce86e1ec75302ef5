/** A clock for connections: pauses pass at once, silence falls when a test says so. */

import type { Clock } from '../../src/lib/clock.ts'

/** The silence that adapters under this clock are patient with; no pause has this length. */
export const IDLE_MS = 987_654

export interface BucketClock extends Clock {
  /** Every pause that was made, in order. */
  readonly pauses: readonly number[]
  /** What happens when a pause begins; a pause never ends while this does not. */
  onPause: (ms: number) => Promise<void> | void
  /** All that wait for something now have waited too long. */
  fallSilent(): void
}

export function bucketClock(): BucketClock {
  const pauses: number[] = []
  const waiting = new Set<() => void>()
  const untilSilence = (signal: AbortSignal | undefined) =>
    new Promise<void>((resolve, reject) => {
      waiting.add(resolve)
      signal?.addEventListener('abort', () => {
        waiting.delete(resolve)
        reject(signal.reason)
      })
    })
  const clock: BucketClock = {
    now: () => Date.now(),
    monotonic: () => performance.now(),
    pauses,
    onPause: () => {},
    sleep: async (ms, signal) => {
      signal?.throwIfAborted()
      if (ms === IDLE_MS) return untilSilence(signal)
      pauses.push(ms)
      let stop = () => {}
      const stopped = new Promise<never>((_, reject) => {
        stop = () => reject(signal?.reason)
      })
      signal?.addEventListener('abort', stop, { once: true })
      await Promise.race([stopped, clock.onPause(ms)])
      signal?.removeEventListener('abort', stop)
    },
    fallSilent: () => {
      for (const resolve of waiting) resolve()
      waiting.clear()
    },
  }
  return clock
}
