/** The port to one Dataverse environment: what deliver reads and writes, and nothing else. */

import type { Instant } from '../consent/time.ts'
import type { TimelineFigures } from '../lib/timeline.ts'
import type { JsonValue } from '../record/record.ts'

/** A lower-case GUID. */
export type Guid = string

/** What a column can hold, by its metadata. */
export interface ColumnMetadata {
  readonly logicalName: string
  readonly type:
    | 'boolean'
    | 'choice'
    | 'choices'
    | 'text'
    | 'date-time'
    | 'date-only'
    | 'whole-number'
    | 'decimal'
    | 'lookup'
    | 'unique-identifier'
    | 'other'
  /** Characters; text columns only. */
  readonly maxLength?: number
  /** `Email`, `Phone`, … ; text columns only. */
  readonly format?: string
  /** Choice, choices and boolean columns: code (0/1 for boolean) and every label in every language. */
  readonly options?: ReadonlyArray<{ readonly code: number; readonly labels: readonly string[] }>
  readonly validForCreate: boolean
  readonly validForUpdate: boolean
  readonly secured: boolean
}

export interface TableMetadata {
  readonly logicalName: string
  readonly entitySetName: string
  readonly primaryId: string
  readonly changeTracking: boolean
  readonly elastic: boolean
  readonly columns: ReadonlyMap<string, ColumnMetadata>
  /** Navigation property (case matters) and target table by lookup column; polymorphic lookups have several. */
  readonly lookups: ReadonlyMap<string, ReadonlyArray<{ readonly navigation: string; readonly table: string }>>
  readonly bulk: { readonly createMultiple: boolean; readonly updateMultiple: boolean }
}

/** Who we are in this environment (`WhoAmI`). */
export interface Identity {
  readonly userId: Guid
  readonly businessUnitId: Guid
  readonly organizationId: Guid
}

/** A row as read: column values as Dataverse's JSON gives them (`_x_value` for lookups). */
export interface Row {
  readonly id: Guid
  readonly etag: string
  readonly columns: Readonly<Record<string, JsonValue>>
}

/** Rows with the moment they were read at. */
export interface ReadRows {
  readonly rows: readonly Row[]
  /** Dataverse's `Date` header of the earliest answer. */
  readonly at: Instant
  /** Our monotonic clock, in milliseconds, when the earliest request was sent: the age of the read counts from here. */
  readonly readAtMs: number
}

export interface PurposeRow {
  readonly id: Guid
  readonly active: boolean
  readonly tracking: boolean
  readonly owner: { readonly kind: 'team' | 'user'; readonly id: Guid }
  readonly businessUnitId: Guid
}

export interface TopicRow {
  readonly id: Guid
  readonly active: boolean
  readonly purposeId: Guid | undefined
}

/** One row to write. `columns` hold only what changes; lookups are given as `<Navigation>@odata.bind`. */
export type RowWrite =
  | {
      readonly kind: 'update'
      readonly id: Guid
      readonly columns: Readonly<Record<string, JsonValue>>
      readonly ifMatch?: string
    }
  | { readonly kind: 'create'; readonly id: Guid; readonly columns: Readonly<Record<string, JsonValue>> }
  /** Only the row as it was read is deleted, never one that somebody changed since. */
  | {
      readonly kind: 'delete'
      readonly id: Guid
      readonly columns: Readonly<Record<string, never>>
      readonly ifMatch: string
    }

/** What came of one row. Unknown is never success. */
export type WriteOutcome =
  /** Applied; `at` is Dataverse's `Date` of the answer. */
  | { readonly kind: 'done'; readonly at: Instant }
  /** Dataverse refuses this row for good; `message` is masked. */
  | { readonly kind: 'rejected'; readonly code: string; readonly message: string }
  /** The row changed since it was read, or a row to create exists: read again, decide again. */
  | { readonly kind: 'conflict'; readonly code: string }
  /** The row to update is not there any more. */
  | { readonly kind: 'gone'; readonly code: string }
  /** Not applied, or nobody knows: read again (opt-ins), or leave it for the next run. Any wait is the send stack's. */
  | { readonly kind: 'again'; readonly code: string }

