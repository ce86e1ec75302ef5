/** The guard the other way round: is what somebody said in Dataverse news for Didomi (semantics §11.3)? Pure. */

import type { Choice } from '../consent/choice.ts'
import { type Instant, MILLISECOND, SINCE_EVER, type Span } from '../consent/time.ts'
import type { Conflict } from '../projection/guard.ts'

/** A statement that somebody else made in Dataverse; the tolerances are those of the guard (semantics §7). */
export interface Foreign extends Span {
  readonly value: Choice
  readonly loTolerance: number
  readonly hiTolerance: number
}

/** What Didomi has of the person about the same key, with what it was told already. */
export interface Own extends Span {
  readonly value: Choice
}

export type ReverseVerdict =
  /** Didomi says the same, or nothing against a yes that cannot be told. */
  | { readonly kind: 'known' }
  /** To be told, as said at this instant. */
  | { readonly kind: 'tell'; readonly instant: Instant }
  /** Didomi's is newer, or a yes may be older than Didomi's no: delivery brings Didomi's to Dataverse. */
  | { readonly kind: 'superseded' }

/**
 * The complement of the guard, so that of two statements that differ exactly one is carried to the other side: a refusal
 * is told unless it is certainly older, a yes or a set only if it is certainly newer.
 */
export function reverseVerdict(foreign: Foreign, own: Own | undefined, conflict: Conflict): ReverseVerdict {
  if (own === undefined) return foreign.value === false ? told(foreign.hi) : optIn(foreign)
  if (sameChoice(foreign.value, own.value)) return { kind: 'known' }
  if (conflict === 'didomi-wins') return { kind: 'superseded' }
  if (foreign.value === false) {
    const mayBeNewer = foreign.hi >= own.lo - foreign.hiTolerance
    if (!mayBeNewer && conflict !== 'dataverse-wins') return { kind: 'superseded' }
    // Didomi takes the latest by date: a refusal of unknown order is dated right behind what it has to outlast.
    return told(foreign.hi > own.hi ? foreign.hi : behind(own.hi))
  }
  return foreign.lo > own.hi + foreign.loTolerance ? optIn(foreign) : { kind: 'superseded' }
}

/** A yes that nobody can date is never told: it would be a consent from nowhere. */
function optIn({ lo }: Foreign): ReverseVerdict {
  return lo === SINCE_EVER ? { kind: 'known' } : told(lo)
}

const told = (instant: Instant): ReverseVerdict => ({ kind: 'tell', instant })

/** The next whole millisecond: Didomi's times have no more digits. */
const behind = (instant: Instant): Instant => (Math.floor(instant / MILLISECOND) + 1) * MILLISECOND

export function sameChoice(a: Choice, b: Choice): boolean {
  return JSON.stringify(a) === JSON.stringify(b)
}
