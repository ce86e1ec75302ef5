/** A clock that a test moves by hand. */

import { setImmediate as idle } from 'node:timers/promises'
import type { Clock } from '../../src/lib/clock.ts'

interface Sleeper {
  readonly wakesAtMs: number
  readonly wake: () => void
}

export interface ManualClock extends Clock {
  /** Moves the time on, waking whoever sleeps at its moment; resolves when all that this set going has come to rest. */
  advance(ms: number): Promise<void>
  /** Who sleeps: milliseconds until each wakes. */
  sleepers(): number[]
}

/** Wall clock from `startMs`, monotonic from 0. */
export function manualClock(startMs = 1_800_000_000_000): ManualClock {
  let ms = 0
  let sleeping: Sleeper[] = []
  return {
    now: () => startMs + ms,
    monotonic: () => ms,
    sleep: (waitMs, signal) =>
      new Promise((resolve, reject) => {
        signal?.throwIfAborted()
        const stop = () => {
          sleeping = sleeping.filter((other) => other !== sleeper)
          reject(signal?.reason)
        }
        const wake = () => {
          signal?.removeEventListener('abort', stop)
          resolve()
        }
        const sleeper = { wakesAtMs: ms + waitMs, wake }
        sleeping.push(sleeper)
        signal?.addEventListener('abort', stop, { once: true })
      }),
    advance: async (by) => {
      const untilMs = ms + by
      for (;;) {
        await idle()
        const [next] = sleeping
          .filter(({ wakesAtMs }) => wakesAtMs <= untilMs)
          .sort((one, other) => one.wakesAtMs - other.wakesAtMs)
        if (next === undefined) break
        sleeping = sleeping.filter((other) => other !== next)
        ms = Math.max(ms, next.wakesAtMs)
        next.wake()
      }
      ms = untilMs
      await idle()
    },
    sleepers: () => sleeping.map(({ wakesAtMs }) => wakesAtMs - ms),
  }
}
