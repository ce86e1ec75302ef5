/** One bulk message, and the ways in which its rows are known to have ended without one. */

import { CodedError } from '../lib/errors.ts'
import { MAX_PARTS } from './batch.ts'
import type { BatchSizes } from './batch-sizes.ts'
import { answeredAt, type Connection } from './connection.ts'
import type { RowWrite, TableMetadata, WriteOutcome } from './dataverse.ts'
import { type ApiError, parseApiError, refusalCode } from './errors.ts'
import { type PerishableRequest, TooLate } from './freshness.ts'
import { isolate, perishing, type Sending } from './isolate.ts'
import { chunks } from './parts.ts'
import { NoAnswer } from './send.ts'

export interface WriteSettings {
  readonly sizes: BatchSizes
  /** Rows of one `$batch`, which run one after the other; rows that broke a message are divided no further. */
  readonly batchParts: number
  /** Whether bulk messages are used at all. */
  readonly bulk: boolean
}

export type Message = 'CreateMultiple' | 'UpdateMultiple'

/** Bulk messages that this environment turned out to lack, whatever the metadata said; `table/message`. */
export type LackingMessages = Set<string>

/** One call's surroundings, handed down. */
export interface Writing extends Sending {
  readonly connection: Connection
  readonly settings: WriteSettings
  readonly table: TableMetadata
  readonly lacking: LackingMessages
}

/** A request that never got an answer is `again` for its rows; `expired` ones were not sent at all. */
export async function orAgain(count: number, work: () => Promise<WriteOutcome[]>): Promise<WriteOutcome[]> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof NoAnswer)) throw error
    const code = error instanceof TooLate ? 'too-late' : error.sent ? 'no-answer' : 'not-sent'
    return Array<WriteOutcome>(count).fill({ kind: 'again', code })
  }
}

function bulkRequest(message: Message, rows: readonly RowWrite[], writing: Writing): PerishableRequest {
  const { table } = writing
  const type = `Microsoft.Dynamics.CRM.${table.logicalName}`
  const targets = rows.map(({ id, columns }) => ({ '@odata.type': type, ...columns, [table.primaryId]: id }))
  return {
    method: 'POST',
    path: `${table.entitySetName}/Microsoft.Dynamics.CRM.${message}`,
    body: JSON.stringify({ Targets: targets }),
    what: `${message} ${table.logicalName} ×${rows.length}`,
    load: { kind: kindOf(message, table), rows: rows.length },
    writes: rows.length,
    ...perishing(writing),
  }
}

export const kindOf = (message: Message, { logicalName }: TableMetadata): string => `${message} ${logicalName}`

/** What became of one bulk message as a whole. */
export type BulkAnswer =
  | { readonly outcomes: WriteOutcome[]; readonly latencyMs: number }
  | { readonly error: ApiError; readonly what: string }

/** Sends the rows as one message: all of them are written, or none. @throws CodedError, NoAnswer */
export async function sendBulk(message: Message, rows: readonly RowWrite[], writing: Writing): Promise<BulkAnswer> {
  const { connection, signal } = writing
  const request = bulkRequest(message, rows, writing)
  const reply = await connection.send(request, signal)
  if (reply.status < 200 || reply.status >= 300) {
    return { error: parseApiError(reply.status, reply.body), what: request.what }
  }
  const done: WriteOutcome = { kind: 'done', at: answeredAt(reply, connection.clock) }
  return { outcomes: Array<WriteOutcome>(rows.length).fill(done), latencyMs: reply.latencyMs ?? 0 }
}

/** Writes rows each for itself, some in each `$batch`. */
export async function inBatches(rows: readonly RowWrite[], writing: Writing): Promise<WriteOutcome[]> {
  const { connection, settings, table } = writing
  const parts = chunks(rows, Math.min(settings.batchParts, MAX_PARTS))
  const written = parts.map((part) => orAgain(part.length, () => isolate(connection, table, part, writing)))
  return (await allOf(written)).flat()
}

/** The outcomes of rows that none of which was written, for a reason that passes. */
export function allAgain(rows: readonly RowWrite[], error: ApiError): WriteOutcome[] {
  return Array<WriteOutcome>(rows.length).fill({ kind: 'again', code: refusalCode(error) })
}

/** Waits for all, then throws the first error: no request of ours may be under way after `write` has thrown. */
export async function allOf<T>(runs: ReadonlyArray<Promise<T>>): Promise<T[]> {
  const results = await Promise.allSettled(runs)
  const failures = results.flatMap((result) => (result.status === 'rejected' ? [result.reason] : []))
  if (failures.length > 0) throw failures.find((reason) => reason instanceof CodedError) ?? failures[0]
  return results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []))
}
