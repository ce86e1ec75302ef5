/** Writing rows: bulk messages for the many, a batch for the few, and one outcome for each. */

import { CodedError, defect } from '../lib/errors.ts'
import { groupBy } from '../lib/group.ts'
import { MAX_PARTS } from './batch.ts'
import { answeredAt, type Connection, refusal } from './connection.ts'
import type { RowWrite, TableMetadata, WriteOutcome } from './dataverse.ts'
import { type ApiError, classify, parseApiError } from './errors.ts'
import { type PerishableRequest, TooLate } from './freshness.ts'
import { isolate, perishing, type Sending } from './isolate.ts'
import { isGuid } from './json.ts'
import { again } from './row-request.ts'
import { NoAnswer, type Reply } from './send.ts'

export interface WriteSettings {
  /** Rows of one bulk message. A whole message is one transaction: 100 hold locks briefly (Dataverse: bulk operations). */
  readonly batchRows: number
  /** Rows of one `$batch`; they run one after the other, so small batches in parallel are faster. */
  readonly batchParts: number
}

type Message = 'CreateMultiple' | 'UpdateMultiple'

/** Bulk messages that this environment turned out to lack, whatever the metadata said; `table/message`. */
export type LackingMessages = Set<string>

/** One call's surroundings, handed down. */
interface Writing extends Sending {
  readonly connection: Connection
  readonly table: TableMetadata
  readonly lacking: LackingMessages
}

/** No id twice: UpdateMultiple keeps the first silently, and two requests on one row deadlock. */
function checkIds(rows: readonly RowWrite[]): void {
  const ids = new Set<string>()
  for (const { id } of rows) {
    if (!isGuid(id)) defect('write', 'a row id that is no GUID')
    if (ids.has(id.toLowerCase())) defect('write', 'one row twice in one call')
    ids.add(id.toLowerCase())
  }
}

/** A request that never got an answer is `again` for its rows; `expired` ones were not sent at all. */
async function orAgain(count: number, work: () => Promise<WriteOutcome[]>): Promise<WriteOutcome[]> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof NoAnswer)) throw error
    const code = error instanceof TooLate ? 'too-late' : error.sent ? 'no-answer' : 'not-sent'
    return Array<WriteOutcome>(count).fill({ kind: 'again', waitMs: 0, code })
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
    ...perishing(writing),
  }
}

/** Writes rows by one bulk message; whatever a row of it broke, the rows are then written each for itself. */
async function bulk(message: Message, rows: readonly RowWrite[], writing: Writing): Promise<WriteOutcome[]> {
  const { connection, table, signal } = writing
  const each = () => isolate(connection, table, rows, writing)
  if (rows.length < 2) return each()
  const request = bulkRequest(message, rows, writing)
  const reply = await connection.send(request, signal)
  if (reply.status >= 200 && reply.status < 300) {
    const done: WriteOutcome = { kind: 'done', at: answeredAt(reply, connection.clock) }
    return Array<WriteOutcome>(rows.length).fill(done)
  }
  const error = parseApiError(reply.status, reply.body)
  connection.log.info({ what: request.what, status: error.status, code: error.code }, 'bulk message refused')
  switch (classify(error)) {
    case 'ambiguous':
      // An unexplained 500 may be one row's doing. Only repeatable rows may be sent again to find out which.
      return writing.repeatable && error.status === 500 ? each() : allAgain(rows, reply, error, connection)
    case 'throttled':
    case 'transient':
    case 'deadlock':
      return allAgain(rows, reply, error, connection)
    case 'shrink':
      return halves(message, rows, writing)
    case 'bulk-unavailable':
      writing.lacking.add(`${table.logicalName}/${message}`)
      return each()
    case 'conflict':
    case 'gone':
    case 'row':
      return each()
    case 'authorisation':
    case 'fatal-configuration':
      throw refusal(request.what, error, valuesOf(rows))
  }
}

const valuesOf = (rows: readonly RowWrite[]): string[] =>
  rows.flatMap(({ id, columns }) => [id, ...Object.values(columns).filter((value) => typeof value === 'string')])

function allAgain(rows: readonly RowWrite[], reply: Reply, error: ApiError, connection: Connection): WriteOutcome[] {
  return Array<WriteOutcome>(rows.length).fill(again(reply, error.code || String(error.status), connection))
}

async function halves(message: Message, rows: readonly RowWrite[], writing: Writing): Promise<WriteOutcome[]> {
  const middle = Math.ceil(rows.length / 2)
  const half = (part: readonly RowWrite[]) => orAgain(part.length, () => bulk(message, part, writing))
  // One after the other: the server has just said that it is slow.
  return [...(await half(rows.slice(0, middle))), ...(await half(rows.slice(middle)))]
}

type Lane = Message | 'each'

/** Conditions cannot be told in a bulk message, and elastic tables answer it in part only: such rows go each for itself. */
function laneOf(row: RowWrite, table: TableMetadata, lacking: LackingMessages): Lane {
  if (table.elastic || (row.kind === 'update' && row.ifMatch !== undefined)) return 'each'
  const message = row.kind === 'create' ? 'CreateMultiple' : 'UpdateMultiple'
  const offered = row.kind === 'create' ? table.bulk.createMultiple : table.bulk.updateMultiple
  return offered && !lacking.has(`${table.logicalName}/${message}`) ? message : 'each'
}

/**
 * The port's `write`: rows are dealt into lanes and chunks, which run side by side within the limit; ids never meet
 * twice, so no two requests lock one row.
 * @throws CodedError `defect` for an id that stands twice or is none; `forbidden`, `unauthenticated`, `token-refused`,
 * `dataverse-rejects-request`.
 */
export async function write(
  connection: Connection,
  settings: WriteSettings,
  lacking: LackingMessages,
  table: TableMetadata,
  rows: readonly RowWrite[],
  sending: Sending,
): Promise<WriteOutcome[]> {
  checkIds(rows)
  const writing: Writing = { ...sending, connection, table, lacking }
  const lanes = groupBy(rows.entries(), ([, row]) => laneOf(row, table, lacking))
  const outcomes: Array<WriteOutcome | undefined> = rows.map(() => undefined)
  const runs = [...lanes].flatMap(([lane, entries]) =>
    chunks(entries, lane === 'each' ? Math.min(settings.batchParts, MAX_PARTS) : settings.batchRows).map(
      async (chunk) => {
        const its = chunk.map(([, row]) => row)
        const work = () => (lane === 'each' ? isolate(connection, table, its, writing) : bulk(lane, its, writing))
        const results = await orAgain(chunk.length, work)
        chunk.forEach(([position], index) => {
          outcomes[position] = results[index]
        })
      },
    ),
  )
  await settled(runs)
  return outcomes.map((outcome) => outcome ?? again(undefined, 'no-answer', connection))
}

function chunks<T>(items: readonly T[], size: number): T[][] {
  const parts: T[][] = []
  for (let at = 0; at < items.length; at += size) parts.push(items.slice(at, at + size))
  return parts
}

/** Waits for all, then throws the first error: no request of ours may be under way after `write` has thrown. */
async function settled(runs: ReadonlyArray<Promise<void>>): Promise<void> {
  const results = await Promise.allSettled(runs)
  const failures = results.flatMap((result) => (result.status === 'rejected' ? [result.reason] : []))
  if (failures.length > 0) throw failures.find((reason) => reason instanceof CodedError) ?? failures[0]
}
