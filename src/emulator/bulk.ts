/** CreateMultiple, UpdateMultiple and UpsertMultiple: many rows of one table in one request. */
import { ApiError, badPayload, badRequest } from './api-error.ts'
import { type ApiReply, type ApiRequest, emptyReply, jsonReply } from './api-message.ts'
import { requirePrivilege } from './identity.ts'
import { asObject, parseObject, parsePayload } from './payload.ts'
import { allowOnly, parsePreferences, parseQuery } from './query-options.ts'
import { findRow, parseReference, type RowKey } from './row-key.ts'
import { dropKeyColumns, inScope, keyColumns, type WriteScope } from './row-requests.ts'
import { createRow, updateRow } from './row-write.ts'
import type { DataverseState } from './state.ts'
import type { Table } from './table.ts'
import type { Transaction } from './transaction.ts'

/** The bulk messages of standard tables. */
export const BULK_MESSAGES = ['CreateMultiple', 'UpdateMultiple', 'UpsertMultiple'] as const
/** One of them. */
export type BulkMessage = (typeof BULK_MESSAGES)[number]

/** An elastic table takes at most so many rows in one request. */
const ELASTIC_ROWS = 100

type Target = Readonly<Record<string, unknown>>

/** Where the message does not exist for the table. */
export function bulkUnavailable(message: string): ApiError {
  return new ApiError(404, '0x80060888', `Resource not found for the segment 'Microsoft.Dynamics.CRM.${message}'.`)
}

/** How many targets a bulk body holds; 0 for anything unreadable. */
export function countTargets(body: string): number {
  try {
    const { Targets } = JSON.parse(body) as { Targets?: unknown }
    return Array.isArray(Targets) ? Targets.length : 0
  } catch {
    return 0
  }
}

/** Standard tables: one transaction, one error, no index of the bad row. Elastic tables: each row for itself. */
export function bulk(
  state: DataverseState,
  request: ApiRequest,
  table: Table,
  message: BulkMessage,
  scope: WriteScope,
): ApiReply {
  if (!table.schema.bulk) throw bulkUnavailable(message)
  allowOnly(parseQuery(request.query), [], message)
  if (message !== 'UpdateMultiple') requirePrivilege(request.identity, 'Create', table.schema)
  if (message !== 'CreateMultiple') requirePrivilege(request.identity, 'Write', table.schema)
  const targets = parseTargets(table, parseObject(request.body))
  const work = WORKS[message]
  if (table.schema.tableType === 'Elastic') return elastic(state, request, table, targets, work)
  const ids = inScope(state, request, scope, (transaction) => work({ transaction, request, table, scope }, targets))
  return message === 'CreateMultiple'
    ? jsonReply(200, {
        '@odata.context': `${request.root}/$metadata#Microsoft.Dynamics.CRM.CreateMultipleResponse`,
        Ids: ids,
      })
    : emptyReply()
}

