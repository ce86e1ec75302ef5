/** What administrators do to tables while a client runs: columns go, indexes of alternate keys become ready. */
import { ApiError, badRequest } from './api-error.ts'
import type { AlternateKey, KeyStatus } from './schema.ts'
import type { Table } from './table.ts'

const STATUSES: readonly KeyStatus[] = ['Pending', 'InProgress', 'Active', 'Failed']

/**
 * Sets the status of a key's index, by schema or logical name; answers the status that it has then. An index over rows
 * with equal values cannot become active: it fails. (Dataverse: alternate keys, index creation.) Throws 404 for an
 * unknown key, 400 for an unknown status.
 */
export function setKeyStatus(table: Table, name: string, wanted: unknown): KeyStatus {
  const key = table.schema.keys.find((each) => each.schemaName === name || each.logicalName === name)
  const status = STATUSES.find((each) => each === wanted)
  if (key === undefined) throw new ApiError(404, '', `No alternate key of that name on '${table.schema.logicalName}'.`)
  if (status === undefined) throw new ApiError(400, '', `status must be one of ${STATUSES.join(', ')}.`)
  key.status = status === 'Active' && hasDuplicates(table, key) ? 'Failed' : status
  return key.status
}

function hasDuplicates(table: Table, { columns }: AlternateKey): boolean {
  for (const row of table.all()) {
    const values = columns.map((name) => row[name] ?? null)
    if (table.find(columns, values).length > 1) return true
  }
  return false
}

/**
 * Removes a custom column and its values from all rows; their versions stay. Throws 404 for an unknown column, 400 for
 * one that came with the platform or belongs to a key. (Dataverse: delete a column, which its dependencies prevent.)
 */
export function removeColumn(table: Table, name: string): void {
  const { schema } = table
  const column = schema.columns.get(name)
  if (column === undefined) throw new ApiError(404, '', `No column '${name}' on '${schema.logicalName}'.`)
  if (!column.custom) throw badRequest(`The column '${name}' is no custom one.`)
  if (schema.keys.some((key) => key.columns.includes(name))) throw badRequest(`The column '${name}' belongs to a key.`)
  schema.columns.delete(name)
  for (const row of [...table.all()]) table.put(String(row[schema.primaryId]), { ...row, [name]: null })
}
