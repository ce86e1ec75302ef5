/** How a client repeats what may be repeated. */

import type { Clock } from './clock.ts'

/** A wait that somebody watching the run would like to know of. */
export interface Wait {
  readonly what: string
  readonly waitMs: number
  readonly why: string
}

export interface RetrySettings {
  /** Attempts in all, the first included. */
  readonly attempts: number
  /** The n-th pause is drawn from [0, min(maxPauseMs, basePauseMs · 2ⁿ)], on top of what the server asks for. */
  readonly basePauseMs: number
  readonly maxPauseMs: number
  /** The sum of all pauses of one request; a pause that would exceed it is not begun, for the server's wish is a floor. */
  readonly maxTotalWaitMs: number
  readonly clock: Clock
  /** In [0, 1). */
  readonly random: () => number
  readonly onWait: (wait: Wait) => void
}

/** The pause after the n-th attempt (from zero): full jitter above the server's wish, in whole milliseconds. */
export function pauseMs(
  { random, basePauseMs, maxPauseMs }: Pick<RetrySettings, 'random' | 'basePauseMs' | 'maxPauseMs'>,
  n: number,
  floorMs: number,
): number {
  return Math.ceil(floorMs + random() * Math.min(maxPauseMs, basePauseMs * 2 ** n))
}
