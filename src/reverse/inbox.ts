/** The port to the rows that Dataverse told of: which rows were touched, and nothing of what is in them. */

import type { Guid } from '../dataverse/dataverse.ts'

/** A row that somebody touched; whoever takes it reads it afresh. */
export interface TouchedRow {
  /** Logical name. */
  readonly table: string
  readonly rowId: Guid
}

/**
 * Between the receiver, which adds, and `reverse`, which takes: two processes that know nothing of each other. A row
 * stands in it once, however often it was touched, so duplicates, disorder and payloads without their details (Dataverse:
 * webhooks over 256 KB) need no rule of their own. Every member throws `store-unusable`.
 */
export interface Inbox {
  /** Durable once it answers. */
  add(rows: readonly TouchedRow[]): Promise<void>
  /** The rows not touched for longest, and they stay; `mark` changes with every touch. */
  take(limit: number): Promise<readonly (TouchedRow & { readonly mark: number })[]>
  /** Removes the rows that were not touched again since they were taken. */
  remove(taken: readonly (TouchedRow & { readonly mark: number })[]): Promise<void>
  count(): Promise<number>
  close(): Promise<void>
}

/** The inbox as the receiver opens it. */
export interface ReceivingInbox extends Inbox {
  /** Writes what leaves nothing behind. @throws CodedError `store-unusable` where the inbox takes nothing. */
  check(): Promise<void>
}
