/** One row to write as a request of its own, and what its answer means. */

import { defect } from '../lib/errors.ts'
import { answeredAt, type Connection, refusal, refusalName } from './connection.ts'
import type { RowWrite, TableMetadata, WriteOutcome } from './dataverse.ts'
import { classify, parseApiError, refusalCode } from './errors.ts'
import { isGuid } from './json.ts'
import { maskMessage } from './mask.ts'
import type { Reply } from './send.ts'

/** A request for one row; `path` is below the API root. */
export interface RowRequest {
  readonly method: 'POST' | 'PATCH' | 'DELETE'
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  /** Absent where a row is deleted. */
  readonly body?: string
}

/**
 * A create is a POST with the id in the body: it can never update. An update is a PATCH with `If-Match`, `*` where no
 * version is asked for: it can never create. A delete names the version it deletes. Only GUIDs reach a URL.
 */
export function rowRequest(table: TableMetadata, row: RowWrite): RowRequest {
  if (!isGuid(row.id)) defect('write', 'a row id that is no GUID')
  switch (row.kind) {
    case 'create': {
      const body = JSON.stringify({ ...row.columns, [table.primaryId]: row.id })
      return { method: 'POST', path: table.entitySetName, headers: {}, body }
    }
    case 'update': {
      // An empty or broken condition could be ignored, and an unconditional PATCH creates.
      if (row.ifMatch !== undefined) checkVersion(row.ifMatch)
      const headers = { 'If-Match': row.ifMatch ?? '*' }
      return { method: 'PATCH', path: `${table.entitySetName}(${row.id})`, headers, body: JSON.stringify(row.columns) }
    }
    case 'delete':
      checkVersion(row.ifMatch)
      return { method: 'DELETE', path: `${table.entitySetName}(${row.id})`, headers: { 'If-Match': row.ifMatch } }
  }
}

function checkVersion(ifMatch: string): void {
  if (!/^[\x21-\x7e]+$/.test(ifMatch)) defect('write', 'an unusable row version')
}

/** The row's own texts, which no message may repeat. */
const valuesOf = (row: RowWrite): string[] =>
  [row.id, ...Object.values(row.columns)].flatMap((value) =>
    typeof value === 'string' ? [value] : typeof value === 'number' ? [String(value)] : [],
  )

const knownNames = (table: TableMetadata): ReadonlySet<string> => new Set([table.logicalName, ...table.columns.keys()])

/**
 * The outcome of one row from its own answer; `outer` is the HTTP answer that carries Dataverse's `Date`.
 * @throws CodedError `forbidden`, `dataverse-rejects-request`: these are not one row's fault.
 */
export function rowOutcome(
  connection: Connection,
  table: TableMetadata,
  row: RowWrite,
  reply: Reply,
  outer: Reply,
): WriteOutcome {
  if (reply.status >= 200 && reply.status < 300) return { kind: 'done', at: answeredAt(outer, connection.clock) }
  const error = parseApiError(reply.status, reply.body)
  const code = refusalCode(error)
  const rejected = (): WriteOutcome => {
    const message = maskMessage(error.message, valuesOf(row), knownNames(table))
    return { kind: 'rejected', code, message: message === '' ? refusalName(error) : message }
  }
  switch (classify(error)) {
    case 'throttled':
    case 'transient':
    case 'ambiguous':
    case 'deadlock':
    case 'shrink':
      return { kind: 'again', code }
    case 'conflict':
      return { kind: 'conflict', code }
    case 'gone':
      // A create finds nothing missing but what it points to.
      return row.kind === 'create' ? rejected() : { kind: 'gone', code }
    case 'row':
      return rejected()
    case 'bulk-unavailable':
    case 'authorisation':
    case 'fatal-configuration':
      throw refusal(`write ${table.logicalName}`, error, valuesOf(row))
  }
}
