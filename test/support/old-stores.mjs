/**
 * Writes a store file of every schema version below the current one that has none yet: `npm run build`, then
 * `node test/support/old-stores.mjs`. Run it before a new schema step is released: its file is then made by the steps as
 * they were, and is never made again. The persons are nobody.
 */

import { existsSync, rmSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { migrate, SCHEMA_VERSION } from '../../dist/src/store/migrations.js'
import { openSqliteDatabase } from '../../dist/src/store/sqlite-database.js'

const FOLDER = new URL('../../fixtures/stores/', import.meta.url)
const AT = Date.UTC(2026, 10, 1, 12) * 1_000

/** The first 16 bytes of SHA-256 of the OUID, as the store knows persons. */
const PERSONS = [
  { ouid: 'person-a@example.com', person: '4fdea8656877ef32ebeb06b62046174d', says: true },
  { ouid: 'person-b@example.com', person: '7046635b327fbc429d02b51db34c3bc9', says: false },
  { ouid: 'person-c@example.com', person: '91782d74bc57043cdfde02d70139bd20', says: true },
]

const stateOf = (says) => `{"attributes":{},"events":{},"said":{"purpose/newsletter":{"${says}":[${AT},1]}}}`

/** What a store of version 1 held. */
function fillFirst(db) {
  const run = (sql, ...values) => db.prepare(sql).run(...values)
  run("INSERT INTO meta VALUES ('pseudonym-key', ?), ('made-at', ?)", Buffer.alloc(32, 7), AT / 1_000)
  run("INSERT INTO scope VALUES (1, '0e0e0e0e-0000-4000-8000-000000000001', 'crm')")
  run("INSERT INTO known_id VALUES ('purpose/newsletter')")
  run("INSERT INTO partition VALUES ('e1', '2026-11-01', 'ingested')")
  run(
    "INSERT INTO object VALUES ('e1', '2026-11-01', 'data/export-id=e1/date=2026-11-01/users/part-0.json', 900, 'etag', 6, 3, 1, 1, 1)",
  )
  run(
    "INSERT INTO reject VALUES ('e1', '2026-11-01', 'data/export-id=e1/date=2026-11-01/users/part-0.json', 4, 'not-json')",
  )
  for (const { ouid, person, says } of PERSONS) {
    const key = Buffer.from(person, 'hex')
    run('INSERT INTO person VALUES (?, ?)', key, ouid)
    run("INSERT INTO state VALUES (?, 'device-1', ?)", key, stateOf(says))
    run("INSERT INTO due (target, person, mark) VALUES ('crm', ?, 1)", key)
  }
  const first = Buffer.from(PERSONS[0].person, 'hex')
  const ledger = ['contact/0a/new_newsletter', 'true', AT, AT, AT, '0a', AT]
  run(
    `INSERT INTO ledger (scope, place, confirmed_value, confirmed_lo, confirmed_hi, confirmed_at, row_id, modified_floor,
      restored) VALUES (1, ?, ?, ?, ?, ?, ?, ?, 0)`,
    ...ledger,
  )
  run(
    `INSERT INTO evidence (at, scope, run, person, place_hash, row_id, what, from_value, to_value, lo, hi, event, decision)
      VALUES (?, 1, 'run-1', ?, 'hash', '0a', 'new_newsletter', 'null', 'true', NULL, ?, NULL, 'written')`,
    AT,
    first,
    AT,
  )
  run("INSERT INTO run VALUES ('run-1', 'sync', ?, ?, 0, '{}')", AT, AT + 1)
  run("INSERT INTO writer VALUES ('0e0e0e0e-0000-4000-8000-000000000001', '0b')")
}

/** What each later version can hold besides, by version. */
const FILL = {
  2: (db) => db.exec("INSERT INTO bookmark VALUES ('a-bookmark', 'its value')"),
  3: (db) => db.exec('UPDATE due SET afresh = 0'),
}

for (let version = 1; version < SCHEMA_VERSION; version += 1) {
  const path = fileURLToPath(new URL(`v${version}.sqlite`, FOLDER))
  if (existsSync(path)) continue
  const db = openSqliteDatabase(path)
  try {
    // Small: each table takes a page at least.
    db.pragma('page_size = 512')
    for (let step = 1; step <= version; step += 1) {
      migrate(db, step)
      if (step === 1) fillFirst(db)
      else FILL[step]?.(db)
    }
  } catch (error) {
    rmSync(path, { force: true })
    throw error
  } finally {
    db.close()
  }
  process.stdout.write(`v${version}.sqlite\n`)
}
