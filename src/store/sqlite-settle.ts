/** Settling in the embedded store: sending is not committing, this transaction is (semantics §8.2). */

import type { Instant } from '../consent/time.ts'
import { personBytes } from './person-bytes.ts'
import { integerOf, type SqliteDatabase } from './sqlite-database.ts'
import { evidenceWriter } from './sqlite-evidence.ts'
import { ledgerWriter } from './sqlite-ledger.ts'
import { scopesIn } from './sqlite-scope.ts'
import type { QuarantinedRow, Settlement } from './store.ts'
import type { SettlingPart } from './store-parts.ts'

/** The part of the store that ends a person's work. */
export function settlingIn(db: SqliteDatabase): SettlingPart {
  const scopes = scopesIn(db)
  const writeLedger = ledgerWriter(db)
  const writeEvidence = evidenceWriter(db)
  const settlePerson = settler(db)
  const quarantineRow = quarantineWriter(db)
  const countQuarantine = db.prepare('SELECT count(*) AS n FROM quarantine WHERE target = ?')
  return {
    settle: async (scope, { now, settlements, ledger, evidence, quarantine }) =>
      db.transaction(() => {
        const id = scopes.ensure(scope)
        writeLedger(id, ledger)
        writeEvidence(id, scope, now, evidence)
        for (const settlement of settlements) settlePerson(scope.target, now, settlement)
        // After the persons: a settled person loses its old rows and keeps those of this very settlement.
        for (const row of quarantine) quarantineRow(scope.target, now, row)
      }),
    countQuarantine: async (target) => integerOf(countQuarantine.get(target) ?? {}, 'n'),
  }
}

function settler(db: SqliteDatabase): (target: string, now: Instant, settlement: Settlement) => void {
  // A mark that has grown since the person was taken means new work: the person stays due.
  const noLongerDue = db.prepare('DELETE FROM due WHERE target = ? AND person = ? AND mark = ?')
  const park = db.prepare('INSERT OR IGNORE INTO parked (target, person, since) VALUES (?, ?, ?)')
  const unpark = db.prepare('DELETE FROM parked WHERE target = ? AND person = ?')
  const release = db.prepare('DELETE FROM quarantine WHERE target = ? AND person = ?')
  return (target, now, settlement) => {
    const person = personBytes(settlement.person)
    noLongerDue.run(target, person, settlement.mark)
    if (settlement.park === 'keep') park.run(target, person, now)
    else unpark.run(target, person)
    if (settlement.outcome !== 'rejected-by-dataverse') release.run(target, person)
  }
}

function quarantineWriter(db: SqliteDatabase): (target: string, now: Instant, row: QuarantinedRow) => void {
  const put = db.prepare(`INSERT OR REPLACE INTO quarantine (target, person, place_hash, what, code, message, at)
    VALUES (?, ?, ?, ?, ?, ?, ?)`)
  return (target, now, { person, placeHash, what, code, message }) => {
    put.run(target, personBytes(person), placeHash, what, code, message, now)
  }
}
