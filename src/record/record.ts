/** One parsed line: one Didomi user (device) with its events (semantics §1, §2). */

import type { Choice } from '../consent/choice.ts'
import type { KeyText } from '../consent/key.ts'
import type { Instant, Span } from '../consent/time.ts'

/** What a `consents` object states, each key once. */
export type Stated = ReadonlyArray<readonly [KeyText, Choice]>

/** Attributes by name, null ones left out. */
export type Attributes = ReadonlyArray<readonly [string, JsonValue]>

/** One event that counts and states something, with its span (semantics §2.5); `id` is `''` where it has none. */
export interface RecordedEvent extends Span {
  readonly id: string
  readonly statements: Stated
}

/** A parsed line. Everything that does not count is already gone. */
export interface UserRecord {
  /** The normalised `organization_user_id`; never blank. */
  readonly ouid: string
  /** Didomi's `user.id`; `''` where missing. */
  readonly userId: string
  /** `user.version`; −1 where missing. */
  readonly version: number
  readonly asOf: Instant
  /** What the line itself states. */
  readonly statements: Stated
  readonly events: readonly RecordedEvent[]
  /**
   * `country`, `metadata/<k>` for every top-level key of `user.metadata`, and `updated_at` (the instant, formatted)
   * where `user.updated_at` is present.
   */
  readonly attributes: Attributes
}

export type JsonValue = string | number | boolean | null | readonly JsonValue[] | { readonly [name: string]: JsonValue }

/** Why a line is no record. A code, never the content. */
export type RejectCode =
  | 'not-json'
  | 'not-an-object'
  | 'nul-byte'
  | 'line-too-long'
  | 'ouid-not-a-string'
  | 'no-readable-time'
  | 'time-in-the-future'

/** What a line came to: exactly one of four (semantics §8.4). `ignoredEvents` counts events that do not count. */
export type LineOutcome =
  | { readonly kind: 'record'; readonly record: UserRecord; readonly ignoredEvents: number }
  | { readonly kind: 'reject'; readonly code: RejectCode }
  | { readonly kind: 'guest' }
  | { readonly kind: 'skipped' }

/** What shapes reading (semantics §8.6: a change of any of these needs a rebuild). */
export interface ReadingSettings {
  readonly normalise: 'none' | 'lowercase' | 'email'
  /** Allowed regulations, in lower case. */
  readonly regulations: readonly string[]
  /** In microseconds. */
  readonly clockSkew: number
  /** In bytes, the line's end not counted. */
  readonly maxLineBytes: number
}
