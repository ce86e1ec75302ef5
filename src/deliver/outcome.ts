/** The one outcome of a due person, the first that applies (semantics §8.2). */

import { defect } from '../lib/errors.ts'
import type { Place } from '../store/store.ts'

export const OUTCOMES = [
  'rejected-by-dataverse',
  'ambiguous-contact',
  'unmatched',
  'expired',
  'written',
  'superseded',
  'no-contact-point',
  'unchanged',
] as const

export type Outcome = (typeof OUTCOMES)[number]

/** An outcome as the store keeps it. */
export function outcomeNamed(text: string): Outcome {
  return OUTCOMES.find((outcome) => outcome === text) ?? defect('an outcome of the store', 'another word')
}

/** What became of one place, or of one row; `deferred` leaves every person of it due. */
export type PlaceOutcome = 'rejected' | 'written' | 'superseded' | 'unchanged' | 'deferred'

/** What is refused before anything is sent: quarantined under its code. `what` is free of personal data. */
export interface Refusal {
  readonly place: Place
  readonly what: string
  readonly code: string
}

/** What is known of a person's contact and addresses. */
export interface Standing {
  readonly contact: 'found' | 'ambiguous' | 'unmatched' | 'expired' | 'not-needed'
  /** Refused before anything was sent: an address or a value that Dataverse cannot hold. */
  readonly unholdable: boolean
  /** Consent mode: does the person have an address at all? Always true in contact mode. */
  readonly reachable: boolean
  readonly places: readonly PlaceOutcome[]
}

/** The person's outcome; `undefined` where something is deferred: the person stays due. */
export function outcomeOf({ contact, unholdable, reachable, places }: Standing): Outcome | undefined {
  if (places.includes('deferred')) return undefined
  if (unholdable || places.includes('rejected')) return 'rejected-by-dataverse'
  switch (contact) {
    case 'ambiguous':
      return 'ambiguous-contact'
    case 'unmatched':
    case 'expired':
      return contact
    case 'found':
    case 'not-needed':
      if (places.includes('written')) return 'written'
      if (places.includes('superseded')) return 'superseded'
      return reachable ? 'unchanged' : 'no-contact-point'
  }
}
