/** Rows written each for itself, in `$batch` with continue-on-error: a bad row fails alone. */

import { requestTarget } from './api-root.ts'
import { batchRequest, parseBatchReply } from './batch.ts'
import { type Connection, refusal } from './connection.ts'
import type { RowWrite, TableMetadata, WriteOutcome } from './dataverse.ts'
import { classify, parseApiError, refusalCode } from './errors.ts'
import type { PerishableRequest } from './freshness.ts'
import { halved } from './parts.ts'
import { type Setback, setbackOf } from './retry.ts'
import { rowOutcome, rowRequest } from './row-request.ts'
import { NoAnswer, type Reply } from './send.ts'

/** The outcome of a row of which nobody knows whether it was written. */
export const NO_ANSWER: WriteOutcome = { kind: 'again', code: 'no-answer' }

/** How the rows of one call are sent. */
export interface Sending {
  readonly repeatable: boolean
  readonly notAfterMs?: number
  readonly signal: AbortSignal
}

/** What is known after an attempt: final outcomes by position, and the rows still to be sent. */
interface Progress {
  readonly outcomes: Map<number, WriteOutcome>
  pending: number[]
}

/** A single row needs no batch around it: its own request names its own error, in one round trip. */
async function writeOne(
  connection: Connection,
  table: TableMetadata,
  row: RowWrite,
  sending: Sending,
): Promise<WriteOutcome> {
  const request: PerishableRequest = {
    ...rowRequest(table, row),
    ...perishing(sending),
    what: `${row.kind} ${table.logicalName}`,
    load: { kind: `${row.kind} ${table.logicalName}`, rows: 1 },
    writes: 1,
  }
  const reply = await connection.send(request, sending.signal)
  return rowOutcome(connection, table, row, reply, reply)
}

/** `repeatable` and `notAfterMs` as a request carries them. */
export function perishing({ repeatable, notAfterMs }: Sending): { repeatable: boolean; notAfterMs?: number } {
  return { repeatable, ...(notAfterMs === undefined ? {} : { notAfterMs }) }
}

/** Takes the answers of the pending rows into the outcomes; rows that passing troubles hit stay pending. */
function take(
  connection: Connection,
  table: TableMetadata,
  rows: readonly RowWrite[],
  progress: Progress,
  reply: Reply,
) {
  const parts = parseBatchReply(reply, progress.pending.length)
  if (parts === undefined) return undefined
  const unsettled: number[] = []
  let floorMs = 0
  let refused: unknown
  progress.pending.forEach((position, index) => {
    const row = rows[position]
    const part = parts[index]
    if (row === undefined) return
    const passing = part === undefined ? undefined : setbackOf(part, connection.clock.now())
    if (part === undefined || passing !== undefined) unsettled.push(position)
    floorMs = Math.max(floorMs, passing?.floorMs ?? 0)
    try {
      progress.outcomes.set(position, part === undefined ? NO_ANSWER : rowOutcome(connection, table, row, part, reply))
    } catch (error) {
      refused ??= error
    }
  })
  if (refused !== undefined) throw refused
  progress.pending = unsettled
  return { floorMs }
}

/**
 * Writes rows in one batch; rows that passing troubles hit are sent again, if `repeatable`, within the retry's bounds.
 * An answer that is no batch answer is told by its reply: the caller decides.
 */
async function writeBatch(
  connection: Connection,
  table: TableMetadata,
  rows: readonly RowWrite[],
  sending: Sending,
): Promise<{ outcomes: Map<number, WriteOutcome>; pending: number[]; reply: Reply | undefined }> {
  const progress: Progress = { outcomes: new Map(), pending: rows.map((_, index) => index) }
  const what = `$batch ${table.logicalName} ×${rows.length}`
  let last: Reply | undefined
  const attempt = async (): Promise<Setback | undefined> => {
    const parts = progress.pending.flatMap((position) => {
      const row = rows[position]
      if (row === undefined) return []
      const { path, ...request } = rowRequest(table, row)
      return [{ ...request, target: requestTarget(connection.root, path) }]
    })
    const request: PerishableRequest = {
      ...batchRequest(parts, { what, repeatable: sending.repeatable, newBoundary: connection.newBoundary }),
      ...perishing(sending),
      load: { kind: `$batch ${table.logicalName}`, rows: parts.length },
      writes: parts.length,
    }
    last = await connection.sendOnce(request, sending.signal)
    const taken = take(connection, table, rows, progress, last)
    if (taken === undefined) return setbackOf(last, connection.clock.now())
    return progress.pending.length === 0 ? undefined : { why: 'rows of a batch', floorMs: taken.floorMs }
  }
  try {
    if (sending.repeatable) await connection.retry(what, attempt, (setback) => setback, sending.signal)
    else await attempt()
  } catch (error) {
    // What earlier attempts settled stays settled; the rest was set to `again` then.
    if (!(error instanceof NoAnswer) || progress.outcomes.size === 0) throw error
  }
  return { ...progress, reply: last }
}

/** The outcomes of rows whose batch had no batch answer at all. @throws CodedError where that is nobody's row's fault. */
function refusedBatch(table: TableMetadata, count: number, reply: Reply): WriteOutcome[] {
  const error = parseApiError(reply.status, reply.body)
  switch (classify(error)) {
    case 'throttled':
    case 'transient':
    case 'ambiguous':
    case 'deadlock':
    case 'shrink':
      return Array<WriteOutcome>(count).fill({ kind: 'again', code: refusalCode(error) })
    case 'conflict':
    case 'gone':
    case 'row':
    case 'bulk-unavailable':
    case 'authorisation':
    case 'fatal-configuration':
      // Every body is JSON of our own making: what the server refuses here is the batch, not a row of it.
      throw refusal(`$batch ${table.logicalName}`, error)
  }
}

/** Writes rows each for itself; one outcome per row, same order. Too large a batch is halved. @throws CodedError, NoAnswer */
export async function isolate(
  connection: Connection,
  table: TableMetadata,
  rows: readonly RowWrite[],
  sending: Sending,
): Promise<WriteOutcome[]> {
  const [only] = rows
  if (only === undefined) return []
  if (rows.length === 1) return [await writeOne(connection, table, only, sending)]
  const { outcomes, pending, reply } = await writeBatch(connection, table, rows, sending)
  if (pending.length === rows.length && outcomes.size === 0 && reply !== undefined) {
    if (classify(parseApiError(reply.status, reply.body)) !== 'shrink') {
      return refusedBatch(table, rows.length, reply)
    }
    const [first, second] = halved(rows)
    const before = await isolate(connection, table, first, sending)
    return [...before, ...(await isolate(connection, table, second, sending))]
  }
  return rows.map((_, index) => outcomes.get(index) ?? NO_ANSWER)
}
