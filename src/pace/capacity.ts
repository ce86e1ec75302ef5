/** How much a window allows, of requests or of execution seconds: learned from refusals, since it is told nowhere. */

/** A learned amount per window; `undefined` until the server refused for it. */
export interface Capacity {
  readonly amount: number | undefined
  /** Answers to come before more is tried, and when and by how much it then is. */
  readonly patience: number
  readonly tryAtMs: number
  readonly tryBy: number
}

export const UNKNOWN_CAPACITY: Capacity = { amount: undefined, patience: 0, tryAtMs: 0, tryBy: 0 }

/** How much a window may hold of what it held when it was refused: somewhat less. */
const CAREFUL = 0.99
/** A refusal after less than this part of a documented window is for what others asked: it tells no capacity. */
const TELLING = 0.01

/**
 * Answers between a refusal and the next trial, which may end in one: what is refused must stay rare among all that is
 * sent. A user on many servers sends more, and more often learns: its requests fall on them by chance.
 */
const PATIENCE = 300
/** More is tried by little first, then by twice as much each time: a limit that was raised is found soon. */
const LEAST_TRY = 0.005
const MOST_TRY = 0.25
/** Trials in one window. */
const TRIALS_PER_WINDOW = 20
/** Less than this part of a capacity used is no trial of it. */
const USED = 0.97

/** What the window held when the server refused. */
export interface Refused {
  readonly held: number
  /** What of it is still there when the server lets us in again (`Retry-After`); all of it where it did not say. */
  readonly kept: number
  /** What a window of one server is known to hold. */
  readonly documented: number
}

/** A wish is no proof: it is not believed that less than this part of what was held is allowed. */
const LEAST_KEPT = 0.5

/**
 * The capacity after a refusal. A sliding window lets us in as soon as it holds less than is allowed, so what will be left
 * of it then is the capacity, also where it was cut since.
 */
export function lowered(capacity: Capacity, { held, kept, documented }: Refused): Capacity {
  if (held < TELLING * documented) return capacity
  const told = Math.min(held, Math.max(kept, LEAST_KEPT * held))
  return {
    amount: Math.min(capacity.amount ?? Number.POSITIVE_INFINITY, CAREFUL * told),
    patience: capacity.patience + PATIENCE,
    tryAtMs: 0,
    tryBy: LEAST_TRY,
  }
}

/** An answer came: after enough of them without a refusal, though all that was allowed was used, more is tried. */
export function tried(
  capacity: Capacity,
  held: number,
  { nowMs, windowMs }: { readonly nowMs: number; readonly windowMs: number },
): Capacity {
  const { amount, patience, tryAtMs, tryBy } = capacity
  if (amount === undefined) return capacity
  if (patience > 0) return { ...capacity, patience: patience - 1 }
  if (nowMs < tryAtMs || held < amount * USED) return capacity
  return {
    amount: amount * (1 + tryBy),
    patience: 0,
    tryAtMs: nowMs + windowMs / TRIALS_PER_WINDOW,
    tryBy: Math.min(MOST_TRY, tryBy * 2),
  }
}
