/** Reading rows by values: `In` filters wrapped in `$batch`, so that no value ever meets a key URL or a URL limit. */

import type { Instant } from '../consent/time.ts'
import { requestTarget } from './api-root.ts'
import { type BatchPart, batchRequest, parseBatchReply } from './batch.ts'
import { answered, answeredAt, type Connection, getObject, objectOf, refusal, unanswered } from './connection.ts'
import type { ReadRows, Row, TableMetadata } from './dataverse.ts'
import { parseApiError } from './errors.ts'
import { isGuid, type JsonObject, objectsOf } from './json.ts'
import { type Setback, setbackOf } from './retry.ts'
import { rowOf } from './rows.ts'
import type { Reply } from './send.ts'

/** Values of one `In`. How many it may hold is not stated; SQL's parameter ceiling makes a few hundred safe. */
const VALUES_PER_PART = 200

/** Characters of one part's URL; half of what a batch allows, for whatever the server adds in a next link. */
const URL_PER_PART = 32_000

/** The limits article advises small batches; ten parts of 200 values are one page of work. */
const PARTS_PER_BATCH = 10

/** Longer strings are refused by `In` (Dataverse: filter rows); no column of ours can hold them anyway. */
const LONGEST_VALUE = 850

/** What is read: rows of `set` whose `column` is in `values`. `guids`: the column holds ids, other text matches nothing. */
export interface InQuery {
  readonly set: string
  readonly primaryId: string
  readonly select: readonly string[]
  readonly column: string
  readonly values: readonly string[]
  readonly guids: boolean
  readonly prefer?: string
  readonly what: string
}

/** Names of columns and tables come from configuration and metadata; they go into URLs as they are. */
const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/

/** A name as it may stand in a URL. @throws CodedError `dataverse-rejects-request` for any other. */
export function named(name: string, what: string): string {
  if (NAME.test(name)) return name
  throw refusal(what, {
    status: 400,
    code: '',
    message: 'a column or table name with other signs than letters, digits and _',
    wellFormed: true,
  })
}

