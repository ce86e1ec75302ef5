/** The ledger in the embedded store: per place, what we last wrote or found equal (semantics §1), and the writers. */

import { integerOf, SQLITE_COLUMNS, type SqliteDatabase, type SqlValue, textOf } from './sqlite-database.ts'
import { scopesIn } from './sqlite-scope.ts'
import type { LedgerEntry, LedgerValue, Place } from './store.ts'
import type { LedgerPart } from './store-parts.ts'
import { instantColumn, ledgerEntryOf } from './stored-row.ts'

/** The part of the store that keeps the ledger. */
export function ledgerIn(db: SqliteDatabase): LedgerPart {
  const scopes = scopesIn(db)
  const write = ledgerWriter(db)
  const read = db.prepare('SELECT * FROM ledger WHERE scope = ? AND place = ?')
  const count = db.prepare('SELECT count(*) AS n FROM ledger WHERE scope = ?')
  const recent = db.prepare(`SELECT * FROM ledger WHERE scope = ? AND confirmed_at IS NOT NULL
    ORDER BY confirmed_at DESC, place LIMIT ?`)
  // What the row looked like before the restore proves nothing any more: floor and missing date go with the values.
  const distrust = db.prepare(`UPDATE ledger SET
    confirmed_value = NULL, confirmed_lo = NULL, confirmed_hi = NULL, confirmed_at = NULL,
    intended_value = NULL, intended_lo = NULL, intended_hi = NULL, intended_at = NULL,
    modified_floor = NULL, missing_since = NULL, restored = foreign_value IS NOT NULL
    WHERE scope = ?`)
  const writers = db.prepare('SELECT user_id FROM writer WHERE organization = ? ORDER BY user_id')
  const addWriter = db.prepare('INSERT OR IGNORE INTO writer (organization, user_id) VALUES (?, ?)')
  return {
    async ledger(scope, places) {
      const id = scopes.find(scope) ?? null
      const found = new Map<Place, LedgerEntry>()
      for (const place of places) {
        const row = read.get(id, place)
        if (row !== undefined) found.set(place, ledgerEntryOf(row, SQLITE_COLUMNS))
      }
      return found
    },
    countLedger: async (scope) => integerOf(count.get(scopes.find(scope) ?? null) ?? {}, 'n'),
    recentLedger: async (scope, limit) =>
      recent.all(scopes.find(scope) ?? null, limit).map((row) => ledgerEntryOf(row, SQLITE_COLUMNS)),
    putLedger: async (scope, entries) => db.transaction(() => write(scopes.ensure(scope), entries)),
    distrustLedger: async (scope) => db.transaction(() => void distrust.run(scopes.find(scope) ?? null)),
    writers: async (organization) => writers.all(organization).map((row) => textOf(row, 'user_id')),
    addWriter: async (organization, userId) => db.transaction(() => void addWriter.run(organization, userId)),
  }
}

/** Puts whole entries within the caller's transaction. */
export function ledgerWriter(db: SqliteDatabase): (scope: number, entries: readonly LedgerEntry[]) => void {
  const put = db.prepare(`INSERT OR REPLACE INTO ledger (scope, place,
    confirmed_value, confirmed_lo, confirmed_hi, confirmed_at, intended_value, intended_lo, intended_hi,
    intended_at, foreign_value, foreign_lo, foreign_hi, row_id, modified_floor, missing_since, restored)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`)
  return (scope, entries) => {
    for (const { place, confirmed, intended, foreign, rowId, modifiedFloor, missingSince, restored } of entries) {
      put.run(
        scope,
        place,
        ...valueColumns(confirmed),
        confirmed?.at ?? null,
        ...valueColumns(intended),
        intended?.at ?? null,
        ...valueColumns(foreign),
        rowId ?? null,
        modifiedFloor ?? null,
        missingSince ?? null,
        restored === true ? 1 : 0,
      )
    }
  }
}

function valueColumns(value: LedgerValue | undefined): readonly [SqlValue, SqlValue, SqlValue] {
  if (value === undefined) return [null, null, null]
  return [JSON.stringify(value.value), instantColumn(value.lo), instantColumn(value.hi)]
}
