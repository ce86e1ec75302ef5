/** Writing rows: bulk messages for the many, a batch for the few, and one outcome for each. */

import { defect } from '../lib/errors.ts'
import { groupBy } from '../lib/group.ts'
import { apart } from './broken-message.ts'
import {
  allAgain,
  allOf,
  inBatches,
  kindOf,
  type LackingMessages,
  type Message,
  orAgain,
  sendBulk,
  type WriteSettings,
  type Writing,
} from './bulk-message.ts'
import { type Connection, refusal } from './connection.ts'
import type { RowWrite, TableMetadata, WriteOutcome } from './dataverse.ts'
import { classify } from './errors.ts'
import { NO_ANSWER, type Sending } from './isolate.ts'
import { isGuid } from './json.ts'
import { equalParts, halved } from './parts.ts'

/** No id twice: UpdateMultiple keeps the first silently, and two requests on one row deadlock. */
function checkIds(rows: readonly RowWrite[]): void {
  const ids = new Set<string>()
  for (const { id } of rows) {
    if (!isGuid(id)) defect('write', 'a row id that is no GUID')
    if (ids.has(id.toLowerCase())) defect('write', 'one row twice in one call')
    ids.add(id.toLowerCase())
  }
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
      return apart(message, rows, error, writing)
    case 'authorisation':
    case 'fatal-configuration':
      throw refusal(what, error, valuesOf(rows))
  }
}

const valuesOf = (rows: readonly RowWrite[]): string[] =>
  rows.flatMap(({ id, columns }) => [id, ...Object.values(columns).filter((value) => typeof value === 'string')])

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
  return outcomes.map((outcome) => outcome ?? NO_ANSWER)
}
