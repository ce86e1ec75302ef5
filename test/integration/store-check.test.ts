/** `store check`: what it finds, what it ends with (§9), and that it leaves a run and its file alone. */

import { readdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openSqliteDatabase } from '../../src/store/sqlite-database.ts'
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

const LIMIT_MS = 180_000
const DATE = daysAgo(1)
const PEOPLE = ['ada', 'ben', 'cem']

let lab: Lab
let path: string

beforeEach(async () => {
  const contacts = PEOPLE.map((name, n) => ({
    contactid: `00000000-0000-4000-8000-00000000000${n + 1}`,
    emailaddress1: `${name}@example.com`,
    modifiedon: '2026-01-01T00:00:00Z',
  }))
  lab = await openLab({
    seed: { columns: { contacts: [{ type: 'boolean', name: 'new_newsletter' }] }, rows: { contacts } },
  })
  const mappings = [{ id: 'new_newsletter', value: 'consents_purposes_newsletter_enabled' }]
  await lab.configure(configuration([target(lab.emulator.url, 'crm', 'contact', mappings)]))
  await lab.part(
    DATE,
    'part-0.json',
    `${PEOPLE.map((name) => line(`${name}@example.com`, DATE)).join('\n')}\nno json\n`,
  )
  await lab.seal(DATE)
  path = join(lab.folder, 'state', 'didomi-dataverse.db')
})
afterEach(() => lab.close())

const check = (...args: string[]): Promise<Ended> =>
  runCli(['store', 'check', '--config', CONFIG, ...args], { cwd: lab.folder, env: { DATAVERSE_CLIENT_SECRET: 'none' } })

const filesOfStore = async () => (await readdir(dirname(path))).sort()

function inFile(sql: string): void {
  const database = openSqliteDatabase(path)
  database.exec(sql)
  database.close()
}

describe('between runs', () => {
  beforeEach(async () => {
    expect((await lab.sync()).code).toBe(5)
  }, LIMIT_MS)

  it(
    'a sound store: 0, its counts, and not a byte of it is changed',
    async () => {
      const [before, files] = [await readFile(path), await filesOfStore()]
      const { code, stdout, stderr } = await check('--json')
      expect([code, stderr]).toEqual([0, ''])
      const counts = { person: 3, state: 3, partition: 1, object: 1, reject: 1, due: 0, ledger: 3, run: 1 }
      expect(JSON.parse(stdout)).toMatchObject({ kind: 'sqlite', read: 'file', damage: [], broken: [], counts })
      expect((await readFile(path)).equals(before)).toBe(true)
      expect(await filesOfStore()).toEqual(files)
      const text = await check()
      expect(text.stdout).toMatch(
        /^The store is sound\.\nSchema version \d+; looked at the file itself\.\n {2}person +3\n/,
      )
    },
    LIMIT_MS,
  )

  it(
    '§8.4 §9 lines that do not add up, and rows without their parent, are named: exit 1',
    async () => {
      inFile("UPDATE object SET records = records + 1; DELETE FROM person WHERE ouid LIKE 'ada%'")
      const { code, stdout } = await check('--json')
      expect(code).toBe(1)
      expect(JSON.parse(stdout).broken).toEqual([
        { rule: 'every line of an object is a record, a reject, a guest or skipped', rows: 1 },
        { rule: 'every state belongs to a person', rows: 1 },
      ])
      expect((await check()).stdout).toMatch(/^The store is NOT sound\.[\s\S]*! broken: every line of an object/)
    },
    LIMIT_MS,
  )

  it(
    '§9 a damaged page is found: exit 2, and the file stays as it is',
    async () => {
      const bytes = await readFile(path)
      // The third page on: the first two hold what every statement needs.
      bytes.fill(0xff, 8_192 * 2, 8_192 * 2 + 64)
      await writeFile(path, bytes)
      const { code, stdout, stderr } = await check()
      expect(code).toBe(2)
      expect(stdout + stderr).toMatch(/NOT sound[\s\S]*! damaged: |store-unusable: .* found a damaged file/)
      expect(stdout + stderr).not.toContain('@example.com')
      expect((await readFile(path)).equals(bytes)).toBe(true)
    },
    LIMIT_MS,
  )
})

it(
  'without a store there is nothing to check: `store-unusable`, and none is made',
  async () => {
    const { code, stderr } = await check()
    expect([code, stderr]).toEqual([2, expect.stringMatching(/^store-unusable: store .*: found no file; .* restore/)])
    expect((await readdir(lab.folder)).includes('state')).toBe(false)
  },
  LIMIT_MS,
)

it(
  'during a run a copy is looked at: it holds what was committed, the run goes on to its end, and nothing of the copy stays',
  async () => {
    const hold = lab.emulator.world.hold({ message: 'UpdateMultiple' })
    const run = lab.sync()
    await lab.emulator.world.holds.wait(hold)
    const files = await filesOfStore()
    const { code, stdout } = await check('--json')
    expect(code).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({ read: 'copy', damage: [], broken: [], counts: { person: 3, due: 3 } })
    expect(await filesOfStore()).toEqual(files)
    lab.emulator.world.holds.clear()
    expect((await run).code).toBe(5)
    expect(JSON.parse((await check('--json')).stdout)).toMatchObject({ read: 'file', counts: { due: 0 } })
  },
  LIMIT_MS,
)
