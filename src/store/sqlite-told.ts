/** What the reverse flow remembers, in the embedded store (semantics §11). */

import { personBytes, personOf } from './person-bytes.ts'
import { blobOf, integerOf, SQLITE_COLUMNS, type SqliteDatabase, textOf } from './sqlite-database.ts'
import { evidenceWriter } from './sqlite-evidence.ts'
import { ledgerWriter } from './sqlite-ledger.ts'
import { scopesIn } from './sqlite-scope.ts'
import type { LedgerEntry } from './store.ts'
import type { Row } from './stored-row.ts'
import { openLook, toldStatement } from './stored-told.ts'
import type { OpenLook, ToldPart, ToldStatement } from './told.ts'

/** The part of the store that knows what Didomi was told. */
export function toldIn(db: SqliteDatabase): ToldPart<LedgerEntry> {
  const scopes = scopesIn(db)
  const writeLedger = ledgerWriter(db)
  const writeEvidence = evidenceWriter(db)
  const ofPerson = db.prepare('SELECT * FROM told WHERE person = ? ORDER BY key')
  const untold = db.prepare("SELECT * FROM told WHERE state = 'intended' ORDER BY event, person, key")
  const refused = db.prepare("SELECT count(*) AS n FROM told WHERE state = 'refused'")
  const setState = db.prepare("UPDATE told SET state = ?2 WHERE event = ?1 AND state = 'intended'")
  const put = db.prepare(
    'INSERT OR REPLACE INTO told (person, key, value, instant, event, state) VALUES (?, ?, ?, ?, ?, ?)',
  )
  const looks = db.prepare('SELECT kind, name, reason FROM open_look WHERE scope = ? ORDER BY kind, name')
  const open = db.prepare('INSERT OR REPLACE INTO open_look (scope, kind, name, reason) VALUES (?, ?, ?, ?)')
  const close = db.prepare('DELETE FROM open_look WHERE scope = ? AND kind = ? AND name = ?')
  const places = db.prepare('SELECT place FROM ledger WHERE scope = ? AND row_id IN (SELECT value FROM json_each(?))')
  const records = db.prepare('SELECT user_id, state FROM state WHERE person = ? ORDER BY user_id')
  return {
    recordsOf: async (person) =>
      records.all(personBytes(person)).map((row) => ({ userId: textOf(row, 'user_id'), state: textOf(row, 'state') })),
    toldOf: async (persons) => persons.flatMap((person) => ofPerson.all(personBytes(person)).map(statementOf)),
    untold: async () => untold.all().map(statementOf),
    countRefused: async () => integerOf(refused.get() ?? {}, 'n'),
    setTold: async (events) =>
      db.transaction(() => {
        for (const { event, state } of events) setState.run(event, state)
      }),
    openLooks: async (scope) => looks.all(scopes.find(scope) ?? null).map(lookOf),
    keepHeard: async (scope, heard) =>
      db.transaction(() => {
        const id = scopes.ensure(scope)
        for (const { person, key, value, instant, event, state } of heard.statements)
          put.run(personBytes(person), key, JSON.stringify(value), instant, event, state)
        for (const { kind, name } of heard.closed) close.run(id, kind, name)
        for (const { kind, name, reason } of heard.open) open.run(id, kind, name, reason)
        writeLedger(id, heard.ledger)
        writeEvidence(id, scope, heard.now, heard.evidence)
      }),
    placesOfRows: async (scope, rowIds) =>
      rowIds.length === 0
        ? []
        : places.all(scopes.find(scope) ?? null, JSON.stringify(rowIds)).map((row) => textOf(row, 'place')),
  }
}

const statementOf = (row: Row): ToldStatement => toldStatement(row, personOf(blobOf(row, 'person')), SQLITE_COLUMNS)

const lookOf = (row: Row): OpenLook => openLook(row, SQLITE_COLUMNS)
