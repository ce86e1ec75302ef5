/** The embedded store's file: who may read it, which files are refused, what the tables themselves enforce. */

import { chmod, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { SCHEMA_VERSION } from '../../src/store/migrations.ts'
import { openSqliteStore } from '../../src/store/sqlite.ts'
import { integerOf, openSqliteDatabase, type SqliteDatabase } from '../../src/store/sqlite-database.ts'

const PERSON = '0'.repeat(32)

let folder: string
let path: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'store-file-'))
  path = join(folder, 'made', 'state.db')
})
afterEach(() => rm(folder, { recursive: true }))

const open = () => openSqliteStore(path, { now: () => 0 })

/** Looks into the closed store's file. */
function inFile<T>(work: (database: SqliteDatabase) => T): T {
  const database = openSqliteDatabase(path)
  try {
    return work(database)
  } finally {
    database.close()
  }
}

const modeOf = async (file: string) => (await stat(file)).mode & 0o777

it('folder and files are for their owner alone, the log included', async () => {
  const store = await open()
  expect(await modeOf(join(folder, 'made'))).toBe(0o700)
  const files = await readdir(join(folder, 'made'))
  expect(files.sort()).toEqual(['state.db', 'state.db-wal', 'state.db.lease', 'state.db.lease-journal'])
  for (const file of files) expect(await modeOf(join(folder, 'made', file))).toBe(0o600)
  await store.close()
})

it('a closed store is one plain file', async () => {
  await (await open()).close()
  expect((await readdir(join(folder, 'made'))).sort()).toEqual(['state.db', 'state.db.lease'])
  expect(inFile((file) => file.pragma('integrity_check'))).toBe('ok')
})

it('a file of a newer version is refused and left as it is', async () => {
  await (await open()).close()
  inFile((file) => file.exec(`PRAGMA user_version = ${SCHEMA_VERSION + 1}`))
  await expect(open()).rejects.toMatchObject({ code: 'store-unusable', next: 'configuration' })
  await expect(open()).rejects.toThrow(/newer than/)
})

it('a refused file does not keep the lease', async () => {
  await (await open()).close()
  inFile((file) => file.exec(`PRAGMA user_version = ${SCHEMA_VERSION + 1}`))
  await expect(open()).rejects.toMatchObject({ code: 'store-unusable' })
  await rm(path)
  const store = await open()
  expect(await store.countStates()).toBe(0)
  await store.close()
})

it("another program's database is refused and gets no table of ours", async () => {
  path = join(folder, 'theirs.db')
  inFile((file) => file.exec('CREATE TABLE theirs (a)'))
  await expect(open()).rejects.toThrow(/another program/)
})

it('a file that is no database is refused with where, found, expected and remedy', async () => {
  path = join(folder, 'text.db')
  await writeFile(path, 'no database, but long enough to be looked at. '.repeat(200))
  await expect(open()).rejects.toThrow(
    /^store-unusable: store .*text\.db: found .*SQLITE_NOTADB\); expected .*\. Check /,
  )
})

it('a folder that cannot be made is store-unusable', async () => {
  await writeFile(join(folder, 'made'), 'a file where the folder should be')
  await expect(open()).rejects.toMatchObject({ code: 'store-unusable' })
})

it('a file that others may read stays as its owner set it', async () => {
  await (await open()).close()
  await chmod(path, 0o640)
  await (await open()).close()
  expect(await modeOf(path)).toBe(0o640)
})

it('evidence can be neither changed nor removed nor replaced', async () => {
  const store = await open()
  const evidence = { run: 'r', person: PERSON, placeHash: 'h', rowId: undefined, what: 'purpose', from: null, to: true }
  await store.settle(
    { organization: 'o', target: 'crm' },
    {
      now: 5,
      settlements: [],
      ledger: [],
      evidence: [{ ...evidence, lo: Number.NEGATIVE_INFINITY, hi: 4, event: undefined, decision: 'written' }],
      quarantine: [],
    },
  )
  await store.close()
  inFile((file) => {
    const changes = [
      "UPDATE evidence SET decision = 'x'",
      'DELETE FROM evidence',
      'INSERT OR REPLACE INTO evidence SELECT * FROM evidence',
    ]
    for (const change of changes) expect(() => file.exec(change)).toThrow(/SQLITE_CONSTRAINT/)
    const row = file.prepare('SELECT * FROM evidence').get()
    expect(row).toMatchObject({ sequence: 1, at: 5, run: 'r', decision: 'written' })
  })
})

it('§2.1 at most 1,000 rejects of an object are listed; its count is whole', async () => {
  const store = await open()
  const object = { key: 'k', size: 1, etag: 'e', lines: 1_500, records: 0, rejects: 1_500, guests: 0, skipped: 0 }
  const rejects = Array.from({ length: 1_500 }, (_, line) => ({ object: 'k', line, code: 'not-json' }))
  await store.objectsIngested('e', '2026-11-01', 'ingested', [object], rejects)
  await store.objectsIngested('e', '2026-11-01', 'ingested', [{ ...object, key: 'l' }], [])
  await store.close()
  inFile((file) => {
    expect(integerOf(file.prepare('SELECT count(*) AS n FROM reject').get() ?? {}, 'n')).toBe(1_000)
    expect(integerOf(file.prepare("SELECT rejects AS n FROM object WHERE key = 'k'").get() ?? {}, 'n')).toBe(1_500)
  })
})
