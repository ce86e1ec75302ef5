/** A committed row write as the event pipeline sees it, and who listens for such writes. */
import type { TableSchema, Value } from './schema.ts'
import type { Row } from './table.ts'

/** The events that rows raise; upserts and bulk messages raise these and none of their own (Dataverse: bulk messages). */
export type EventMessage = 'Create' | 'Update' | 'Delete'

/** What a request asked to leave out by its `MSCRM.Bypass…` headers; the privilege was checked at the door. */
export interface Bypass {
  /** Lower-case ids of `sdkmessageprocessingstep` rows. */
  readonly stepIds: ReadonlySet<string>
  /** True where all asynchronous custom logic shall not run. */
  readonly asynchronous: boolean
}

/** One row write; rows are snapshots, so they still tell of that moment when the event is delivered. */
export interface RowWrite {
  readonly message: EventMessage
  readonly schema: TableSchema
  readonly id: string
  /** Undefined for a create. */
  readonly before: Row | undefined
  /** Undefined for a delete. */
  readonly after: Row | undefined
  /** The columns present in the write, changed or not. */
  readonly columns: Readonly<Record<string, Value>>
  /** systemuserid of the writer. */
  readonly userId: string
  /** Null for edits made through the control endpoints. */
  readonly requestId: string | null
  readonly tag: string | null
  readonly bypass: Bypass | undefined
}

/** Told of committed writes to the tables it watches. */
export interface CommitListener {
  /** Asked once per table and transaction, so that writes nobody waits for cost nothing. */
  watches(schema: TableSchema): boolean
  /** Called once per transaction, after the commit; never for one that was rolled back. */
  committed(writes: readonly RowWrite[]): void
}
