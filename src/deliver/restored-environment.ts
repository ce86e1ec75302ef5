/** Was the environment restored from a backup, or did rows of ours go away? Asked before anything is written (semantics §8.8). */

import type { Dataverse, TableMetadata } from '../dataverse/dataverse.ts'
import { pointOfPlace } from '../projection/slot.ts'
import type { LedgerEntry, Store, TargetScope } from '../store/store.ts'
import { instantOf } from './contacts.ts'
import { foundMissing } from './ledger.ts'

interface Ports {
  readonly store: Store
  readonly dataverse: Dataverse
}

/** This many recent ledger rows are compared: one that is older than we know it proves a restore. */
const COMPARED_ROWS = 1_000

/**
 * Compares the ledger's latest rows with Dataverse. One whose `modifiedon` lies before what we once read proves that the
 * environment was restored: ledger values and spans are dropped, foreign statements stay, and everybody is due. Rows that
 * are merely gone prove nothing, but their persons are due, so that refusals get their rows again; where most of them are
 * gone, everybody is. Answers whether a restore was proven.
 */
export async function distrustRestoredEnvironment(
  { store, dataverse }: Ports,
  scope: TargetScope,
  table: TableMetadata,
  clockTolerance: number,
  signal: AbortSignal,
): Promise<boolean> {
  const recent = (await store.recentLedger(scope, COMPARED_ROWS)).filter(
    ({ rowId, modifiedFloor, missingSince }) =>
      rowId !== undefined && modifiedFloor !== undefined && missingSince === undefined,
  )
  const ids = [...new Set(recent.flatMap(({ rowId }) => rowId ?? []))]
  if (ids.length === 0) return false
  const { rows, at } = await dataverse.rowsIn(table, [table.primaryId, 'modifiedon'], table.primaryId, ids, signal)
  const modifiedOn = new Map(rows.map((row) => [row.id, instantOf(row, 'modifiedon')]))
  const restored = recent.some(({ rowId = '', modifiedFloor = 0 }) => {
    const now = modifiedOn.get(rowId)
    return now !== undefined && now < modifiedFloor - clockTolerance
  })
  const gone = recent.filter(({ rowId = '' }) => !modifiedOn.has(rowId))
  if (!restored && gone.length === 0) return false
  const wholesale = restored || gone.length * 2 > recent.length
  /** Due first: killed in between, the next run finds the same again. */
  if (wholesale) await store.markAllDue(scope.target)
  else await markBehind(store, scope, gone)
  if (restored) await store.distrustLedger(scope)
  else {
    const missing = gone.map((entry) => foundMissing(entry.place, entry, at))
    await store.putLedger(scope, missing)
  }
  return restored
}

/** Marks everybody due who is known at the contacts or addresses of these places. */
async function markBehind(store: Store, scope: TargetScope, gone: readonly LedgerEntry[]): Promise<void> {
  const points = gone.flatMap(({ place }) => pointOfPlace(place) ?? [])
  const contacts = gone.flatMap(({ place, rowId }) => (pointOfPlace(place) === undefined && rowId ? [rowId] : []))
  const behind = [...(await store.personsAt(scope, points)), ...(await store.personsOfContacts(scope, contacts))]
  await store.markDue(scope.target, [...new Set(behind.flatMap(([, persons]) => persons))])
}
