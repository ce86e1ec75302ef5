/** Who a line is about: the person's normalised identifier and the Didomi user (semantics §2.3). */

import { hasNul, wellFormed } from './json.ts'
import type { LineOutcome, ReadingSettings } from './record.ts'

/** The identifiers of a line that has an owner. */
export interface Identity {
  readonly kind: 'identity'
  /** Normalised `organization_user_id`, never blank. */
  readonly ouid: string
  /** Didomi's user id, `''` where missing or no string; kept as it stands, not trimmed. */
  readonly userId: string
}

/** A line that ends at its identifiers. */
export type Unidentified = Extract<LineOutcome, { kind: 'guest' | 'reject' }>

/**
 * Normalises an `organization_user_id`: `none` trims only, `lowercase` also lowers, `email` composes first (NFC).
 * The three steps of `email` run in the order of semantics §2.3.
 */
export function normaliseOuid(text: string, normalise: ReadingSettings['normalise']): string {
  switch (normalise) {
    case 'none':
      return text.trim()
    case 'lowercase':
      return text.trim().toLowerCase()
    case 'email':
      return text.normalize('NFC').trim().toLowerCase()
  }
}

/**
 * Reads the two identifiers of a line. A missing, null or blank OUID is a guest; one of another type is a reject; both
 * are made well-formed, and U+0000 in either is a reject, because not every store can hold it.
 */
export function identify(
  ouid: unknown,
  userId: unknown,
  normalise: ReadingSettings['normalise'],
): Identity | Unidentified {
  if (ouid === undefined || ouid === null) return { kind: 'guest' }
  if (typeof ouid !== 'string') return { kind: 'reject', code: 'ouid-not-a-string' }
  const normalised = normaliseOuid(wellFormed(ouid), normalise)
  if (normalised === '') return { kind: 'guest' }
  const user = typeof userId === 'string' ? wellFormed(userId) : ''
  if (hasNul(normalised) || hasNul(user)) return { kind: 'reject', code: 'nul-byte' }
  return { kind: 'identity', ouid: normalised, userId: user }
}
