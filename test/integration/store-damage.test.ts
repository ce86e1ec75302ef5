/** Disks that are full or read-only, files that are damaged: a clear `store-unusable`, nothing half written, a way back (§9). */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { DEFAULT_SECRET } from '../../src/emulator/seed-ids.ts'
import { Spill } from '../../src/ingest/spill.ts'
import { wordMemory } from '../../src/record/word-memory.ts'
import { openSqliteStore } from '../../src/store/sqlite.ts'
import { checkSqliteStore } from '../../src/store/sqlite-check.ts'
import { CLI, CONFIG, configuration, daysAgo, type Ended, type Lab, line, openLab, target } from '../support/cli-run.ts'

const LIMIT_MS = 240_000
const DATE = daysAgo(1)
const WITHOUT_ROOM = fileURLToPath(new URL('../support/store-without-room.mjs', import.meta.url))
const NOBODY = 65_534

let lab: Lab
let path: string

beforeEach(async () => {
  lab = await openLab({ seed: { columns: { contacts: [{ type: 'boolean', name: 'new_newsletter' }] } } })
  const mappings = [{ id: 'new_newsletter', value: 'consents_purposes_newsletter_enabled' }]
  await lab.configure(configuration([target(lab.emulator.url, 'crm', 'contact', mappings)]))
  path = join(lab.folder, 'state', 'didomi-dataverse.db')
})
afterEach(() => lab.close())

/** The program as a shell starts it, with what the shell says first; as nobody where this process may do anything. */
async function sync(first: string, env: Record<string, string> = {}, uid?: number): Promise<Ended> {
  const command = `${first} exec "${process.execPath}" ${env['ROOM'] === undefined ? '' : `--import "${WITHOUT_ROOM}"`} "${CLI}" sync --config ${CONFIG} --json --quiet`
  const child = spawn('bash', ['-euc', command], {
    cwd: lab.folder,
    env: { PATH: process.env['PATH'], DATAVERSE_CLIENT_SECRET: DEFAULT_SECRET, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(uid !== undefined && { uid, gid: uid }),
  })
  const texts = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr'] as const)
    child[name].setEncoding('utf8').on('data', (text: string) => {
      texts[name] += text
    })
  const [code] = (await once(child, 'close')) as [number | null]
  return { code, ...texts }
}

/** A day of so many persons: a megabyte of states for a few thousand. */
async function bigDay(persons: number): Promise<void> {
  const lines = Array.from({ length: persons }, (_, n) => line(`person-${n}@example.com`, DATE))
  await lab.part(DATE, 'part-0.json', `${lines.join('\n')}\n`)
  await lab.seal(DATE)
}

describe('in the middle of a run', () => {
  it.each([
    ['SQLite finds no room', '', { ROOM: '20' }, /a disk without room \(SQLite's SQLITE_FULL\)/],
    ['the system lets no file grow', 'ulimit -f 500;', {}, /a disk that does not read or write.*SQLITE_IOERR/],
  ] as const)(
    '§9 %s: exit 2 with where, found, expected and remedy; the file is sound, and the next run does it all',
    async (_, first, env, found) => {
      await bigDay(4_000)
      const { code, stdout, stderr } = await sync(first, env)
      expect(code).toBe(2)
      expect(stdout + stderr).toMatch(/store-unusable: store .*didomi-dataverse\.db: found .*; expected .*\. \S/)
      expect(stdout + stderr).toMatch(found)
      expect(stdout + stderr).not.toContain('@example.com')
      const check = await checkSqliteStore(path)
      expect(check).toMatchObject({ damage: [], broken: [], counts: { object: 0 } })
      // Nobody of the export has a contact: all of them are parked.
      expect(await lab.sync(['--json'])).toMatchObject({ code: 0 })
      expect(await checkSqliteStore(path)).toMatchObject({
        counts: { person: 4_000, object: 1, due: 0, parked: 4_000 },
      })
    },
    LIMIT_MS,
  )

  it('a spill that finds no room, or may not be written, is the store’s trouble and no defect', async () => {
    await writeFile(join(lab.folder, 'a-file'), '')
    const spill = new Spill(join(lab.folder, 'a-file', 'lane-0'), 8)
    spill.add(0, { ...wordMemory(16), start: 0, end: 9 })
    expect(() => spill.seal([])).toThrow(/^store-unusable: spill .*: found a file that cannot be written \(E\w+\)/)
  })
})

describe('at the beginning of a run', () => {
  it(
    '§9 a volume that is only read: exit 2, and nothing is written beside it',
    async () => {
      await (await openSqliteStore(path, { now: () => 0 })).close()
      await mkdir(join(lab.folder, 'export'), { recursive: true })
      const before = await readFile(path)
      for (const file of [path, `${path}.lease`]) await chmod(file, 0o444)
      await chmod(dirname(path), 0o555)
      await chmod(lab.folder, 0o755)
      const files = await readdir(dirname(path))
      const { code, stderr } = await sync('', {}, process.getuid?.() === 0 ? NOBODY : undefined)
      await chmod(dirname(path), 0o755)
      expect(stderr).toMatch(/^store-unusable: store .*: found a file or folder that may not be written/)
      expect(code).toBe(2)
      expect(await readdir(dirname(path))).toEqual(files)
      expect((await readFile(path)).equals(before)).toBe(true)
    },
    LIMIT_MS,
  )

  const open = () => openSqliteStore(path, { now: () => 0 })

  async function made(): Promise<Buffer> {
    await (await open()).close()
    return readFile(path)
  }

  it.each<readonly [string, (whole: Buffer) => Buffer, RegExp]>([
    ['cut in half', (whole) => whole.subarray(0, whole.length / 2), /found a damaged file/],
    ['cut to nothing', () => Buffer.alloc(0), /found an empty file where a store was/],
    [
      'overwritten at its head',
      (whole) => Buffer.concat([Buffer.alloc(200, 'x'), whole.subarray(200)]),
      /found a file that is no database/,
    ],
    [
      'of another program',
      () => Buffer.from('[settings]\ntheme = dark\n'.repeat(500)),
      /found a file that is no database/,
    ],
  ])('a file %s is refused with the way back, and stays as it is', async (_, broken, found) => {
    const bytes = broken(await made())
    await writeFile(path, bytes)
    const files = await readdir(dirname(path))
    await expect(open()).rejects.toMatchObject({ code: 'store-unusable', message: expect.stringMatching(found) })
    await expect(open()).rejects.toThrow(/`store restore`.*docs\/operations\.md/)
    expect((await readFile(path)).equals(bytes)).toBe(true)
    expect(await readdir(dirname(path))).toEqual(files)
  })

  it('a log whose file is gone is refused, not thrown away', async () => {
    await made()
    await rm(path)
    await writeFile(`${path}-wal`, 'what was committed last')
    await expect(open()).rejects.toMatchObject({ code: 'store-unusable' })
    await expect(open()).rejects.toThrow(/found no file, but its log/)
    expect(await readFile(`${path}-wal`, 'utf8')).toBe('what was committed last')
  })

  it('what a run that was killed while it made the store left behind is no store, and is made anew', async () => {
    await mkdir(dirname(path), { recursive: true })
    await writeFile(`${path}.new`, 'half')
    const store = await open()
    expect(await store.countStates()).toBe(0)
    await store.close()
    expect((await readdir(dirname(path))).sort()).toEqual(['didomi-dataverse.db', 'didomi-dataverse.db.lease'])
  })
})
