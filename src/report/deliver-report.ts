/** What deliver did for one target: the right half of a run's report. Counts only. */

import type { DeliveryFigures } from '../dataverse/dataverse.ts'
import { OUTCOMES, type Outcome } from '../deliver/outcome.ts'

export interface DeliverReport {
  readonly target: string
  readonly mode: 'contact' | 'consent'
  /** Persons taken up. Every one has an outcome or is deferred (semantics §8.4). */
  readonly persons: number
  readonly outcomes: Readonly<Record<Outcome, number>>
  /** Persons that stay due. */
  readonly deferred: number
  /** Choices written, per column or `purpose:<id> channel`. */
  readonly written: Readonly<
    Record<string, { readonly optedIn: number; readonly optedOut: number; readonly other: number }>
  >
  readonly places: {
    readonly written: number
    readonly superseded: number
    readonly unchanged: number
    readonly rejected: number
  }
  readonly rejections: Readonly<Record<string, number>>
  /** Columns kept on a first delivery that `contact.adopt` would overwrite (semantics §7); absent where there are none. */
  readonly adoptable?: Readonly<Record<string, number>>
  readonly topicsWithoutPurpose: number
  readonly parked: number
  readonly expired: number
  readonly quarantined: number
  readonly restored: boolean
  /** What it took: requests, execution and waits, counted on our side; `seconds` from the first chunk to the last. */
  readonly requests: DeliveryFigures & { readonly seconds: number }
  readonly warnings: readonly string[]
}

/** All outcomes at zero. */
export function noOutcomes(): Record<Outcome, number> {
  return Object.fromEntries(OUTCOMES.map((outcome) => [outcome, 0])) as Record<Outcome, number>
}
