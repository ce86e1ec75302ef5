/** What became of slots, or would become of them, in numbers by purpose and topic. */

import type { PlaceResult } from '../deliver/rows.ts'
import type { Slot } from '../projection/slot.ts'

/** `created` and `updated`: written, or in a plan to be written. `superseded`: what stands there is newer, or may be. */
export const SLOT_OUTCOMES = [
  'created',
  'updated',
  'unchanged',
  'superseded',
  'rejected',
  'deferred',
  'appliedBefore',
] as const
export type SlotOutcome = (typeof SLOT_OUTCOMES)[number]

export type OutcomeCounts = Readonly<Record<SlotOutcome, number>>

/** One purpose or topic on one channel. */
export interface EntryCounts {
  readonly optedIn: OutcomeCounts
  readonly optedOut: OutcomeCounts
}

export interface SlotsReport {
  readonly addresses: number
  readonly placements: number
  readonly slots: number
  readonly outcomes: OutcomeCounts
  /** By `purpose:<guid> email`; addresses of an earlier run are counted above only. */
  readonly entries: Readonly<Record<string, EntryCounts>>
  /** Rows to write, or written: one for a created slot, as many as differ for an updated one. */
  readonly rows: number
  /** Rows of purposes that are ensured for topics, besides. */
  readonly ensured: number
  /** Topics opted in without their purpose, and how many addresses that concerns. */
  readonly topicsWithoutPurpose: number
  readonly blockedAddresses: number
  /** What `parentPurpose: ensure` would do about them; a plan under `warn` only. */
  readonly ensurable?: number
  readonly rejections: Readonly<Record<string, number>>
}

const none = (): Record<SlotOutcome, number> =>
  Object.fromEntries(SLOT_OUTCOMES.map((outcome) => [outcome, 0])) as Record<SlotOutcome, number>

export class SlotCounts {
  addresses = 0
  placements = 0
  /** Counted when they are taken up, apart from what becomes of them. */
  slots = 0
  rows = 0
  ensured = 0
  topicsWithoutPurpose = 0
  blockedAddresses = 0
  ensurable: number | undefined
  readonly outcomes = none()
  readonly #entries = new Map<string, { optedIn: Record<SlotOutcome, number>; optedOut: Record<SlotOutcome, number> }>()
  readonly #rejections: Record<string, number> = {}

  slot({ entry, channel }: Slot, value: boolean, outcome: SlotOutcome): void {
    const name = `${entry.kind}:${entry.id} ${channel}`
    const counts = this.#entries.get(name) ?? { optedIn: none(), optedOut: none() }
    counts[value ? 'optedIn' : 'optedOut'][outcome] += 1
    this.#entries.set(name, counts)
    this.outcomes[outcome] += 1
  }

  rejection({ rejection }: Pick<PlaceResult, 'rejection'>): void {
    if (rejection !== undefined) this.#rejections[rejection.code] = (this.#rejections[rejection.code] ?? 0) + 1
  }

  report(): SlotsReport {
    const { addresses, placements, slots, rows, ensured, topicsWithoutPurpose, blockedAddresses, ensurable } = this
    return {
      addresses,
      placements,
      slots,
      outcomes: this.outcomes,
      entries: Object.fromEntries([...this.#entries].sort(([a], [b]) => (a < b ? -1 : 1))),
      rows,
      ensured,
      topicsWithoutPurpose,
      blockedAddresses,
      ...(ensurable !== undefined && { ensurable }),
      rejections: this.#rejections,
    }
  }
}
