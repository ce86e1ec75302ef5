/** `store backup` and `store restore`: whole or not at all, and what an older store means for what Dataverse holds (§7, §8.8). */

import { chmod, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openSqliteStore } from '../../src/store/sqlite.ts'
import { checkSqliteStore } from '../../src/store/sqlite-check.ts'
import {
  CONFIG,
  configuration,
  daysAgo,
  type Ended,
  type Lab,
  line,
  openLab,
  runCli,
  target,
} from '../support/cli-run.ts'

const LIMIT_MS = 240_000
const ADA = 'ada@example.com'
const ADAS_ROW = '00000000-0000-4000-8000-000000000001'

let lab: Lab
let path: string

beforeEach(async () => {
  const contacts = [{ contactid: ADAS_ROW, emailaddress1: ADA, modifiedon: '2026-01-01T00:00:00Z' }]
  lab = await openLab({
    seed: { columns: { contacts: [{ type: 'boolean', name: 'new_newsletter' }] }, rows: { contacts } },
  })
  const mappings = [{ id: 'new_newsletter', value: 'consents_purposes_newsletter_enabled' }]
  await lab.configure(configuration([target(lab.emulator.url, 'crm', 'contact', mappings)]))
  path = join(lab.folder, 'state', 'didomi-dataverse.db')
})
afterEach(() => lab.close())

const store = (...args: string[]): Promise<Ended> =>
  runCli(['store', ...args, '--config', CONFIG], { cwd: lab.folder, env: { DATAVERSE_CLIENT_SECRET: 'none' } })

const inStateFolder = async () => (await readdir(dirname(path))).filter((name) => name !== 'reports').sort()
const adaHas = () => lab.emulator.world.rows('contacts')[0]?.['new_newsletter']

/** One sealed day on which Ada says this. */
async function day(ago: number, enabled: boolean): Promise<void> {
  const date = daysAgo(ago)
  await lab.part(date, 'part-0.json', `${line(ADA, date, { purposes: [{ id: 'newsletter', enabled }] })}\n`)
  await lab.seal(date)
}

async function synced(): Promise<void> {
  const { code, stderr } = await lab.sync()
  expect([code, stderr]).toEqual([0, ''])
}

describe('backup', () => {
  it(
    'during a run: one sound file for its owner alone, holding what was committed; the run ends as ever',
    async () => {
      await day(3, true)
      const hold = lab.emulator.world.hold({ message: 'Update' })
      const run = lab.sync()
      await lab.emulator.world.holds.wait(hold)
      const { code, stdout } = await store('backup', '--to', 'kept/b.db', '--json')
      expect(code).toBe(0)
      expect(JSON.parse(stdout)).toMatchObject({ damage: [], broken: [], counts: { person: 1, due: 1 } })
      lab.emulator.world.holds.clear()
      expect((await run).code).toBe(0)
      const kept = join(lab.folder, 'kept')
      expect(await readdir(kept)).toEqual(['b.db'])
      expect(((await stat(join(kept, 'b.db'))).mode & 0o777).toString(8)).toBe('600')
      expect(await checkSqliteStore(join(kept, 'b.db'))).toMatchObject({ read: 'file', counts: { due: 1 } })
    },
    LIMIT_MS,
  )

  it(
    'nothing is written over, and nothing is left where there is no store',
    async () => {
      expect((await store('backup', '--to', 'b.db')).code).toBe(2)
      expect((await readdir(lab.folder)).includes('b.db')).toBe(false)
      await day(3, true)
      await synced()
      await writeFile(join(lab.folder, 'b.db'), 'somebody else’s')
      const { code, stderr } = await store('backup', '--to', 'b.db')
      expect([code, stderr]).toEqual([2, expect.stringMatching(/^usage: --to .*b\.db: found something/)])
      expect(await readFile(join(lab.folder, 'b.db'), 'utf8')).toBe('somebody else’s')
    },
    LIMIT_MS,
  )

  it(
    'a store that others may read has a backup that they may not',
    async () => {
      await (await openSqliteStore(path, { now: () => 0 })).close()
      await chmod(path, 0o644)
      expect((await store('backup', '--to', 'b.db')).code).toBe(0)
      expect(((await stat(join(lab.folder, 'b.db'))).mode & 0o777).toString(8)).toBe('600')
    },
    LIMIT_MS,
  )
})

