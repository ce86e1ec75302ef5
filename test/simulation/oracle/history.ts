/** What the oracle is told: everything that Didomi said, everything that happened in Dataverse, and the settings. */

export type Channel = 'email' | 'text' | 'voice' | 'custom'
export type Scalar = boolean | number | string

/** The journal's name for every systemuser of the job (semantics §1, "us"). Anybody else has another name. */
export const US = 'us'

/** One line of an export. `record` is the parsed JSON object, `run` the run (index in `History.runs`) that could first read it. */
export interface Line {
  readonly record: unknown
  /** The partition's date, `YYYY-MM-DD`. */
  readonly date: string
  readonly run?: number
}

/**
 * One run of the job. `full`: it marked everybody due (semantics §8.3). `broken`: it died, or some step of it failed.
 * Instants are RFC 3339 on Dataverse's clock.
 */
export interface Run {
  readonly startedAt: string
  readonly endedAt: string
  readonly full?: boolean
  readonly broken?: boolean
}

/** The columns of a row. Of consent rows: those of `ConsentColumns`. Of contacts: logical names; `masterid` once merged. */
export type Columns = Readonly<Record<string, unknown>>

/** A consent row's columns in the oracle's words; `consentColumns` makes them from Dataverse's. */
export interface ConsentColumns {
  readonly address?: string
  readonly channel?: Channel
  readonly purpose?: string
  /** Set on topic rows alone. */
  readonly topic?: string | null
  readonly value?: 'in' | 'out' | 'unset' | null
  /** The business unit of the row's owner; absent where the world has one unit. */
  readonly unit?: string
}

/** One committed change of a row, seeds included. `columns` are those written; the order in the journal is the order of commits. */
export interface JournalEntry {
  readonly at: string
  readonly table: 'contact' | 'consent'
  readonly id: string
  readonly kind: 'create' | 'update' | 'delete'
  readonly columns: Columns | ConsentColumns
  readonly by: string
}

/** A whole simulated life. The last run must have ended with nothing deferred. */
export interface History {
  readonly lines: readonly Line[]
  readonly runs: readonly Run[]
  readonly journal: readonly JournalEntry[]
  /** Instants at which the ledger was lost or distrusted (semantics §8.8). */
  readonly ledgerLostAt?: readonly string[]
  /**
   * A restore took back a part of the journal, which is not told here (semantics §8.8). Names of places that somebody else
   * wrote in that time: what they said may count again, or be forgotten. `unmade`: those where we made a row, which
   * nobody can tell from one deleted by hand.
   */
  readonly unwound?: readonly string[]
  readonly unmade?: readonly string[]
  /** Ids of rows, or names of places (`nameOf`), that Dataverse was made to refuse: `rejected-by-dataverse` (semantics §8.2). */
  readonly refusedByDataverse?: readonly string[]
}

/** A contact column with the codes of yes and no (an inverted column has them the other way round), or a text column of a set. */
export interface ColumnEntry {
  readonly key: string
  readonly column: string
  readonly yes?: Scalar
  readonly no?: Scalar
}

/** A purpose or topic; without `channels` it goes to every channel of `contactPoints` (semantics §6.2). */
export interface ConsentEntry {
  readonly key: string
  readonly kind: 'purpose' | 'topic'
  readonly guid: string
  readonly channels?: readonly Channel[]
  /** The business unit of the purpose's owner (semantics §6.6). */
  readonly unit?: string
}

/** The policies of semantics.md that the oracle knows; what it leaves out has its default there. */
export interface Policies {
  readonly events: 'complete' | 'sparse'
  readonly sharedAddress: 'opt-out-wins' | 'newest'
  readonly conflict: 'newest'
  readonly clockToleranceMs: number
  readonly clockSkewMs: number
  readonly freshnessMs: number
  readonly regulations: readonly string[]
  readonly normalise: 'none' | 'lowercase' | 'email'
  readonly parentPurpose: 'warn' | 'off'
  readonly addressOnly: boolean
}

interface Everywhere {
  readonly matchAttribute: string
  /** `all`/`opt-in` = `upsert_mode` true with that `upsertOn` (semantics §5.2). */
  readonly upsert: 'off' | 'all' | 'opt-in'
  readonly duplicates: 'all' | 'refuse'
  readonly policies: Policies
}

/** Contact mode (semantics §5). */
export interface ContactWorld extends Everywhere {
  readonly mode: 'contact'
  readonly mapping: readonly ColumnEntry[]
  readonly adopt?: readonly string[]
}

/** CPC mode (semantics §6). `from`: `contact.<column>` or `organization_user_id`. */
export interface ConsentWorld extends Everywhere {
  readonly mode: 'cpc'
  readonly mapping: readonly ConsentEntry[]
  readonly contactPoints: readonly { readonly channel: Channel; readonly from: string }[]
}

export type World = ContactWorld | ConsentWorld

/** The defaults of semantics.md (§2, §3, §6.4, §6.7, §7). */
export const DEFAULT_POLICIES: Policies = {
  events: 'complete',
  sharedAddress: 'opt-out-wins',
  conflict: 'newest',
  clockToleranceMs: 5_000,
  clockSkewMs: 86_400_000,
  freshnessMs: 30_000,
  regulations: ['gdpr'],
  normalise: 'none',
  parentPurpose: 'warn',
  addressOnly: false,
}

/** Where a choice lives in Dataverse: a contact's column, or a slot (semantics §1). `link` names who may speak for it. */
export type Place =
  | { readonly table: 'contact'; readonly id: string; readonly column: string }
  | {
      readonly table: 'consent'
      readonly channel: Channel
      readonly address: string
      readonly kind: 'purpose' | 'topic'
      readonly guid: string
    }

/** One name per place, for maps and violations. It holds an address: for the eyes of a test only. */
export function nameOf(place: Place): string {
  return place.table === 'contact'
    ? `contact|${place.id}|${place.column}`
    : `${place.channel}|${place.address}|${place.kind}|${place.guid}`
}

/** A broken promise: where, and why in one line. */
export interface Violation {
  readonly place: string
  readonly reason: string
}
