/** Rows of Dataverse's JSON answers: ids and lookups in lower case, etags apart, annotations kept. */

import type { JsonValue } from '../record/record.ts'
import { unanswered } from './connection.ts'
import type { Row } from './dataverse.ts'
import { guidOf, type JsonObject } from './json.ts'

/** GUIDs are compared as text throughout, and servers differ in case. */
const lowered = (name: string, value: JsonValue): JsonValue =>
  name.startsWith('_') && name.endsWith('_value') ? (guidOf(value) ?? value) : value

/** One row as read. @throws CodedError `dataverse-unavailable` where it has no readable id. */
export function rowOf(item: JsonObject, primaryId: string, what: string): Row {
  const id = guidOf(item[primaryId])
  if (id === undefined) throw unanswered(what, 'a row without its id')
  const { '@odata.etag': etag, ...rest } = item
  const columns: Record<string, JsonValue> = {}
  for (const [name, value] of Object.entries(rest)) columns[name] = lowered(name, value)
  columns[primaryId] = id
  return { id, etag: typeof etag === 'string' ? etag : '', columns }
}
