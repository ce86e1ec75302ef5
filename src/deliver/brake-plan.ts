/** What any brake lets happen at once, and the name of what it stops. Pure. */

import type { Hash } from 'node:crypto'
import type { BrakeSettings } from '../config/settings.ts'

/** How many may change, of so many that are known. */
export function allowedAtOnce({ share, atLeast }: BrakeSettings, known: number): number {
  return Math.max(atLeast, Math.floor(known * share))
}

/** The plan that `--accept` takes: 16 hex digits of a SHA-256 over all that would change. The hash takes no more after it. */
export function planNamed(hash: Hash): string {
  return hash.digest('hex').slice(0, 16)
}
