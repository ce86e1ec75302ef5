/** Edits made by somebody else: another user, a form, an import; never by the client under test. */
import { ApiError } from './api-error.ts'
import type { FaultAction } from './faults.ts'
import { parseRaw } from './payload.ts'
import { updateRow } from './row-write.ts'
import { HUMAN_USER_ID } from './seed-ids.ts'
import type { DataverseState } from './state.ts'
import type { Table } from './table.ts'
import { transact } from './transaction.ts'

function tableOf(state: DataverseState, set: string): Table {
  return state.tableOfSet(set) ?? state.table(set)
}

/** Changes a row in another user's name; `set` is an entity set or logical name. Throws where there is no such row. */
export function foreignUpdate(
  state: DataverseState,
  set: string,
  id: string,
  changes: Readonly<Record<string, unknown>>,
  userId: string = HUMAN_USER_ID,
): void {
  const table = tableOf(state, set)
  const row = table.get(id.toLowerCase())
  if (row === undefined) throw new ApiError(404, '0x80040217', `${set} With Id = ${id} Does Not Exist`)
  const billable = state.counters.billableRows
  const updated = state.counters.rowsUpdated
  const repeated = state.counters.repeatedWrites
  transact(state, { userId, requestId: null, tag: null }, (transaction) =>
    updateRow(transaction, table, row, parseRaw(table.schema, changes)),
  )
  // The counters tell of the client under test alone.
  Object.assign(state.counters, { billableRows: billable, rowsUpdated: updated, repeatedWrites: repeated })
}

/** The edit of a fault. A script that names no row is a mistake of the test, and must not look like an answer. */
export function scriptedEdit(
  state: DataverseState,
  { set, id, changes }: Extract<FaultAction, { kind: 'edit-before' }>,
): void {
  if (tableOf(state, set).get(id.toLowerCase()) === undefined)
    throw new Error(`A scripted edit found no row in ${set}.`)
  foreignUpdate(state, set, id, changes)
}

/** Deletes a row in another user's name. */
export function foreignDelete(state: DataverseState, set: string, id: string, userId: string = HUMAN_USER_ID): void {
  const table = tableOf(state, set)
  const { billableRows, rowsDeleted } = state.counters
  transact(state, { userId, requestId: null, tag: null }, (transaction) => transaction.remove(table, id.toLowerCase()))
  Object.assign(state.counters, { billableRows, rowsDeleted })
}
