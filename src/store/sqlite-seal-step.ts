/** The schema's step to sealed and chained evidence: what was kept in clear is sealed in its order, then dropped. */

import { randomBytes } from 'node:crypto'
import { clearEvidence } from './evidence-read.ts'
import { blobOf, integerOf, SQLITE_COLUMNS, type SqliteDatabase, textOf } from './sqlite-database.ts'
import { evidenceWriter } from './sqlite-evidence.ts'

const TABLES = `
  DROP TRIGGER evidence_never_changes;
  DROP TRIGGER evidence_never_goes;
  DROP TRIGGER evidence_is_never_replaced;
  ALTER TABLE evidence RENAME TO evidence_in_clear;

  CREATE TABLE evidence_key (person BLOB PRIMARY KEY, subject BLOB NOT NULL UNIQUE, key BLOB NOT NULL) WITHOUT ROWID;
  CREATE TABLE evidence_end (name TEXT PRIMARY KEY, sequence INTEGER NOT NULL, hash BLOB NOT NULL) WITHOUT ROWID;
  INSERT INTO evidence_end (name, sequence, hash) VALUES ('anchor', 0, zeroblob(32)), ('head', 0, zeroblob(32));
  CREATE TABLE evidence (sequence INTEGER PRIMARY KEY, at INTEGER NOT NULL, scope INTEGER NOT NULL, run TEXT NOT NULL,
    decision TEXT NOT NULL, subject BLOB NOT NULL, sealed BLOB NOT NULL, hash BLOB NOT NULL);
  CREATE INDEX evidence_by_subject ON evidence (subject);
  CREATE TRIGGER evidence_never_changes BEFORE UPDATE ON evidence
    BEGIN SELECT RAISE(ABORT, 'evidence is append-only'); END;
  CREATE TRIGGER evidence_only_expires BEFORE DELETE ON evidence
    WHEN OLD.sequence > (SELECT sequence FROM evidence_end WHERE name = 'anchor')
    BEGIN SELECT RAISE(ABORT, 'evidence is append-only'); END;
  CREATE TRIGGER evidence_is_never_replaced BEFORE INSERT ON evidence
    WHEN EXISTS (SELECT 1 FROM evidence WHERE sequence = NEW.sequence)
    BEGIN SELECT RAISE(ABORT, 'evidence is append-only'); END;

  CREATE TABLE suppression (hash BLOB PRIMARY KEY, until INTEGER NOT NULL) WITHOUT ROWID;
`

/** Entries read at once. */
const PAGE = 1_000

/** Within the step's transaction. */
export function sealEvidence(db: SqliteDatabase): void {
  db.exec(TABLES)
  db.prepare("INSERT INTO meta (name, value) VALUES ('erasure-key', ?)").run(randomBytes(32))
  const write = evidenceWriter(db)
  const page = db.prepare(`SELECT evidence_in_clear.*, organization, target FROM evidence_in_clear
    JOIN scope ON scope.id = evidence_in_clear.scope WHERE evidence_in_clear.id > ? ORDER BY 1 LIMIT ${PAGE}`)
  for (let rows = page.all(0); rows.length > 0; rows = page.all(integerOf(rows.at(-1) ?? {}, 'id'))) {
    for (const row of rows) {
      const scope = { organization: textOf(row, 'organization'), target: textOf(row, 'target') }
      write(integerOf(row, 'scope'), scope, integerOf(row, 'at'), [
        clearEvidence(row, SQLITE_COLUMNS, blobOf(row, 'person')),
      ])
    }
  }
  db.exec('DROP TABLE evidence_in_clear')
}
