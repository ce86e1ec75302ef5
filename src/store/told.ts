/** What the reverse flow remembers (semantics §11): what Didomi was told, and what could not be told yet. */

import type { Choice } from '../consent/choice.ts'
import type { KeyText } from '../consent/key.ts'
import type { Instant } from '../consent/time.ts'
import type { Evidence } from './evidence.ts'

/** The latest statement about one key of a person that was made in Dataverse and told to Didomi. */
export interface ToldStatement {
  /** A person id of the store. */
  readonly person: string
  readonly key: KeyText
  readonly value: Choice
  /** The `created_at` of its event. */
  readonly instant: Instant
  /** The id of its event; statements of one event have one id. */
  readonly event: string
  /** `intended`: to be posted. `told`: Didomi has it. `refused`: Didomi does not take it; not posted again. */
  readonly state: 'intended' | 'told' | 'refused'
}

/** Why something that somebody said in Dataverse waits. */
export type OpenReason = 'superseded' | 'unknown-person' | 'shared-opt-in' | 'not-mapped' | 'undated'

/** Something to be looked at again: a row by its id, or a place that delivery left superseded. */
export interface OpenLook {
  readonly kind: 'row' | 'place'
  readonly name: string
  readonly reason: OpenReason
}

/** Everything is keyed by Dataverse's OrganizationId and the target's name. */
interface Scope {
  readonly organization: string
  readonly target: string
}

/** What one batch of hearing leaves. */
export interface KeptHearing<Entry> {
  readonly now: Instant
  readonly statements: readonly ToldStatement[]
  readonly open: readonly OpenLook[]
  readonly closed: readonly Pick<OpenLook, 'kind' | 'name'>[]
  readonly ledger: readonly Entry[]
  readonly evidence: readonly Evidence[]
}

export interface ToldPart<Entry> {
  /** What Didomi was or is to be told of these persons, whichever target it comes from. */
  toldOf(persons: readonly string[]): Promise<ToldStatement[]>
  /** Statements still to be posted, those of one event together, events in the order of their ids. */
  untold(): Promise<ToldStatement[]>
  countRefused(): Promise<number>
  /** What became of events. */
  setTold(events: readonly { readonly event: string; readonly state: 'told' | 'refused' }[]): Promise<void>
  openLooks(scope: Scope): Promise<OpenLook[]>
  /**
   * Puts statements to be told with their evidence, looks to be repeated and ledger entries, and takes looks away that need no other: one
   * transaction, since a ledger that calls a statement ours hides it.
   */
  keepHeard(scope: Scope, heard: KeptHearing<Entry>): Promise<void>
  /** A person's records by their `user.id`, with their state texts, in its order. */
  recordsOf(person: string): Promise<ReadonlyArray<{ readonly userId: string; readonly state: string }>>
  /** The ledger's places of these rows. */
  placesOfRows(scope: Scope, rowIds: readonly string[]): Promise<string[]>
}
