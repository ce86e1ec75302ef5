/** Every row write that was committed, in order: the emulator's proof of what reached the table. */
import type { Value } from './schema.ts'

/** One committed write of one row. */
export interface JournalEntry {
  /** Counts up from 1 without gaps, over all tables. */
  readonly sequence: number
  /** Logical name. */
  readonly table: string
  readonly id: string
  readonly operation: 'create' | 'update' | 'delete'
  /** The columns present in the write, with the values they were given. */
  readonly columns: Readonly<Record<string, Value>>
  /** Of those, the ones whose value really changed. */
  readonly changed: readonly string[]
  /** The caller's request id; null for edits made through the control endpoints. */
  readonly requestId: string | null
  /** systemuserid of the writer. */
  readonly userId: string
  /** The `tag` query option of the request, where one was sent. */
  readonly tag: string | null
  /** ISO 8601, by the emulator's clock. */
  readonly at: string
}
