/** The embedded store's schema, as versioned steps that only go forward. */

import { integerOf, type SqliteDatabase, unusable } from './sqlite-database.ts'
import { sealEvidence } from './sqlite-seal-step.ts'

/** Marks a file as ours (`PRAGMA application_id`), so that no other program's database is ever migrated. */
const APPLICATION_ID = 0x64_64_63_76

/**
 * Step n leads from version n to n + 1; a released step is never edited. Tables are clustered by the order in which
 * work visits them (WITHOUT ROWID): persons by key, slots by address. NULL in an instant stands for "since ever".
 */
const STEPS: ReadonlyArray<string | ((database: SqliteDatabase) => void)> = [
  `
  CREATE TABLE meta (name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
  CREATE TABLE scope (id INTEGER PRIMARY KEY, organization TEXT NOT NULL, target TEXT NOT NULL,
    UNIQUE (organization, target));

  CREATE TABLE person (person BLOB PRIMARY KEY, ouid TEXT NOT NULL) WITHOUT ROWID;
  CREATE TABLE state (person BLOB NOT NULL, user_id TEXT NOT NULL, state TEXT NOT NULL,
    PRIMARY KEY (person, user_id)) WITHOUT ROWID;
  CREATE TABLE known_id (key TEXT PRIMARY KEY) WITHOUT ROWID;

  CREATE TABLE partition (export_id TEXT NOT NULL, date TEXT NOT NULL, state TEXT NOT NULL,
    PRIMARY KEY (export_id, date)) WITHOUT ROWID;
  CREATE TABLE object (export_id TEXT NOT NULL, date TEXT NOT NULL, key TEXT NOT NULL, size INTEGER NOT NULL,
    etag TEXT NOT NULL, lines INTEGER NOT NULL, records INTEGER NOT NULL, rejects INTEGER NOT NULL,
    guests INTEGER NOT NULL, skipped INTEGER NOT NULL,
    PRIMARY KEY (export_id, date, key)) WITHOUT ROWID;
  CREATE TABLE reject (export_id TEXT NOT NULL, date TEXT NOT NULL, object TEXT NOT NULL, line INTEGER NOT NULL,
    code TEXT NOT NULL, PRIMARY KEY (export_id, date, object, line)) WITHOUT ROWID;

  CREATE TABLE due (target TEXT NOT NULL, person BLOB NOT NULL, mark INTEGER NOT NULL,
    PRIMARY KEY (target, person)) WITHOUT ROWID;
  CREATE TABLE parked (target TEXT NOT NULL, person BLOB NOT NULL, since INTEGER NOT NULL,
    PRIMARY KEY (target, person)) WITHOUT ROWID;
  CREATE TABLE quarantine (target TEXT NOT NULL, person BLOB NOT NULL, place_hash TEXT NOT NULL, what TEXT NOT NULL,
    code TEXT NOT NULL, message TEXT NOT NULL, at INTEGER NOT NULL,
    PRIMARY KEY (target, person, place_hash)) WITHOUT ROWID;

  CREATE TABLE person_contacts (scope INTEGER NOT NULL, person BLOB NOT NULL, contacts TEXT NOT NULL,
    PRIMARY KEY (scope, person)) WITHOUT ROWID;
  CREATE TABLE contact_person (scope INTEGER NOT NULL, contact_id TEXT NOT NULL, person BLOB NOT NULL,
    PRIMARY KEY (scope, contact_id, person)) WITHOUT ROWID;
  CREATE TABLE address_person (scope INTEGER NOT NULL, channel TEXT NOT NULL, address TEXT NOT NULL,
    person BLOB NOT NULL, PRIMARY KEY (scope, channel, address, person)) WITHOUT ROWID;

  CREATE TABLE ledger (scope INTEGER NOT NULL, place TEXT NOT NULL,
    confirmed_value TEXT, confirmed_lo INTEGER, confirmed_hi INTEGER, confirmed_at INTEGER,
    intended_value TEXT, intended_lo INTEGER, intended_hi INTEGER,
    foreign_value TEXT, foreign_lo INTEGER, foreign_hi INTEGER,
    row_id TEXT, modified_floor INTEGER, missing_since INTEGER, restored INTEGER NOT NULL,
    PRIMARY KEY (scope, place)) WITHOUT ROWID;
  CREATE INDEX ledger_by_time ON ledger (scope, confirmed_at);

  CREATE TABLE evidence (id INTEGER PRIMARY KEY, at INTEGER NOT NULL, scope INTEGER NOT NULL, run TEXT NOT NULL,
    person BLOB NOT NULL, place_hash TEXT NOT NULL, row_id TEXT, what TEXT NOT NULL, from_value TEXT NOT NULL,
    to_value TEXT NOT NULL, lo INTEGER, hi INTEGER, event TEXT, decision TEXT NOT NULL);
  CREATE TRIGGER evidence_never_changes BEFORE UPDATE ON evidence
    BEGIN SELECT RAISE(ABORT, 'evidence is append-only'); END;
  CREATE TRIGGER evidence_never_goes BEFORE DELETE ON evidence
    BEGIN SELECT RAISE(ABORT, 'evidence is append-only'); END;
  CREATE TRIGGER evidence_is_never_replaced BEFORE INSERT ON evidence
    WHEN EXISTS (SELECT 1 FROM evidence WHERE id = NEW.id)
    BEGIN SELECT RAISE(ABORT, 'evidence is append-only'); END;

  CREATE TABLE run (id TEXT PRIMARY KEY, job TEXT NOT NULL, started_at INTEGER NOT NULL, ended_at INTEGER,
    exit_code INTEGER, report TEXT) WITHOUT ROWID;
  CREATE TABLE fingerprint (scope TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
  CREATE TABLE frozen_reading (target TEXT NOT NULL, reference TEXT NOT NULL, reading TEXT NOT NULL,
    PRIMARY KEY (target, reference)) WITHOUT ROWID;
  CREATE TABLE delta_link (scope INTEGER PRIMARY KEY, link TEXT NOT NULL);
  CREATE TABLE writer (organization TEXT NOT NULL, user_id TEXT NOT NULL,
    PRIMARY KEY (organization, user_id)) WITHOUT ROWID;
  `,
  'CREATE TABLE bookmark (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;',
  // Whoever is due already may be due for any reason.
  'ALTER TABLE due ADD COLUMN afresh INTEGER NOT NULL DEFAULT 1;',
  (database) => {
    sealEvidence(database)
    database.exec('ALTER TABLE ledger ADD COLUMN intended_at INTEGER;')
    // What Didomi was told of choices made in Dataverse, and what could not be told yet (semantics §11).
    database.exec(`
  CREATE TABLE told (person BLOB NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL, instant INTEGER NOT NULL,
    event TEXT NOT NULL, state TEXT NOT NULL, PRIMARY KEY (person, key)) WITHOUT ROWID;
  CREATE INDEX told_to_be_posted ON told (event) WHERE state = 'intended';
  CREATE TABLE open_look (scope INTEGER NOT NULL, kind TEXT NOT NULL, name TEXT NOT NULL, reason TEXT NOT NULL,
    PRIMARY KEY (scope, kind, name)) WITHOUT ROWID;
  `)
  },
]

/** The schema version this program writes. */
export const SCHEMA_VERSION = STEPS.length

/** Throws `store-unusable` for a file of another program or of a newer version of this one; changes nothing. */
export function checkOurs(database: SqliteDatabase): void {
  const tables = database.prepare('SELECT count(*) AS n FROM sqlite_schema').get()
  if (tables === undefined || integerOf(tables, 'n') === 0) return
  if (database.pragma('application_id') !== APPLICATION_ID) {
    throw unusable(database.path, 'a database of another program')
  }
  const version = versionOf(database)
  if (version > SCHEMA_VERSION) {
    throw unusable(database.path, `schema version ${version}, newer than the ${SCHEMA_VERSION} this program knows`)
  }
}

/** Brings the schema up to date, or to an earlier version for a test, one transaction per step. */
export function migrate(database: SqliteDatabase, to = SCHEMA_VERSION): void {
  for (let version = versionOf(database); version < to; version++) {
    database.transaction(() => {
      const step = STEPS[version] ?? ''
      if (typeof step === 'string') database.exec(step)
      else step(database)
      database.exec(`PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${version + 1}`)
    })
  }
}

function versionOf(database: SqliteDatabase): number {
  return Number(database.pragma('user_version'))
}
