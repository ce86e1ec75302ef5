/** What a run has to say of the source: everything in its status that is not as it should be (semantics §8.5). */

import type { DateGap } from './discover.ts'
import type { PartitionId } from './partition.ts'
import type { PartitionState, PartitionStatus } from './status.ts'

/** A gap with the commands that close it, any of which does. */
export interface Closable {
  readonly closedBy: readonly string[]
}

/** A partition to be read, with the days until the source deletes it; absent where it never does. */
export interface Expiring extends PartitionId {
  readonly expiresInDays?: number
}

/** Lists are sorted by date, then export-id. */
export interface SourceFindings {
  /** Seen, but not sealed. */
  readonly open: readonly PartitionId[]
  /** Sealed, and not ingested whole or changed since; overdue ones are not among them. */
  readonly pending: readonly Expiring[]
  /** The same, older than the alarm. */
  readonly overdue: readonly Expiring[]
  /** Holes between dates that no bootstrap has closed. */
  readonly missingDates: readonly (DateGap & Closable)[]
  /** Gone from the source before they were ingested, and not closed by a bootstrap. */
  readonly goneDates: readonly (PartitionId & Closable)[]
}

/** Takes from a status what a report tells. */
export function sourceFindings(rows: readonly PartitionStatus[]): SourceFindings {
  const inState = (...states: readonly PartitionState[]) => rows.filter(({ state }) => states.includes(state))
  const toRead = inState('pending', 'changed')
  return {
    open: inState('open').map(idOf),
    pending: toRead.filter(({ alarm }) => !alarm).map(expiring),
    overdue: toRead.filter(({ alarm }) => alarm).map(expiring),
    missingDates: inState('missing').map(({ exportId, date, to = date, closedBy = [] }) => ({
      exportId,
      from: date,
      to,
      closedBy,
    })),
    goneDates: inState('gone').map(({ closedBy = [], ...row }) => ({ ...idOf(row), closedBy })),
  }
}

const idOf = ({ exportId, date }: PartitionId): PartitionId => ({ exportId, date })

const expiring = ({ expiresInDays, ...row }: PartitionStatus): Expiring => ({
  ...idOf(row),
  ...(expiresInDays !== undefined && { expiresInDays }),
})
