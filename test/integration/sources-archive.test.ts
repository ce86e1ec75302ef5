/** §8.1 with an archive, from part to outcomes over real folders: what counts is archived, what is archived reads the same. */

import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { HOUR } from '../../src/consent/time.ts'
import { archiveMarker, archiving } from '../../src/ingest/archive.ts'
import { plainReader } from '../../src/record/line-reader.ts'
import { openDirectory } from '../../src/source/directory.ts'
import { openDirectorySink } from '../../src/source/directory-sink.ts'
import { discoverPartitions } from '../../src/source/discover.ts'
import type { ListedObject, ObjectStore } from '../../src/source/object-store.ts'
import { partTask, readOutcomes } from '../../src/source/outcomes.ts'
import type { Partition } from '../../src/source/partition.ts'

const DATE = '2026-10-20'
const FOLDER = `data/export-id=E%2F1/date=${DATE}/users`
const SETTINGS = { prefix: 'data/', successMarker: 'auto' } as const
const READING = {
  reading: { normalise: 'none', regulations: ['gdpr'], clockSkew: 24 * HOUR, maxLineBytes: 100_000 },
  maxExpansion: 1_000,
} as const
const never = (): AbortSignal => new AbortController().signal

let folder: string
let source: string
let archive: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sources-archive-'))
  source = join(folder, 'source')
  archive = join(folder, 'archive')
  await mkdir(archive)
})

afterEach(() => rm(folder, { recursive: true, force: true }))

async function write(name: string, content: string | Uint8Array) {
  await mkdir(dirname(join(source, FOLDER, name)), { recursive: true })
  await writeFile(join(source, FOLDER, name), content)
}

/** Lines of many users, more than one chunk of a file. */
const LINES = Array.from({ length: 20_000 }, (_, index) =>
  JSON.stringify({
    user: {
      id: 'u',
      organization_user_id: `${index}-${Math.imul(index, 0x9e3779b1)}`,
      updated_at: `${DATE}T12:00:00Z`,
      consents: { purposes: [{ id: 'p', enabled: index % 2 === 0 }] },
    },
  }),
)

async function partitions(root: string): Promise<readonly Partition[]> {
  return (await discoverPartitions(openDirectory(root), SETTINGS, never())).partitions
}

async function only(root: string): Promise<Partition> {
  const [partition, ...others] = await partitions(root)
  if (partition === undefined || others.length > 0) throw new Error('expected one partition')
  return partition
}

/** The source as a reader sees it while what is read is archived. */
function archived(part: ListedObject, sink = openDirectorySink(archive)): ObjectStore {
  const exports = openDirectory(source)
  return {
    list: exports.list,
    open: async (key, expected, signal) =>
      archiving(await exports.open(key, expected, signal), { sink, key, size: part.size }, signal),
  }
}

async function read(store: ObjectStore, partition: Partition, part: ListedObject): Promise<string[]> {
  const outcomes: string[] = []
  const bytes = await store.open(part.key, part, never())
  const task = partTask(part, partition, READING.reading)
  await readOutcomes(bytes, task, READING, plainReader(READING.reading), (number, outcome) => {
    outcomes.push(JSON.stringify({ number, outcome }))
  })
  return outcomes
}

describe('an archive', () => {
  it('§8.1 holds what was read, byte for byte, and reads the same as a source of its own', async () => {
    await write('a.json.gz', gzipSync(LINES.join('\n')))
    await write('b.ndjson', `${LINES.slice(0, 5).join('\n')}\n\nnot json`)
    await write('_SUCCESS', '')
    const partition = await only(source)
    const outcomes: string[][] = []
    for (const part of partition.parts) outcomes.push(await read(archived(part), partition, part))
    expect(outcomes.map(({ length }) => length)).toEqual([20_000, 6])
    for (const { key } of partition.parts)
      expect((await readFile(join(archive, key))).equals(await readFile(join(source, key)))).toBe(true)
    await archiveMarker(
      partition,
      new Set(partition.parts.map(({ key }) => key)),
      { exports: openDirectory(source), sink: openDirectorySink(archive) },
      never(),
    )
    const copy = await only(archive)
    expect([copy.exportId, copy.sealed, copy.marker]).toEqual(['E/1', true, `${FOLDER}/_SUCCESS`])
    const again: string[][] = []
    for (const part of copy.parts) again.push(await read(openDirectory(archive), copy, part))
    expect(again).toEqual(outcomes)
  })

  it.each([
    ['no gzip at all', Buffer.from('no gzip')],
    ['gzip that is cut off', gzipSync(LINES.join('\n')).subarray(0, -500)],
    ['bytes after the gzip', Buffer.concat([gzipSync('x\n'), Buffer.from('more')])],
  ])('§8.1 %s does not count; the archive has the whole object or nothing, and is not sealed', async (_, bytes) => {
    await write('a.json.gz', bytes)
    await write('_SUCCESS', '')
    const partition = await only(source)
    const [part] = partition.parts
    if (part === undefined) throw new Error('no part')
    await expect(read(archived(part), partition, part)).rejects.toMatchObject({ code: 'object-damaged' })
    expect((await partitions(archive)).filter(({ sealed }) => sealed)).toEqual([])
    const copy = await readFile(join(archive, part.key)).catch(() => bytes)
    expect(copy.equals(bytes)).toBe(true)
  })

  it.each(['a.json.gz', 'a.ndjson', 'a.csv'])('§8.1 what cannot be archived does not count: %s', async (name) => {
    const text = name.endsWith('.csv') ? 'ouid,at\nada,2026-10-20T12:00:00Z\n' : LINES.join('\n')
    await write(name, name.endsWith('.gz') ? gzipSync(text) : text)
    await write('_SUCCESS', '')
    await rm(archive, { recursive: true })
    await writeFile(archive, 'a file where the archive should be')
    const partition = await only(source)
    const [part] = partition.parts
    if (part === undefined) throw new Error('no part')
    const reading = { ...READING, csv: { organizationUserId: 'ouid', updatedAt: 'at', choices: {} } }
    const all = async () => {
      await readOutcomes(
        await archived(part).open(part.key, part, never()),
        partTask(part, partition, reading.reading),
        reading,
        plainReader(reading.reading),
        () => {},
      )
    }
    await expect(all()).rejects.toMatchObject({ code: 'archive-unwritable' })
  })
})