describe('restore', () => {
  it(
    '§9 beside a run that holds the store: 7, with --force too, and the run ends as ever',
    async () => {
      await day(3, true)
      await synced()
      expect((await store('backup', '--to', 'b.db')).code).toBe(0)
      await day(2, false)
      const hold = lab.emulator.world.hold({ message: 'Update' })
      const run = lab.sync()
      await lab.emulator.world.holds.wait(hold)
      for (const force of [[], ['--force']]) {
        const { code, stderr } = await store('restore', '--from', 'b.db', ...force)
        expect([code, stderr]).toEqual([7, expect.stringMatching(/^lease-held/)])
      }
      lab.emulator.world.holds.clear()
      expect((await run).code).toBe(0)
      expect(adaHas()).toBe(false)
    },
    LIMIT_MS,
  )

  it(
    'over a store with later runs only with --force, which keeps it; over a lost or damaged one without',
    async () => {
      await day(3, true)
      await synced()
      expect((await store('backup', '--to', 'b.db')).code).toBe(0)
      await synced()
      const before = await readFile(path)
      const refused = await store('restore', '--from', 'b.db')
      expect([refused.code, refused.stderr]).toEqual([2, expect.stringMatching(/runs that the backup does not know/)])
      expect((await readFile(path)).equals(before)).toBe(true)

      const forced = await store('restore', '--from', 'b.db', '--force', '--json')
      expect([forced.code, forced.stderr]).toEqual([0, ''])
      const { kept } = JSON.parse(forced.stdout) as { kept: string }
      expect(await checkSqliteStore(kept)).toMatchObject({ damage: [], counts: { run: 2 } })
      expect(await checkSqliteStore(path)).toMatchObject({ damage: [], counts: { run: 1, due: 1 } })
      expect(((await stat(path)).mode & 0o777).toString(8)).toBe('600')

      await writeFile(path, 'damaged '.repeat(2_000))
      expect((await store('restore', '--from', 'b.db')).code).toBe(0)
      await rm(path)
      expect((await store('restore', '--from', 'b.db')).code).toBe(0)
      await synced()
      expect((await inStateFolder()).filter((name) => !name.includes('.before-restore-'))).toEqual([
        'didomi-dataverse.db',
        'didomi-dataverse.db.lease',
      ])
    },
    LIMIT_MS,
  )

  it(
    'of a damaged backup, or of something else, nothing comes: `store-unusable`, and the store stays',
    async () => {
      await day(3, true)
      await synced()
      expect((await store('backup', '--to', 'b.db')).code).toBe(0)
      const [whole, before] = [await readFile(join(lab.folder, 'b.db')), await readFile(path)]
      for (const bytes of [
        whole.subarray(0, whole.length / 2),
        Buffer.from('no store at all '.repeat(99)),
        Buffer.alloc(0),
      ]) {
        await writeFile(join(lab.folder, 'bad.db'), bytes)
        const { code, stderr } = await store('restore', '--from', 'bad.db', '--force')
        expect([code, stderr]).toEqual([2, expect.stringMatching(/^store-unusable: store .*bad\.db: found /)])
      }
      expect((await readFile(path)).equals(before)).toBe(true)
      expect(await inStateFolder()).toEqual(['didomi-dataverse.db', 'didomi-dataverse.db.lease'])
    },
    LIMIT_MS,
  )

  /**
   * The backup's ledger says that we wrote No. Since then Didomi said Yes, we wrote that, and somebody in Dynamics said No
   * after all. Who trusts the ledger takes that No for our own old one, and lets the Yes pass.
   */
  it(
    '§7 §8.8 a No said in Dynamics since the backup survives the restore, and a second run writes nothing',
    async () => {
      await day(5, false)
      await synced()
      expect((await store('backup', '--to', 'b.db')).code).toBe(0)
      await day(4, true)
      await synced()
      expect(adaHas()).toBe(true)
      lab.emulator.world.edit('contacts', ADAS_ROW, { new_newsletter: false })

      expect((await store('restore', '--from', 'b.db', '--force')).code).toBe(0)
      const { code, stdout } = await lab.sync(['--json'])
      expect([code, adaHas()]).toEqual([0, false])
      expect(JSON.parse(stdout)).toMatchObject({ deliver: [{ outcomes: { superseded: 1 }, places: { written: 0 } }] })
      expect(JSON.parse((await lab.sync(['--json'])).stdout)).toMatchObject({ deliver: [{ places: { written: 0 } }] })
    },
    LIMIT_MS,
  )

  it(
    '§7 §8.8 a No of Didomi since the backup is read again and stands; what is equal is not written',
    async () => {
      await day(5, true)
      await synced()
      expect((await store('backup', '--to', 'b.db')).code).toBe(0)
      await day(4, false)
      await synced()
      expect((await store('restore', '--from', 'b.db', '--force')).code).toBe(0)
      expect(JSON.parse((await lab.sync(['--json'])).stdout)).toMatchObject({
        exitCode: 0,
        deliver: [{ outcomes: { unchanged: 1 }, places: { written: 0 } }],
      })
      expect(adaHas()).toBe(false)
    },
    LIMIT_MS,
  )
})
