/** Create, Update, Upsert and Delete of one row by URL: the truth table of conditional writes. */
import { ApiError, badRequest } from './api-error.ts'
import { type ApiReply, type ApiRequest, emptyReply, jsonReply } from './api-message.ts'
import { requirePrivilege } from './identity.ts'
import { type Columns, parseObject, parsePayload } from './payload.ts'
import { allowOnly, parsePreferences, parseQuery } from './query-options.ts'
import { findRow, noSuchRow, type RowKey } from './row-key.ts'
import { etagOf, selectColumns, showRow } from './row-properties.ts'
import { createRow, updateRow } from './row-write.ts'
import type { DataverseState } from './state.ts'
import type { Row, Table } from './table.ts'
import { type Transaction, transact, type Writer } from './transaction.ts'
import { bypassOf } from './webhook-bypass.ts'
import { clearRegistration } from './webhook-registration.ts'

/** Where a single write happens: alone, or inside a change set whose transaction and `$1` references it shares. */
export interface WriteScope {
  readonly transaction?: Transaction
  readonly references?: ReadonlyMap<string, string>
}

/** The author of what the request writes. */
export function writerOf(request: ApiRequest): Writer {
  const tag = parseQuery(request.query).get('tag') ?? null
  return { userId: request.identity.userId, requestId: request.requestId, tag, bypass: bypassOf(request.headers) }
}

/** Runs a write in the scope's transaction, or in one of its own. */
export function inScope<T>(
  state: DataverseState,
  request: ApiRequest,
  scope: WriteScope,
  work: (transaction: Transaction) => T,
): T {
  if (scope.transaction === undefined) return transact(state, writerOf(request), work)
  // In a change set every part has its own tag and headers.
  scope.transaction.writer = writerOf(request)
  return work(scope.transaction)
}

function bodyOf(request: ApiRequest): Record<string, unknown> {
  if (!(request.headers.get('content-type') ?? '').toLowerCase().startsWith('application/json')) {
    throw badRequest('A supported MIME type could not be found that matches the content type of the request.')
  }
  return parseObject(request.body)
}

/** `POST contacts`. */
export function create(state: DataverseState, request: ApiRequest, table: Table, scope: WriteScope): ApiReply {
  requirePrivilege(request.identity, 'Create', table.schema)
  allowOnly(parseQuery(request.query), ['$select'], 'a create')
  const columns = parsePayload(state, request.identity, table.schema, bodyOf(request), scope.references)
  const id = inScope(state, request, scope, (transaction) => createRow(transaction, table, columns))
  return written(request, table, id, `${table.schema.entitySetName}(${id})`, 201)
}

/** `PATCH contacts(<key>)`: an upsert unless a condition says otherwise. */
export function patch(
  state: DataverseState,
  request: ApiRequest,
  table: Table,
  key: RowKey,
  scope: WriteScope,
): ApiReply {
  allowOnly(parseQuery(request.query), ['$select'], 'an update')
  const payload = bodyOf(request)
  const row = findRow(table, key)
  const ifMatch = request.headers.get('if-match')
  const createOnly = request.headers.get('if-none-match') === '*'
  const address = key.kind === 'primary' ? `${table.schema.entitySetName}(${key.id})` : decodeURIComponent(request.path)

  if (row === undefined) {
    // Observed on live tables: create-only by alternate key finds nothing to create.
    if (ifMatch !== undefined || (createOnly && key.kind === 'alternate')) throw noSuchRow(table, key)
    requirePrivilege(request.identity, 'Create', table.schema)
    const parsed = parsePayload(state, request.identity, table.schema, payload, scope.references)
    const columns = { ...keyColumns(table, key), ...parsed }
    if (key.kind === 'primary') columns[table.schema.primaryId] = key.id
    const id = inScope(state, request, scope, (transaction) => createRow(transaction, table, columns))
    return written(request, table, id, address, 201)
  }
  if (createOnly) {
    state.counters.repeatedWrites++
    throw new ApiError(412, '0x80040237', 'A record with matching key values already exists.')
  }
  checkVersion(table, row, ifMatch)
  requirePrivilege(request.identity, 'Write', table.schema)
  const columns = parsePayload(state, request.identity, table.schema, payload, scope.references)
  dropKeyColumns(table, key, columns)
  inScope(state, request, scope, (transaction) => updateRow(transaction, table, row, columns))
  return written(request, table, String(row[table.schema.primaryId]), address, 200)
}

/** `DELETE contacts(<key>)`. */
export function remove(
  state: DataverseState,
  request: ApiRequest,
  table: Table,
  key: RowKey,
  scope: WriteScope,
): ApiReply {
  requirePrivilege(request.identity, 'Delete', table.schema)
  const row = findRow(table, key)
  if (row === undefined) throw noSuchRow(table, key)
  checkVersion(table, row, request.headers.get('if-match'))
  inScope(state, request, scope, (transaction) => {
    clearRegistration(transaction, table.schema, String(row[table.schema.primaryId]))
    transaction.remove(table, String(row[table.schema.primaryId]))
  })
  return emptyReply()
}

function checkVersion(table: Table, row: Row, ifMatch: string | undefined): void {
  if (ifMatch === undefined || ifMatch === '*') return
  if (!table.schema.optimisticConcurrency) {
    throw new ApiError(
      400,
      '0x80060883',
      `Optimistic concurrency isn't enabled for entity ${table.schema.logicalName}.`,
    )
  }
  if (ifMatch === etagOf(row)) return
  throw new ApiError(
    412,
    '0x80060882',
    "The version of the existing record doesn't match the RowVersion property provided.",
  )
}

/** The values of an alternate key, for a create through it. */
export function keyColumns(table: Table, key: RowKey): Columns {
  if (key.kind === 'primary') return { [table.schema.primaryId]: key.id }
  return Object.fromEntries(key.values)
}

/** A row cannot change, through a key, the columns of that key: they are dropped from the body. */
export function dropKeyColumns(table: Table, key: RowKey, columns: Columns): void {
  delete columns[table.schema.primaryId]
  if (key.kind === 'alternate') for (const name of key.key.columns) delete columns[name]
}

function written(request: ApiRequest, table: Table, id: string, address: string, status: number): ApiReply {
  const headers = { 'OData-EntityId': `${request.root}/${address}` }
  const { representation, annotations } = parsePreferences(request.headers.get('prefer'))
  const row = table.get(id)
  if (!representation || row === undefined) return emptyReply(headers)
  const columns = selectColumns(table.schema, parseQuery(request.query).get('$select'))
  return jsonReply(
    status,
    {
      '@odata.context': `${request.root}/$metadata#${table.schema.entitySetName}/$entity`,
      ...showRow(row, columns, annotations),
    },
    { ...headers, ETag: etagOf(row), 'Preference-Applied': 'return=representation' },
  )
}
