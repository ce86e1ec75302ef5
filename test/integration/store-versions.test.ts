/** State files of every released schema version load, deliver and stay whole; a newer one is refused untouched. */

import { copyFile, mkdir, readdir, readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { SCHEMA_VERSION } from '../../src/store/migrations.ts'
import { openSqliteStore } from '../../src/store/sqlite.ts'
import { checkSqliteStore } from '../../src/store/sqlite-check.ts'
import { openSqliteDatabase } from '../../src/store/sqlite-database.ts'
import { CONFIG, configuration, type Lab, openLab, runCli, target } from '../support/cli-run.ts'

const STORES = fileURLToPath(new URL('../../fixtures/stores/', import.meta.url))
const VERSIONS = Array.from({ length: SCHEMA_VERSION - 1 }, (_, index) => index + 1)
const PEOPLE = ['person-a', 'person-b', 'person-c'].map((name) => `${name}@example.com`)
const LIMIT_MS = 120_000

let lab: Lab
let path: string

beforeEach(async () => {
  const contacts = PEOPLE.map((emailaddress1, n) => ({
    contactid: `00000000-0000-4000-8000-00000000000${n + 1}`,
    emailaddress1,
    modifiedon: '2026-01-01T00:00:00Z',
  }))
  const columns = { contacts: [{ type: 'boolean' as const, name: 'new_newsletter' }] }
  lab = await openLab({ seed: { columns, rows: { contacts } } })
  await lab.configure(
    configuration([
      target(lab.emulator.url, 'crm', 'contact', [
        { id: 'new_newsletter', value: 'consents_purposes_newsletter_enabled' },
      ]),
    ]),
  )
  await mkdir(join(lab.folder, 'export'), { recursive: true })
  path = join(lab.folder, 'state', 'didomi-dataverse.db')
  await mkdir(dirname(path))
})
afterEach(() => lab.close())

it('there is a file of every version below the current one', async () => {
  const files = (await readdir(STORES)).filter((name) => name.endsWith('.sqlite')).sort()
  expect(files).toEqual(expect.arrayContaining(VERSIONS.map((version) => `v${version}.sqlite`)))
})

describe.each(VERSIONS)('a store of version %i', (version) => {
  beforeEach(() => copyFile(join(STORES, `v${version}.sqlite`), path))

  it('is checked as it is, and stays as it is', async () => {
    const before = await readFile(path)
    expect(await checkSqliteStore(path)).toMatchObject({
      version,
      current: SCHEMA_VERSION,
      read: 'file',
      damage: [],
      broken: [],
      counts: { person: 3, state: 3, object: 1, reject: 1, due: 3, ledger: 1, evidence: 1, run: 1 },
    })
    expect((await readFile(path)).equals(before)).toBe(true)
  })

  it(
    'is brought forward by a run, and everybody in it is delivered',
    async () => {
      const { code, stderr } = await lab.sync()
      expect([code, stderr]).toEqual([0, ''])
      const columns = lab.emulator.world.rows('contacts').map((row) => row['new_newsletter'])
      expect(columns).toEqual([true, false, true])
      const check = await checkSqliteStore(path)
      expect(check).toMatchObject({ version: SCHEMA_VERSION, damage: [], broken: [], counts: { due: 0, ledger: 4 } })
      expect((await lab.sync()).code).toBe(0)
    },
    LIMIT_MS,
  )

  it('keeps what it knew: key, runs, partitions, ledger', async () => {
    const store = await openSqliteStore(path, { now: () => 0 })
    try {
      expect(Buffer.from(store.pseudonymKey)).toEqual(Buffer.alloc(32, 7))
      expect((await store.runs(9)).map(({ id }) => id)).toEqual(['run-1'])
      expect((await store.partitions())[0]).toMatchObject({ exportId: 'e1', date: '2026-11-01', state: 'ingested' })
      const scope = { organization: '0e0e0e0e-0000-4000-8000-000000000001', target: 'crm' }
      const [entry] = await store.recentLedger(scope, 9)
      expect(entry).toMatchObject({ place: 'contact/0a/new_newsletter', confirmed: { value: true }, rowId: '0a' })
      expect(await store.bookmark('a-bookmark')).toBe(version >= 2 ? 'its value' : undefined)
    } finally {
      await store.close()
    }
  })
})

it(
  'a newer one is refused with `store-unusable`, by sync and by check, and stays as it is',
  async () => {
    await (await openSqliteStore(path, { now: () => 0 })).close()
    const database = openSqliteDatabase(path)
    database.exec(`PRAGMA user_version = ${SCHEMA_VERSION + 1}`)
    database.close()
    const before = await readFile(path)
    for (const args of [['sync'], ['store', 'check'], ['store', 'backup', '--to', 'b.db']]) {
      const { code, stderr } = await runCli([...args, '--config', CONFIG], {
        cwd: lab.folder,
        env: { DATAVERSE_CLIENT_SECRET: 'not asked for' },
      })
      expect([code, stderr]).toEqual([2, expect.stringMatching(/^store-unusable: .*newer than/)])
    }
    expect((await readFile(path)).equals(before)).toBe(true)
    expect((await readdir(lab.folder)).includes('b.db')).toBe(false)
  },
  LIMIT_MS,
)
