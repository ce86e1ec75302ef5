/** Stores whose evidence stood in clear: the step seals and chains it, and nothing of it is lost. */

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openPostgresStore } from '../../src/store/postgres.ts'
import { openSqliteStore } from '../../src/store/sqlite.ts'
import { openSqliteDatabase } from '../../src/store/sqlite-database.ts'
import type { Store } from '../../src/store/store.ts'
import { addEvidence, checked, evidenceFor } from '../contract/store-evidence.ts'
import { person, SCOPE } from '../contract/store-samples.ts'
import { findPostgres, type PostgresServer, startPostgres } from '../support/postgres-server.ts'

const NOW = 1_793_500_000_123_456
const CLOCK = { now: () => 1_793_500_000_000 }
const ENTRIES = 2_345

const OLD = [0, 1, 2, 3].map((n) => {
  const { place: _, ...entry } = evidenceFor(n, { run: 'before', ...(n === 3 && { rowId: 'r', event: 'é', lo: 7 }) })
  return entry
})

/** A store with a scope and an entry, as it is now. */
async function furnish(store: Store): Promise<void> {
  await store.putLedger(SCOPE, [{ place: 'slot/a' }])
  await store.close()
}

async function expectSealed(store: Store): Promise<void> {
  expect(await checked(store)).toMatchObject({ entries: ENTRIES, erased: 0, expired: 0, breaks: [] })
  const told = await store.evidenceOf(person(3))
  expect(told).toHaveLength(Math.floor(ENTRIES / 4))
  expect(told[0]).toEqual({ ...OLD[3], ...SCOPE, at: NOW + 4, sequence: 3 })
  await addEvidence(store, NOW, [evidenceFor(3)])
  expect((await checked(store)).breaks).toEqual([])
  await store.close()
}

it('SQLite: evidence in clear is sealed in its order', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'evidence-step-'))
  const path = join(folder, 'state.db')
  await furnish(await openSqliteStore(path, CLOCK))
  const db = openSqliteDatabase(path)
  db.exec(`
    DROP TABLE evidence; DROP TABLE evidence_key; DROP TABLE evidence_end; DROP TABLE suppression;
    DROP TABLE told; DROP TABLE open_look; ALTER TABLE ledger DROP COLUMN intended_at;
    DELETE FROM meta WHERE name = 'erasure-key';
    CREATE TABLE evidence (id INTEGER PRIMARY KEY, at INTEGER NOT NULL, scope INTEGER NOT NULL, run TEXT NOT NULL,
      person BLOB NOT NULL, place_hash TEXT NOT NULL, row_id TEXT, what TEXT NOT NULL, from_value TEXT NOT NULL,
      to_value TEXT NOT NULL, lo INTEGER, hi INTEGER, event TEXT, decision TEXT NOT NULL);
    CREATE TRIGGER evidence_never_changes BEFORE UPDATE ON evidence BEGIN SELECT RAISE(ABORT, 'no'); END;
    CREATE TRIGGER evidence_never_goes BEFORE DELETE ON evidence BEGIN SELECT RAISE(ABORT, 'no'); END;
    CREATE TRIGGER evidence_is_never_replaced BEFORE INSERT ON evidence
      WHEN EXISTS (SELECT 1 FROM evidence WHERE id = NEW.id) BEGIN SELECT RAISE(ABORT, 'no'); END;
    PRAGMA user_version = 3`)
  const add = db.prepare('INSERT INTO evidence VALUES (?, ?, 1, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)')
  db.transaction(() => {
    for (let n = 1; n <= ENTRIES; n += 1) add.run(n, ...columnsOf(n))
  })
  db.close()
  await expectSealed(await openSqliteStore(path, CLOCK))
  await rm(folder, { recursive: true })
})

const bin = findPostgres()
describe.skipIf(bin === undefined)('PostgreSQL', () => {
  let server: PostgresServer
  beforeAll(async () => {
    server = await startPostgres(bin ?? '')
  })
  afterAll(() => server?.close())

  it('PostgreSQL: evidence in clear is sealed in its order', { timeout: 60_000 }, async () => {
    const address = server.address('step')
    await furnish(await openPostgresStore(address, CLOCK))
    const session = await server.session()
    await session.query(`
      SET search_path = step;
      DROP TABLE evidence, evidence_key, evidence_end, suppression, told, open_look, inbox;
      DROP SEQUENCE inbox_mark;
      ALTER TABLE ledger DROP COLUMN intended_at;
      DROP FUNCTION evidence_only_expires;
      DELETE FROM meta WHERE name = 'erasure-key';
      CREATE TABLE evidence (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, at bigint NOT NULL,
        scope integer NOT NULL, run text NOT NULL, person bytea NOT NULL, place_hash bytea NOT NULL, row_id bytea,
        what bytea NOT NULL, from_value text NOT NULL, to_value text NOT NULL, lo bigint, hi bigint, event bytea,
        decision text NOT NULL);
      CREATE TRIGGER evidence_never_changes BEFORE UPDATE OR DELETE ON evidence
        FOR EACH ROW EXECUTE FUNCTION evidence_is_append_only();
      CREATE TRIGGER evidence_never_goes BEFORE TRUNCATE ON evidence
        FOR EACH STATEMENT EXECUTE FUNCTION evidence_is_append_only();
      UPDATE meta SET value = '2' WHERE name = 'schema-version'`)
    const rows = Array.from({ length: ENTRIES }, (_, index) => columnsOf(index + 1))
    const types = [
      'bigint',
      'text',
      'bytea',
      'text',
      'text',
      'text',
      'text',
      'text',
      'bigint',
      'bigint',
      'text',
      'text',
    ]
    const names = [
      'at',
      'run',
      'person',
      'place_hash',
      'row_id',
      'what',
      'from_value',
      'to_value',
      'lo',
      'hi',
      'event',
      'decision',
    ]
    const bytea = new Set(['place_hash', 'row_id', 'what', 'event'])
    const picked = names.map((name) => (bytea.has(name) ? `convert_to(${name}, 'UTF8')` : name))
    await session.query(
      `INSERT INTO evidence (scope, ${names.join(', ')}) SELECT (SELECT id FROM scope), ${picked.join(', ')}
        FROM unnest(${types.map((type, index) => `$${index + 1}::${type}[]`).join(', ')}) AS told (${names.join(', ')})`,
      names.map((_, column) => rows.map((row) => row[column])),
    )
    await session.end()
    await expectSealed(await openPostgresStore(address, CLOCK))
  })
})

/** Behind id and scope; NULL for "since ever". */
function columnsOf(n: number) {
  const { run, person: id, placeHash, rowId, what, from, to, lo, hi, event, decision } = OLD[n % 4] ?? evidenceFor(0)
  return [
    ...([NOW + n + 1, run, Buffer.from(id, 'hex'), placeHash, rowId ?? null, what] as const),
    ...([JSON.stringify(from), JSON.stringify(to), lo === Number.NEGATIVE_INFINITY ? null : lo, hi] as const),
    ...([event ?? null, decision] as const),
  ] as const
}
