/** Creating, updating and deleting one row: defaults, state, owner, unique keys, versions. */
import { randomUUID } from 'node:crypto'
import { ApiError } from './api-error.ts'
import { blankRow } from './blank-row.ts'
import { isoSeconds } from './clock.ts'
import type { Columns } from './payload.ts'
import type { TableSchema } from './schema.ts'
import type { Row, Table } from './table.ts'
import type { Transaction } from './transaction.ts'
import { settleRegistration } from './webhook-registration.ts'

/**
 * Creates a row and returns its id. Throws 412 `0x80040237` where the id is taken, 412 `0x80060892` where an alternate
 * key's unique index is violated.
 */
export function createRow(transaction: Transaction, table: Table, columns: Columns): string {
  const { schema } = table
  const id = String(columns[schema.primaryId] ?? randomUUID())
  if (table.get(id) !== undefined) {
    transaction.metExisting()
    throw new ApiError(412, '0x80040237', 'A record with matching key values already exists.')
  }
  const now = isoSeconds(transaction.state.clock.now())
  const { userId } = transaction.writer
  const row = blankRow(schema)
  for (const column of schema.columns.values()) row[column.logicalName] = column.defaultValue
  row['createdon'] = now
  row['createdby'] = userId
  row['modifiedon'] = now
  row['modifiedby'] = userId
  for (const name in columns) row[name] = columns[name] ?? null
  row[schema.primaryId] = id
  row['versionnumber'] = transaction.state.nextVersion()
  settleState(schema, row, columns)
  settleOwner(transaction, schema, row)
  settleName(schema, row)
  settleRegistration(transaction.state, schema, row)
  checkUnique(transaction, table, id, row)
  transaction.put(table, id, row, columns)
  return id
}

/** Replaces the given columns of a row, the others stay. */
export function updateRow(transaction: Transaction, table: Table, previous: Row, columns: Columns): void {
  const { schema } = table
  const id = String(previous[schema.primaryId])
  const row: Columns = { ...previous }
  row['modifiedon'] = isoSeconds(transaction.state.clock.now())
  row['modifiedby'] = transaction.writer.userId
  for (const name in columns) row[name] = columns[name] ?? null
  row[schema.primaryId] = id
  row['versionnumber'] = transaction.state.nextVersion()
  settleState(schema, row, columns)
  if (columns['ownerid'] !== undefined) settleOwner(transaction, schema, row)
  settleName(schema, row)
  settleRegistration(transaction.state, schema, row)
  checkUnique(transaction, table, id, row)
  const written = Object.fromEntries(Object.entries(columns).filter(([name]) => name !== schema.primaryId))
  transaction.put(table, id, row, written)
}

/** A state without a reason takes the state's first reason; a pair that does not belong together is `0x80048408`. */
function settleState(schema: TableSchema, row: Columns, columns: Columns): void {
  const reasons = schema.columns.get('statuscode')?.options ?? []
  if (columns['statecode'] !== undefined && columns['statuscode'] === undefined) {
    row['statuscode'] = reasons.find((reason) => reason.state === row['statecode'])?.value ?? null
  }
  const reason = reasons.find((each) => each.value === row['statuscode'])
  if (reason?.state !== undefined && reason.state !== row['statecode']) {
    throw new ApiError(
      400,
      '0x80048408',
      `State code is invalid or state code is valid but status code is invalid for a specified state code.`,
    )
  }
}

/** The owner is the writer unless one is bound, and the business unit is the owner's. */
function settleOwner(transaction: Transaction, schema: TableSchema, row: Columns): void {
  if (schema.ownership !== 'UserOwned') return
  row['ownerid'] ??= transaction.writer.userId
  const ownerId = String(row['ownerid'])
  const team = transaction.state.table('team').get(ownerId)
  const owner = team ?? transaction.state.table('systemuser').get(ownerId)
  row['ownerid@type'] = team === undefined ? 'systemuser' : 'team'
  row['owninguser'] = team === undefined ? ownerId : null
  row['owningteam'] = team === undefined ? null : ownerId
  row['owningbusinessunit'] = owner?.['businessunitid'] ?? null
}

function settleName(schema: TableSchema, row: Columns): void {
  if (schema.logicalName !== 'contact') return
  const name = [row['firstname'], row['lastname']].filter((part) => typeof part === 'string').join(' ')
  row['fullname'] = name === '' ? null : name
}

/** Over active and inactive rows alike; rows whose key columns are all null do not collide. */
function checkUnique({ state }: Transaction, table: Table, id: string, row: Row): void {
  const ignoresNull = state.settings.unknowns.keyWithNull === 'ignored'
  for (const key of table.schema.keys) {
    if (key.status !== 'Active') continue
    if (ignoresNull && key.columns.some((name) => (row[name] ?? null) === null)) continue
    const holders = table.find(
      key.columns,
      key.columns.map((name) => row[name] ?? null),
    )
    if (holders.every((holder) => holder === id)) continue
    throw new ApiError(
      412,
      '0x80060892',
      `Entity Key ${key.schemaName} violated. A record with the same value for ${key.columns.join(', ')} already exists. A duplicate record cannot be created. Select one or more unique values and try again.`,
    )
  }
}
