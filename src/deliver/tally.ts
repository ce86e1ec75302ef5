/** Counts of one target's delivery while it runs. */

import { type DeliverReport, noOutcomes } from '../report/deliver-report.ts'
import type { Outcome } from './outcome.ts'
import type { PlaceResult } from './rows.ts'

export class Tally {
  persons = 0
  deferred = 0
  topicsWithoutPurpose = 0
  readonly outcomes = noOutcomes()
  readonly places = { written: 0, superseded: 0, unchanged: 0, rejected: 0 }
  readonly written: Record<string, { optedIn: number; optedOut: number; other: number }> = {}
  readonly rejections: Record<string, number> = {}
  /** By column: kept, but `contact.adopt` would overwrite them. */
  readonly adoptable: Record<string, number> = {}

  person(outcome: Outcome | undefined): void {
    this.persons += 1
    if (outcome === undefined) this.deferred += 1
    else this.outcomes[outcome] += 1
  }

  /** `stance` tells which way a written choice went. */
  place({ outcome, what, rejection, adoptable }: PlaceResult, stance: 'optedIn' | 'optedOut' | 'other'): void {
    if (outcome === 'deferred') return
    this.places[outcome] += 1
    if (rejection !== undefined) this.rejection(rejection.code)
    if (adoptable) this.adoptable[what] = (this.adoptable[what] ?? 0) + 1
    if (outcome !== 'written') return
    const counts = this.written[what] ?? { optedIn: 0, optedOut: 0, other: 0 }
    counts[stance] += 1
    this.written[what] = counts
  }

  rejection(code: string): void {
    this.rejections[code] = (this.rejections[code] ?? 0) + 1
  }

  report(
    rest: Omit<
      DeliverReport,
      'persons' | 'deferred' | 'topicsWithoutPurpose' | 'outcomes' | 'places' | 'written' | 'rejections' | 'adoptable'
    >,
  ): DeliverReport {
    const { persons, deferred, topicsWithoutPurpose, outcomes, places, written, rejections, adoptable } = this
    const counts = { persons, deferred, topicsWithoutPurpose, outcomes, places, written, rejections }
    return { ...rest, ...counts, ...(Object.keys(adoptable).length > 0 && { adoptable }) }
  }
}