function parseTargets(table: Table, body: Record<string, unknown>): Target[] {
  const { Targets: list } = body
  if (!Array.isArray(list)) throw badPayload("The parameter 'Targets' is missing.")
  if (list.length === 0) throw badRequest('The Targets collection is empty.')
  return list.map((item) => {
    const target = asObject(item)
    const type = target['@odata.type']
    if (type === undefined) {
      throw badPayload("The '@odata.type' annotation is required on every item of 'Targets'.")
    }
    const name = String(type).replace(/^#?Microsoft\.Dynamics\.CRM\./, '')
    if (name !== table.schema.logicalName) throw badPayload(`All targets must be of '${table.schema.logicalName}'.`)
    return target
  })
}

interface BulkScope {
  readonly transaction: Transaction
  readonly request: ApiRequest
  readonly table: Table
  readonly scope: WriteScope
}

type Work = (bulkScope: BulkScope, targets: readonly Target[]) => string[]

const WORKS: Readonly<Record<BulkMessage, Work>> = {
  CreateMultiple: createAll,
  UpdateMultiple: updateAll,
  UpsertMultiple: upsertAll,
}

function columnsOf({ transaction, request, table, scope }: BulkScope, target: Target) {
  return parsePayload(transaction.state, request.identity, table.schema, target, scope.references)
}

function createAll(bulkScope: BulkScope, targets: readonly Target[]): string[] {
  return targets.map((target) => createRow(bulkScope.transaction, bulkScope.table, columnsOf(bulkScope, target)))
}

/** The first of several rows with one key wins, the later ones are ignored without a word. */
function updateAll(bulkScope: BulkScope, targets: readonly Target[]): string[] {
  const { transaction, table } = bulkScope
  const seen = new Set<string>()
  for (const target of targets) {
    const key = targetKey(bulkScope, target)
    if (key.kind === 'alternate' && transaction.state.settings.unknowns.updateMultipleByKey === 'refused') {
      throw badPayload(`A target of UpdateMultiple needs '${table.schema.primaryId}'.`)
    }
    const row = findRow(table, key)
    if (row === undefined) {
      const id = key.kind === 'primary' ? key.id : [...key.values.values()].join(',')
      throw new ApiError(404, '0x80040217', `${table.schema.logicalName} With Ids = ${id} Do Not Exist`)
    }
    const id = String(row[table.schema.primaryId])
    const columns = columnsOf(bulkScope, target)
    if (seen.has(id)) continue
    seen.add(id)
    dropKeyColumns(table, key, columns)
    updateRow(transaction, table, row, columns)
  }
  return [...seen]
}

function upsertAll(bulkScope: BulkScope, targets: readonly Target[]): string[] {
  const { transaction, table } = bulkScope
  // Dataverse: an upsert of an elastic row raises neither Create nor Update.
  transaction.raisesEvents = table.schema.tableType !== 'Elastic'
  const seen = new Set<string>()
  return targets.map((target) => {
    const key = targetKey(bulkScope, target)
    const name = key.kind === 'primary' ? key.id : transaction.state.collation.fold([...key.values.values()].join('\n'))
    if (seen.has(name)) throw givenTwice(transaction.state)
    seen.add(name)
    const row = findRow(table, key)
    const columns = columnsOf(bulkScope, target)
    if (row === undefined) {
      if (key.kind === 'alternate' && key.key.columns.some((column) => columns[column] !== undefined)) {
        throw new ApiError(400, '0x80040216', 'An unexpected error occurred.')
      }
      return createRow(transaction, table, { ...columns, ...keyColumns(table, key) })
    }
    dropKeyColumns(table, key, columns)
    if (table.schema.tableType === 'Elastic') replaceMissing(table, columns)
    updateRow(transaction, table, row, columns)
    return String(row[table.schema.primaryId])
  })
}

function givenTwice({ settings }: DataverseState): ApiError {
  return settings.unknowns.upsertDuplicates === 'exists'
    ? new ApiError(412, '0x80040237', 'A record with matching key values already exists.')
    : new ApiError(400, '0x80040216', 'An unexpected error occurred.')
}

/** On an elastic table an upsert replaces the row: what is left out is lost. */
function replaceMissing(table: Table, columns: Record<string, unknown>): void {
  for (const column of table.schema.columns.values()) {
    const kept = column.readOnly || column.required === 'SystemRequired' || column.type === 'status'
    if (!kept && !(column.logicalName in columns)) columns[column.logicalName] = column.defaultValue
  }
}

function targetKey({ transaction, table }: BulkScope, target: Target): RowKey {
  const reference = target['@odata.id']
  if (typeof reference === 'string') {
    const literal = transaction.state.settings.unknowns.specialInReferences === 'accepted'
    const found = parseReference(transaction.state, reference, literal)
    if (found.table !== table) throw badPayload(`'@odata.id' must address '${table.schema.entitySetName}'.`)
    return found.key
  }
  const id = target[table.schema.primaryId]
  if (typeof id !== 'string') throw badPayload(`A target has neither '${table.schema.primaryId}' nor '@odata.id'.`)
  return { kind: 'primary', id: id.toLowerCase() }
}

function elastic(
  state: DataverseState,
  request: ApiRequest,
  table: Table,
  targets: readonly Target[],
  work: Work,
): ApiReply {
  if (targets.length > ELASTIC_ROWS)
    throw badRequest(`An elastic table takes at most ${ELASTIC_ROWS} rows per request.`)
  const ids: string[] = []
  const failed: { RequestIndex: number; Id: string; StatusCode: number }[] = []
  let firstError: ApiError | undefined
  targets.forEach((target, index) => {
    try {
      ids.push(
        ...inScope(state, request, {}, (transaction) => work({ transaction, request, table, scope: {} }, [target])),
      )
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      firstError ??= error
      failed.push({ RequestIndex: index, Id: String(target[table.schema.primaryId] ?? ''), StatusCode: error.status })
    }
  })
  if (firstError === undefined) return work === createAll ? jsonReply(200, { Ids: ids }) : emptyReply()
  const { annotations } = parsePreferences(request.headers.get('prefer'))
  const details =
    annotations === undefined ? {} : { [`${ERROR_DETAILS}.Plugin.BulkApiErrorDetails`]: JSON.stringify(failed) }
  return jsonReply(firstError.status, { error: { code: firstError.code, message: firstError.message, ...details } })
}

const ERROR_DETAILS = '@Microsoft.PowerApps.CDS.ErrorDetails'
