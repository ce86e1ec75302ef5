/** How both kinds of bucket are asked again: how often, and after what pause. */

import { pauseMs } from '../lib/retry.ts'

/**
 * Attempts in all; with the pauses below they last about half a minute, as throttled buckets need (Google: back off
 * exponentially, with jitter).
 */
export const ATTEMPTS = 8
const PAUSES = { basePauseMs: 250, maxPauseMs: 20_000 }

/** No wait that a server asks for is longer than this. */
const MAX_RETRY_AFTER_MS = 60_000

/** The pause after the n-th failure in a row, from zero, in milliseconds; `random` in [0, 1). */
export function bucketPauseMs(n: number, retryAfterMs: number, random: () => number = Math.random): number {
  return pauseMs({ ...PAUSES, random }, n, retryAfterMs)
}

/** The wait a bucket asks for in seconds, bounded; 0 where it asks for none that can be read. */
export function boundedRetryAfterMs(value: string | undefined): number {
  const seconds = value === undefined || value === '' ? 0 : Number(value)
  return seconds > 0 ? Math.min(seconds * 1_000, MAX_RETRY_AFTER_MS) : 0
}
