/** The port to what a plan would have written so far: later persons of the plan must read it as if it had been. */

import type { Guid, Row } from '../dataverse/dataverse.ts'

/** A row as it would be read: of a new one all columns, of a changed one those that would be set. */
export interface PlannedRow {
  readonly id: Guid
  readonly created: boolean
  readonly columns: Row['columns']
}

/** Lives as long as one plan. Tables are named by their logical names. */
export interface PlannedRows {
  /** Adds rows; what is known of a row already stays where the new one does not set it. */
  put(table: string, rows: readonly PlannedRow[]): void
  byId(table: string, ids: readonly Guid[]): Map<Guid, PlannedRow>
  /** New rows that hold one of these texts in this column, compared without regard to case. */
  createdWith(table: string, column: string, values: readonly string[]): PlannedRow[]
  close(): void
}
