/** Writing rows: bulk messages for the many, a batch for the few, and one outcome for each. */

import { CodedError, defect } from '../lib/errors.ts'
import { groupBy } from '../lib/group.ts'
import { MAX_PARTS } from './batch.ts'
import type { BatchSizes } from './batch-sizes.ts'
import { answeredAt, type Connection, refusal } from './connection.ts'
import type { RowWrite, TableMetadata, WriteOutcome } from './dataverse.ts'
import { type ApiError, classify, parseApiError, refusalCode } from './errors.ts'
import { type PerishableRequest, TooLate } from './freshness.ts'
import { isolate, perishing, type Sending } from './isolate.ts'
import { isGuid } from './json.ts'
import { chunks, equalParts, halved } from './parts.ts'
import { NoAnswer } from './send.ts'

export interface WriteSettings {
  readonly sizes: BatchSizes
  /** Rows of one `$batch`, which run one after the other; rows that broke a message are halved no further. */
  readonly batchParts: number
  /** Whether bulk messages are used at all. */
  readonly bulk: boolean
}

type Message = 'CreateMultiple' | 'UpdateMultiple'

/** Bulk messages that this environment turned out to lack, whatever the metadata said; `table/message`. */
export type LackingMessages = Set<string>

/** One call's surroundings, handed down. */
interface Writing extends Sending {
  readonly connection: Connection
  readonly settings: WriteSettings
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

const kindOf = (message: Message, { logicalName }: TableMetadata): string => `${message} ${logicalName}`

/** What became of one bulk message as a whole. */
type BulkAnswer =
  | { readonly outcomes: WriteOutcome[]; readonly latencyMs: number }
  | { readonly error: ApiError; readonly what: string }

async function sendBulk(message: Message, rows: readonly RowWrite[], writing: Writing): Promise<BulkAnswer> {
  const { connection, signal } = writing
  const request = bulkRequest(message, rows, writing)
  const reply = await connection.send(request, signal)
  if (reply.status < 200 || reply.status >= 300) {
    return { error: parseApiError(reply.status, reply.body), what: request.what }
  }
  const done: WriteOutcome = { kind: 'done', at: answeredAt(reply, connection.clock) }
  return { outcomes: Array<WriteOutcome>(rows.length).fill(done), latencyMs: reply.latencyMs ?? 0 }
}

/** Writes rows by one bulk message; where one of them is refused, so is the message, and they are taken apart. */
async function bulk(message: Message, rows: readonly RowWrite[], writing: Writing): Promise<WriteOutcome[]> {
  const { connection, settings, table } = writing
  const each = () => inBatches(rows, writing)
  if (rows.length < 2) return each()
  const answer = await sendBulk(message, rows, writing)
  const kind = kindOf(message, table)
  if ('outcomes' in answer) {
    settings.sizes.learn(kind, { kind: 'done', rows: rows.length, latencyMs: answer.latencyMs })
    return answer.outcomes
  }
  const { error, what } = answer
  connection.log.info({ what, status: error.status, code: error.code }, 'bulk message refused')
  switch (classify(error)) {
    case 'ambiguous':
      // An unexplained 500 may be one row's doing. Only repeatable rows may be sent again to find out which.
      return writing.repeatable && error.status === 500 ? each() : allAgain(rows, error)
    case 'throttled':
    case 'transient':
    case 'deadlock':
      return allAgain(rows, error)
    case 'shrink':
      settings.sizes.learn(kind, { kind: 'too-large', rows: rows.length })
      return halves(message, rows, writing)
    case 'bulk-unavailable':
      writing.lacking.add(`${table.logicalName}/${message}`)
      return each()
    case 'conflict':
    case 'gone':
    case 'row':
      return apart(message, rows, writing)
    case 'authorisation':
    case 'fatal-configuration':
      throw refusal(what, error, valuesOf(rows))
  }
}

/** The rows of a message that one of them broke, nobody says which: halved until they are few, then each for itself. */
async function apart(message: Message, rows: readonly RowWrite[], writing: Writing): Promise<WriteOutcome[]> {
  const { settings, table } = writing
  const outcomes = await narrowed(message, rows, writing)
  const bad = outcomes.filter(({ kind }) => kind === 'rejected').length
  settings.sizes.learn(kindOf(message, table), { kind: 'bad', rows: rows.length, bad })
  return outcomes
}

/**
 * Rows that surely hold a bad one. Where the first half passes, the second need not be asked whether it does. However many
 * are bad, no row is sent more often than it takes to halve the message into one `$batch`, and once by itself.
 */
async function narrowed(message: Message, rows: readonly RowWrite[], writing: Writing): Promise<WriteOutcome[]> {
  if (rows.length <= writing.settings.batchParts) return inBatches(rows, writing)
  const [first, second] = halved(rows)
  const before = await half(message, first, writing)
  if (before.kind === 'passed') {
    return [...before.outcomes, ...(await orAgain(second.length, () => narrowed(message, second, writing)))]
  }
  const either = async () => {
    const after = await half(message, second, writing)
    return after.kind === 'broken' ? narrowed(message, second, writing) : after.outcomes
  }
  const parts = [
    before.kind === 'broken'
      ? orAgain(first.length, () => narrowed(message, first, writing))
      : Promise.resolve(before.outcomes),
    orAgain(second.length, either),
  ]
  return (await allOf(parts)).flat()
}

/** What became of one half: written, broken by a row of it, or whatever else is known of its rows. */
type Half = { readonly kind: 'broken' } | { readonly kind: 'passed' | 'other'; readonly outcomes: WriteOutcome[] }

async function half(message: Message, rows: readonly RowWrite[], writing: Writing): Promise<Half> {
  let broken = false
  let passed = false
  const outcomes = await orAgain(rows.length, async () => {
    const answer = await sendBulk(message, rows, writing)
    if ('outcomes' in answer) {
      passed = true
      const { outcomes, latencyMs } = answer
      writing.settings.sizes.learn(kindOf(message, writing.table), { kind: 'part-done', rows: rows.length, latencyMs })
      return outcomes
    }
    const { error } = answer
    switch (classify(error)) {
      case 'conflict':
      case 'gone':
      case 'row':
        broken = true
        return []
      case 'throttled':
      case 'transient':
      case 'deadlock':
        return allAgain(rows, error)
      case 'ambiguous':
        return writing.repeatable && error.status === 500 ? inBatches(rows, writing) : allAgain(rows, error)
      default:
        // Whatever it is, the rows' own requests tell it of each.
        return inBatches(rows, writing)
    }
  })
  return broken ? { kind: 'broken' } : { kind: passed ? 'passed' : 'other', outcomes }
}

/** Writes rows each for itself, some in each `$batch`. */
async function inBatches(rows: readonly RowWrite[], writing: Writing): Promise<WriteOutcome[]> {
  const { connection, settings, table } = writing
  const parts = chunks(rows, Math.min(settings.batchParts, MAX_PARTS))
  const written = parts.map((part) => orAgain(part.length, () => isolate(connection, table, part, writing)))
  return (await allOf(written)).flat()
}

const valuesOf = (rows: readonly RowWrite[]): string[] =>
  rows.flatMap(({ id, columns }) => [id, ...Object.values(columns).filter((value) => typeof value === 'string')])

function allAgain(rows: readonly RowWrite[], error: ApiError): WriteOutcome[] {
  return Array<WriteOutcome>(rows.length).fill({ kind: 'again', code: refusalCode(error) })
}

async function halves(message: Message, rows: readonly RowWrite[], writing: Writing): Promise<WriteOutcome[]> {
  const outcomes: WriteOutcome[] = []
  // One after the other: the server has just said that it is slow.
  for (const its of halved(rows)) {
    outcomes.push(...(await orAgain(its.length, () => bulk(message, its, writing))))
  }
  return outcomes
}

type Lane = Message | 'each'

/**
 * Conditions cannot be told in a bulk message, elastic tables answer it in part only, and standard ones have none that
 * deletes: such rows go each for itself.
 */
function laneOf(row: RowWrite, table: TableMetadata, lacking: LackingMessages, useBulk: boolean): Lane {
  if (!useBulk || table.elastic || row.kind === 'delete') return 'each'
  if (row.kind === 'update' && row.ifMatch !== undefined) return 'each'
  const message = row.kind === 'create' ? 'CreateMultiple' : 'UpdateMultiple'
  const offered = row.kind === 'create' ? table.bulk.createMultiple : table.bulk.updateMultiple
  return offered && !lacking.has(`${table.logicalName}/${message}`) ? message : 'each'
}

/**
 * The port's `write`: rows are dealt into lanes and messages, which run side by side at the pace of the pool; ids never meet
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
  const writing: Writing = { ...sending, connection, settings, table, lacking }
  const lanes = groupBy(rows.entries(), ([, row]) => laneOf(row, table, lacking, settings.bulk))
  const outcomes: Array<WriteOutcome | undefined> = rows.map(() => undefined)
  const messagesIn = (lane: Lane, count: number) =>
    lane === 'each' ? 1 : settings.sizes.messages(kindOf(lane, table), count)
  const runs = [...lanes].flatMap(([lane, entries]) =>
    equalParts(entries, messagesIn(lane, entries.length)).map(async (chunk) => {
      const its = chunk.map(([, row]) => row)
      const work = () => (lane === 'each' ? inBatches(its, writing) : bulk(lane, its, writing))
      const results = await orAgain(chunk.length, work)
      chunk.forEach(([position], index) => {
        outcomes[position] = results[index]
      })
    }),
  )
  await allOf(runs)
  return outcomes.map((outcome) => outcome ?? { kind: 'again', code: 'no-answer' })
}

/** Waits for all, then throws the first error: no request of ours may be under way after `write` has thrown. */
async function allOf<T>(runs: ReadonlyArray<Promise<T>>): Promise<T[]> {
  const results = await Promise.allSettled(runs)
  const failures = results.flatMap((result) => (result.status === 'rejected' ? [result.reason] : []))
  if (failures.length > 0) throw failures.find((reason) => reason instanceof CodedError) ?? failures[0]
  return results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []))
}
