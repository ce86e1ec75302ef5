/** Older never overwrites newer: whether a wanted value may replace what Dataverse holds (semantics §7). */

import type { Instant, Span } from '../consent/time.ts'

/** Who gives way when both sides have spoken. */
export type Conflict = 'newest' | 'didomi-wins' | 'dataverse-wins'

/** How a wanted value relates to consent: `plain` is an attribute or a whole set, which have no refusal. */
export type Stance = 'opt-in' | 'refusal' | 'plain'

/**
 * What Dataverse states at a place, differing from what is wanted, with the span in which it came to be.
 * `tolerance` widens a bound that is a time of Dataverse's clock; it is 0 for times of the ledger's or a reason's span.
 */
export interface Held extends Span {
  /** Did we write it, or find it equal to what we wrote? */
  readonly ours: boolean
  readonly loTolerance: number
  readonly hiTolerance: number
}

/** The span as the ledger keeps it: its bounds are compared without tolerance (semantics §7). */
export function ledgerSpan({ lo, hi, loTolerance, hiTolerance }: Omit<Held, 'ours'>): Span {
  return { lo: lo - loTolerance, hi: hi + hiTolerance }
}

export type Verdict = 'write' | 'superseded'

/** A value and its span, as wanted by the persons of a place. */
export interface Claim extends Span {
  readonly stance: Stance
}

/**
 * Decides about a place that states something else. An opt-in must certainly be newer than all that is held; a refusal
 * must not certainly be older. Our own value gives way to `newest` under every policy: only somebody else's is a conflict.
 *
 * Our own value without refusal always gives way: it was made of a part of the statements that are known now, and spans
 * cannot order the two. A set that shrinks has the span of the ids that stay, which is as old as the set it replaces.
 */
export function guard(wanted: Claim, held: Held, conflict: Conflict): Verdict {
  if (held.ours && wanted.stance === 'plain') return 'write'
  if (!held.ours && conflict !== 'newest') return conflict === 'didomi-wins' ? 'write' : 'superseded'
  return isNewer(wanted, held) ? 'write' : 'superseded'
}

function isNewer(wanted: Claim, held: Held): boolean {
  switch (wanted.stance) {
    case 'refusal':
      return wanted.hi >= held.lo - held.loTolerance
    case 'opt-in':
    case 'plain':
      return wanted.lo > held.hi + held.hiTolerance
  }
}

/** Several statements of one place (the rows of a slot) as one: E the least, F the greatest. */
export function combineHeld(several: readonly [Held, ...Held[]]): Held {
  return several.reduce((all, one) => ({
    ours: all.ours && one.ours,
    ...widerLow(all, one),
    ...widerHigh(all, one),
  }))
}

function widerLow(a: Held, b: Held): { lo: Instant; loTolerance: number } {
  const { lo, loTolerance } = a.lo - a.loTolerance <= b.lo - b.loTolerance ? a : b
  return { lo, loTolerance }
}

function widerHigh(a: Held, b: Held): { hi: Instant; hiTolerance: number } {
  const { hi, hiTolerance } = a.hi + a.hiTolerance >= b.hi + b.hiTolerance ? a : b
  return { hi, hiTolerance }
}
