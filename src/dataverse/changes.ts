/** Change tracking: the rows of a table that changed since a delta link (Dataverse: change tracking). */

import { answered, type Connection, objectOf } from './connection.ts'
import type { ContactChanges, Guid, Row, TableMetadata } from './dataverse.ts'
import { parseApiError } from './errors.ts'
import { guidOf, type JsonObject, objectsOf } from './json.ts'
import { rowOf } from './rows.ts'
import type { Reply, Request } from './send.ts'

/** `ExpiredVersionStamp`: older than the environment keeps (7 days by default), or the table's columns changed. */
const EXPIRED_STAMP = '0x80044352'

/** Is the delta link too old? Servers differ in status and code, so the message counts too. */
function isExpired(reply: Reply): boolean {
  if (reply.status === 410) return true
  if (reply.status !== 400 && reply.status !== 404) return false
  const error = parseApiError(reply.status, reply.body)
  return error.code === EXPIRED_STAMP || /\bexpired\b|full sync|resync/i.test(error.message)
}

const isDeletion = (item: JsonObject): boolean =>
  item['reason'] === 'deleted' || String(item['@odata.context'] ?? '').endsWith('/$deletedEntity')

/** One page. @throws CodedError where a row has no id. */
function pageOf(json: JsonObject, primaryId: string, what: string): ContactChanges {
  const rows: Row[] = []
  const deleted: Guid[] = []
  for (const item of objectsOf(json, 'value')) {
    if (!isDeletion(item)) rows.push(rowOf(item, primaryId, what))
    else {
      const id = guidOf(item['id'])
      if (id !== undefined) deleted.push(id)
    }
  }
  const deltaLink = json['@odata.deltaLink']
  return { rows, deleted, ...(typeof deltaLink === 'string' ? { deltaLink } : {}) }
}

/**
 * The port's `changes`: pages until one carries the new delta link. `expired` ends it where Dataverse does not know
 * the link any more: then all rows have to be read anew.
 */
export async function* changes(
  connection: Connection,
  table: TableMetadata,
  select: readonly string[],
  deltaLink: string | undefined,
  signal: AbortSignal,
): AsyncIterable<ContactChanges | 'expired'> {
  const what = `changes of ${table.logicalName}`
  const columns = select.includes(table.primaryId) ? select : [table.primaryId, ...select]
  const first = `${table.entitySetName}?$select=${columns.join(',')}`
  for (let path: string | undefined = deltaLink ?? first; path !== undefined; ) {
    const headers = { prefer: 'odata.track-changes' }
    const request: Request = { method: 'GET', path, headers, what, repeatable: true }
    const reply = await answered(what, () => connection.send(request, signal))
    if (deltaLink !== undefined && isExpired(reply)) {
      yield 'expired'
      return
    }
    const json = objectOf(what, reply)
    yield pageOf(json, table.primaryId, what)
    const next = json['@odata.nextLink']
    path = typeof next === 'string' ? next : undefined
  }
}
