/** What the main thread and a lane's thread say to each other. */

import { CodedError, type Complaint, type ErrorCode } from '../lib/errors.ts'
import type { PartTask } from '../source/outcomes.ts'
import type { ReducedBucket } from './bucket.ts'
import type { PartRead } from './lane.ts'
import type { SpillIndex } from './spill.ts'

/** To the lane. A call is answered once; between `read` and its answer come the part's bytes. */
export type ToLane =
  | { readonly kind: 'read'; readonly number: number; readonly task: PartTask }
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
  | { readonly kind: 'end' }
  /** The source failed: what was read of the part does not count. */
  | { readonly kind: 'broken' }
  | { readonly kind: 'seal' }
  /** What all lanes spilled, and which parts do not count: to be reduced bucket by bucket. */
  | { readonly kind: 'share'; readonly spills: readonly SpillIndex[]; readonly damaged: readonly number[] }
  | {
      readonly kind: 'reduce'
      readonly bucket: number
    }
  | { readonly kind: 'clear' }
  | { readonly kind: 'close' }

/** From the lane: an answer, or how many bytes it has taken up since it last said so. */
export type FromLane =
  | { readonly kind: 'took'; readonly bytes: number }
  | { readonly kind: 'answer'; readonly answer: LaneAnswer }
  | { readonly kind: 'failure'; readonly failure: LaneFailure }

export type LaneAnswer = PartRead | SpillIndex | ReducedBucket | undefined

/** An error as it crosses threads; only ours keep their parts. */
export type LaneFailure =
  | { readonly code: ErrorCode; readonly complaints: readonly [Complaint, ...Complaint[]] }
  | { readonly error: unknown }

export function failureOf(error: unknown): LaneFailure {
  if (!(error instanceof CodedError)) return { error }
  const [first, ...rest] = error.complaints
  return first === undefined ? { error } : { code: error.code, complaints: [first, ...rest] }
}

export function errorOf(failure: LaneFailure): unknown {
  return 'code' in failure ? new CodedError(failure.code, failure.complaints) : failure.error
}
