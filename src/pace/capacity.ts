/** How much a window allows, of requests or of execution seconds: learned from refusals, since it is told nowhere. */

/** A learned amount per window; `undefined` until the server refused for it. */
export interface Capacity {
  readonly amount: number | undefined
  /** When it may be tried to be more, and by how much. */
  readonly tryAtMs: number
  readonly tryBy: number
  /** Windows to wait after the next refusal. */
  readonly patience: number
}

/** The first refusal may have been for what others asked before us: half a window later more is tried. */
const FIRST_PATIENCE = 0.5

export const UNKNOWN_CAPACITY: Capacity = { amount: undefined, tryAtMs: 0, tryBy: 0, patience: FIRST_PATIENCE }

/** How much a window may hold of what it held when it was refused: somewhat less. */
const CAREFUL = 0.98
/** A refusal after less than this part of a documented window is for what others asked: it tells no capacity. */
const TELLING = 0.01

/** Patience with a capacity that was refused again, in windows. */
const MOST_PATIENCE = 64
/** More is tried by little first, then by twice as much each time: a limit that was raised is found soon. */
const LEAST_TRY = 0.005
const MOST_TRY = 0.25
/** Trials in one window. */
const TRIALS_PER_WINDOW = 20
/** Less than this part of a capacity used is no trial of it. */
const USED = 0.97

/** The window held this much when the server refused; `documented` is what a window of one server is known to hold. */
export function lowered(
  capacity: Capacity,
  held: number,
  documented: number,
  { nowMs, windowMs }: { readonly nowMs: number; readonly windowMs: number },
): Capacity {
  if (held < TELLING * documented) return capacity
  return {
    amount: Math.min(capacity.amount ?? Number.POSITIVE_INFINITY, CAREFUL * held),
    tryAtMs: nowMs + capacity.patience * windowMs,
    tryBy: LEAST_TRY,
    patience: Math.min(MOST_PATIENCE, capacity.patience * 2),
  }
}

/** After some windows without a refusal, though all that was allowed was used, more is tried. */
export function tried(
  capacity: Capacity,
  held: number,
  { nowMs, windowMs }: { readonly nowMs: number; readonly windowMs: number },
): Capacity {
  const { amount, tryAtMs, tryBy } = capacity
  if (amount === undefined || nowMs < tryAtMs || held < amount * USED) return capacity
  return {
    amount: amount * (1 + tryBy),
    tryAtMs: nowMs + windowMs / TRIALS_PER_WINDOW,
    tryBy: Math.min(MOST_TRY, tryBy * 2),
    // The first trial may still fail; a second one means that it did not.
    patience: tryBy > LEAST_TRY ? FIRST_PATIENCE : capacity.patience,
  }
}

/** How many requests of this need still fit, and what is lacking for one. */
export function room(
  { amount }: Capacity,
  held: number,
  need: number,
): { readonly permits: number; readonly lacking: number } {
  if (amount === undefined) return { permits: Number.POSITIVE_INFINITY, lacking: 0 }
  const free = amount - held
  return { permits: Math.max(0, Math.floor(free / need)), lacking: need - free }
}