/** Percent-encodes everything but letters, digits and `-._~`; an apostrophe too, which OData quotes with. */
const encoded = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`)

/** What can match at all: well-formed (a lone surrogate has no UTF-8), not too long, without U+0000; each once. */
function sendable(query: InQuery): string[] {
  const wellFormed = query.values.map((value) => value.replace(/\p{Surrogate}/gu, '\uFFFD'))
  const fitting = wellFormed.filter((value) => value.length <= LONGEST_VALUE && !value.includes('\0'))
  return [...new Set(query.guids ? fitting.filter(isGuid).map((id) => id.toLowerCase()) : fitting)]
}

/** The request targets of a query, each within the bounds of one part. */
export function inTargets(rootPath: string, query: InQuery): string[] {
  const column = named(query.column, query.what)
  const select = query.select.map((name) => named(name, query.what)).join(',')
  const head =
    `${rootPath}${named(query.set, query.what)}?$select=${select}` +
    `&$filter=Microsoft.Dynamics.CRM.In(PropertyName=@p1,PropertyValues=@p2)&@p1='${column}'&@p2=`
  const comma = encoded(',')
  const targets: string[] = []
  let chunk: string[] = []
  let length = 0
  const close = () => {
    if (chunk.length > 0) targets.push(`${head}${encoded('[')}${chunk.join(comma)}${encoded(']')}`)
    chunk = []
    length = head.length + 6
  }
  close()
  for (const value of sendable(query)) {
    // A JSON string in double quotes: in single quotes an apostrophe would end it (Dataverse: filter rows).
    const text = encoded(JSON.stringify(value))
    if (chunk.length >= VALUES_PER_PART || length + text.length + comma.length > URL_PER_PART) close()
    chunk.push(text)
    length += text.length + comma.length
  }
  close()
  return targets
}

/** Sends one batch of GETs, repeated as a whole while it or a part of it meets a passing trouble. */
async function getParts(connection: Connection, targets: readonly string[], query: InQuery, signal: AbortSignal) {
  const headers = query.prefer === undefined ? {} : { Prefer: query.prefer }
  const parts: BatchPart[] = targets.map((target) => ({ method: 'GET', target, headers }))
  const { what } = query
  const attempt = async () => {
    const batch = batchRequest(parts, { what, repeatable: true, newBoundary: connection.newBoundary })
    const request = { ...batch, load: { kind: what, rows: parts.length } }
    const reply = await connection.sendOnce(request, signal)
    return { reply, parts: parseBatchReply(reply, parts.length) }
  }
  const setback = (result: Awaited<ReturnType<typeof attempt>>): Setback | undefined => {
    const nowMs = connection.clock.now()
    const whole = setbackOf(result.reply, nowMs)
    if (whole !== undefined || result.parts === undefined) return whole
    if (result.parts.includes(undefined)) return { why: 'incomplete batch answer', floorMs: 0 }
    return result.parts.map((part) => part && setbackOf(part, nowMs)).find((found) => found !== undefined)
  }
  return answered(what, () => connection.retry(what, attempt, setback, signal))
}

/** The answers of all parts. @throws CodedError where the batch or any part was refused. */
function partAnswers(reply: Reply, parts: Array<Reply | undefined> | undefined, query: InQuery): JsonObject[] {
  if (parts === undefined) {
    if (reply.status >= 400) throw refusal(query.what, parseApiError(reply.status, reply.body), query.values)
    throw unanswered(query.what, `HTTP ${reply.status} that is no batch answer`)
  }
  return parts.map((part) => {
    if (part === undefined) throw unanswered(query.what, 'a batch answer with a part missing')
    return objectOf(query.what, part, query.values)
  })
}

/** Reads targets and the pages behind them. */
async function readTargets(
  connection: Connection,
  first: readonly string[],
  query: InQuery,
  signal: AbortSignal,
): Promise<{ rows: Row[]; at: Instant }> {
  const rows: Row[] = []
  let at = Number.POSITIVE_INFINITY
  for (let targets = [...first]; targets.length > 0; ) {
    const { reply, parts } = await getParts(connection, targets.splice(0, PARTS_PER_BATCH), query, signal)
    const answers = partAnswers(reply, parts, query)
    at = Math.min(at, answeredAt(reply, connection.clock))
    for (const answer of answers) {
      for (const item of objectsOf(answer, 'value')) rows.push(rowOf(item, query.primaryId, query.what))
      const next = answer['@odata.nextLink']
      if (typeof next === 'string') targets = [...targets, requestTarget(connection.root, next)]
    }
  }
  return { rows, at }
}

/** Reads every row that the query matches; `at` and `readAtMs` are those of the earliest request. */
export async function readIn(connection: Connection, query: InQuery, signal: AbortSignal): Promise<ReadRows> {
  const readAtMs = connection.clock.monotonic()
  const targets = inTargets(connection.root.path, query)
  const batches: string[][] = []
  for (let at = 0; at < targets.length; at += PARTS_PER_BATCH) batches.push(targets.slice(at, at + PARTS_PER_BATCH))
  const read = await Promise.all(batches.map((batch) => readTargets(connection, batch, query, signal)))
  const at = read.reduce((least, { at }) => Math.min(least, at), Number.POSITIVE_INFINITY)
  const rows = new Map(read.flatMap((batch) => batch.rows).map((row) => [row.id, row]))
  return {
    rows: [...rows.values()],
    at: Number.isFinite(at) ? at : answeredAt({ status: 0, headers: {}, body: '' }, connection.clock),
    readAtMs,
  }
}

/** The port's `rowsIn`. A row that several values match (case, accents) comes once. */
export function rowsIn(
  connection: Connection,
  table: TableMetadata,
  select: readonly string[],
  column: string,
  values: readonly string[],
  signal: AbortSignal,
): Promise<ReadRows> {
  const type = table.columns.get(column)?.type
  const guids = column === table.primaryId || type === 'unique-identifier' || type === 'lookup'
  const { entitySetName: set, primaryId } = table
  const selected = select.includes(primaryId) ? select : [primaryId, ...select]
  const query: InQuery = { set, primaryId, select: selected, column, values, guids, what: `read ${table.logicalName}` }
  return readIn(connection, query, signal)
}

/** The port's `anyStartingWith`: one row is enough to know. */
export async function anyStartingWith(
  connection: Connection,
  table: TableMetadata,
  column: string,
  prefix: string,
  signal: AbortSignal,
): Promise<boolean> {
  const what = `probe ${table.logicalName}`
  // `%`, `_` and `[` are wildcards in string functions; a bracket makes each of them itself.
  const text = prefix.replace(/[%_[]/g, '[$&]').replace(/'/g, "''")
  const filter = encoded(`startswith(${named(column, what)},'${text}')`)
  const path = `${named(table.entitySetName, what)}?$select=${table.primaryId}&$filter=${filter}&$top=1`
  return objectsOf(await getObject(connection, path, what, signal), 'value').length > 0
}