export interface ContactChanges {
  readonly rows: readonly Row[]
  readonly deleted: readonly Guid[]
  /** Present on the last page only. */
  readonly deltaLink?: string
}

/** What was asked of an environment so far, as far as it was counted here. */
export interface DeliveryFigures {
  readonly users: ReadonlyArray<{
    readonly name: string
    readonly requests: number
    /** From sending to the whole answer, added up. */
    readonly executionSeconds: number
    /** 429 answers by the limit they named. */
    readonly throttles: Readonly<Record<string, number>>
  }>
  /** Milliseconds that requests waited, by cause. */
  readonly waitedMs: Readonly<Record<string, number>>
  /** Rows sent in writes, repeats included: what counts against the daily entitlement (Dataverse: request limits). */
  readonly rowsSent: number
  /** Requests that wrote. */
  readonly writeRequests: number
  /**
   * The same over time: `requests` answered, `rows` in writes that succeeded, `throttled: <limit>` refusals and
   * `waited: <cause>` milliseconds. Absent before the first answer.
   */
  readonly overTime?: TimelineFigures
}

export interface Dataverse {
  /** Who each of our application users is. @throws CodedError `config-invalid` where two are one. */
  whoAreWe(signal: AbortSignal): Promise<readonly [Identity, ...Identity[]]>
  /** Requests that may be at work at once, as things are: how much is worth preparing. */
  concurrency(): number
  figures(): DeliveryFigures
  /** @throws CodedError `mapping-invalid` where the table does not exist. */
  table(logicalName: string, signal: AbortSignal): Promise<TableMetadata>
  purposes(ids: readonly Guid[], signal: AbortSignal): Promise<PurposeRow[]>
  topics(ids: readonly Guid[], signal: AbortSignal): Promise<TopicRow[]>
  /**
   * Every row (any `statecode`) whose `column` equals one of `values`, case-insensitively: by an encoded `In` filter in
   * chunks, never by a string-built key. Values over 850 characters match nothing (Dataverse: In).
   * Rows may match more widely than asked (accents): callers verify.
   */
  rowsIn(
    table: TableMetadata,
    select: readonly string[],
    column: string,
    values: readonly string[],
    signal: AbortSignal,
  ): Promise<ReadRows>
  /** Every row (any `statecode`) with a value in at least one of `columns`, by pages of 5,000, selected by the server. */
  rowsWithAny(
    table: TableMetadata,
    select: readonly string[],
    columns: readonly string[],
    signal: AbortSignal,
  ): AsyncIterable<ReadRows>
  /** Does any row's text column start with this prefix? */
  anyStartingWith(table: TableMetadata, column: string, prefix: string, signal: AbortSignal): Promise<boolean>
  /**
   * Writes rows of one table; one outcome per row, same order. No id may stand twice. Bulk messages first where there
   * are several rows without `ifMatch`; `$batch` with continue-on-error isolates a bad row. With `repeatable` every
   * transient failure is repeated within the retry bound; without it the first one is answered `again`.
   * `notAfterMs` (monotonic): a request not yet sent by then is answered `again` (semantics §7, freshness).
   * @throws CodedError `forbidden`, `unauthenticated`, `token-refused`, `dataverse-rejects-request`.
   */
  write(
    table: TableMetadata,
    rows: readonly RowWrite[],
    options: { readonly repeatable: boolean; readonly notAfterMs?: number },
    signal: AbortSignal,
  ): Promise<WriteOutcome[]>
  /** Changed rows since `deltaLink`, or all rows without one, page by page. `expired` where the link is too old. */
  changes(
    table: TableMetadata,
    select: readonly string[],
    deltaLink: string | undefined,
    signal: AbortSignal,
  ): AsyncIterable<ContactChanges | 'expired'>
}
