/** Requests to one property of a row: its value, the row that a lookup points at, and how many rows a table has. */
import { badPayload, notUnderstood } from './api-error.ts'
import { type ApiReply, type ApiRequest, emptyReply } from './api-message.ts'
import { requirePrivilege } from './identity.ts'
import { parseObject } from './payload.ts'
import { parseRowKey } from './row-key.ts'
import { patch, type WriteScope } from './row-requests.ts'
import { lookupOfNavigation } from './schema.ts'
import type { DataverseState } from './state.ts'
import type { Table } from './table.ts'

/** `$count` never goes beyond this. (Dataverse: count of rows.) */
const MAX_COUNT = 5_000

/** `GET contacts/$count`: a bare number. */
export function countRows(request: ApiRequest, table: Table): ApiReply {
  requirePrivilege(request.identity, 'Read', table.schema)
  if (request.query !== '') throw notUnderstood('a query option with /$count')
  const headers = { 'Content-Type': 'text/plain' }
  return { status: 200, headers, body: String(Math.min(table.size, MAX_COUNT)) }
}

/** An address below a row: `contacts(<key>)/jobtitle`, `contacts(<key>)/parentcustomerid_account/$ref`. */
export interface PropertyAddress {
  readonly set: string
  readonly key: string
  readonly name: string
  readonly isReference: boolean
}

/** Splits a decoded path; undefined where it is no such address. */
export function splitProperty(path: string): PropertyAddress | undefined {
  const match = /^(\w+)\((.*)\)\/(\w+)(\/\$ref)?$/s.exec(path)
  const [, set, key, name, reference] = match ?? []
  if (set === undefined || key === undefined || name === undefined) return undefined
  return { set, key, name, isReference: reference !== undefined }
}

/**
 * `PUT` sets and `DELETE` clears one column, or with `/$ref` one lookup, of a row that must exist. It is an update like
 * any other, with all its checks. (Dataverse: update a single property value; associate with a single-valued
 * navigation property.)
 */
export function writeProperty(
  state: DataverseState,
  request: ApiRequest,
  table: Table,
  { key, name, isReference }: PropertyAddress,
  scope: WriteScope,
): ApiReply {
  if (request.method !== 'PUT' && request.method !== 'DELETE') throw notUnderstood(`${request.method} on a property`)
  if (isReference && lookupOfNavigation(table.schema, name) === undefined) {
    throw notUnderstood(`'$ref' of '${name}', which is no lookup of '${table.schema.logicalName}'`)
  }
  const value = request.method === 'DELETE' ? null : valueIn(request.body, isReference)
  const body = JSON.stringify({ [isReference ? `${name}@odata.bind` : name]: value })
  const headers = new Map(request.headers).set('content-type', 'application/json')
  if (!headers.has('if-match')) headers.set('if-match', '*')
  const path = `${table.schema.entitySetName}(${encodeURIComponent(key)})`
  patch(state, { ...request, path, headers, body }, table, parseRowKey(table, key), scope)
  return emptyReply()
}

function valueIn(body: string, isReference: boolean): unknown {
  const { value, '@odata.id': target } = parseObject(body)
  const found = isReference ? target : value
  if (found === undefined) throw badPayload(`The property '${isReference ? '@odata.id' : 'value'}' is missing.`)
  return found
}
