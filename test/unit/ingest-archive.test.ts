/** §8.1 with an archive: what is read is archived whole, or does not count; an archived partition is a source itself. */

import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { archiveMarker, archiving } from '../../src/ingest/archive.ts'
import { openDirectory } from '../../src/source/directory.ts'
import { openDirectorySink } from '../../src/source/directory-sink.ts'
import { discoverPartitions } from '../../src/source/discover.ts'
import { archiveUnwritable, type ObjectSink } from '../../src/source/object-sink.ts'

const DATE = 'data/export-id=E1/date=2026-10-20'
const KEY = `${DATE}/users/a.json.gz`
const SETTINGS = { prefix: 'data/', successMarker: 'auto' } as const
const never = (): AbortSignal => new AbortController().signal

let folder: string
let source: string
let archive: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ingest-archive-'))
  source = join(folder, 'source')
  archive = join(folder, 'archive')
  await mkdir(archive)
})

afterEach(() => rm(folder, { recursive: true, force: true }))

async function write(root: string, key: string, content: string): Promise<void> {
  await mkdir(dirname(join(root, key)), { recursive: true })
  await writeFile(join(root, key), content)
}

/** What the archive holds under a key. */
const archived = (key: string) => readFile(join(archive, key), 'utf8').catch(() => undefined)

const found = async (root: string) =>
  (await discoverPartitions(openDirectory(root), SETTINGS, never())).partitions.map(({ date, sealed, parts }) => ({
    date,
    sealed,
    parts: parts.map(({ key, size }) => `${key.split('/').at(-1)} ${size}`),
  }))

/** Chunks one by one; tells how many were asked for and whether the source was closed. */
function chunks(...texts: readonly string[]) {
  const told = { given: 0, closed: false }
  async function* bytes(): AsyncIterable<Uint8Array> {
    try {
      for (const text of texts) {
        told.given += 1
        yield Buffer.from(text)
      }
    } finally {
      told.closed = true
    }
  }
  return { told, bytes: bytes() }
}

async function textOf(bytes: AsyncIterable<Uint8Array>): Promise<string> {
  let text = ''
  for await (const chunk of bytes) text += Buffer.from(chunk).toString()
  return text
}

/** A sink that waits for a nod before it takes each chunk. */
function patientSink() {
  const taken: string[] = []
  let nods = 0
  let waiting: (() => void) | undefined
  const sink: ObjectSink = {
    put: async (_key, _size, bytes) => {
      const chunks = bytes[Symbol.asyncIterator]()
      for (;;) {
        while (nods === 0)
          await new Promise<void>((resolve) => {
            waiting = resolve
          })
        nods -= 1
        const next = await chunks.next()
        if (next.done === true) return
        taken.push(Buffer.from(next.value).toString())
      }
    },
  }
  const nod = () => {
    nods += 1
    waiting?.()
  }
  return { sink, taken, nod }
}

/** Lets everything that can go on go on. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await setImmediate()
}

const failing = (error: unknown, afterChunks: number): ObjectSink => ({
  put: async (_key, _size, bytes) => {
    let taken = 0
    if (afterChunks === 0) throw error
    for await (const _ of bytes) {
      taken += 1
      if (taken === afterChunks) throw error
    }
    throw error
  },
})

describe('archiving', () => {
  it('§8.1 gives the bytes on as they are, and the archive holds the same', async () => {
    const { bytes } = chunks('one', '', 'two')
    const place = { sink: openDirectorySink(archive), key: KEY, size: 6 }
    expect(await textOf(archiving(bytes, place, never()))).toBe('onetwo')
    expect(await archived(KEY)).toBe('onetwo')
  })

  it('an object without bytes is archived too', async () => {
    const { bytes } = chunks()
    expect(await textOf(archiving(bytes, { sink: openDirectorySink(archive), key: KEY, size: 0 }, never()))).toBe('')
    expect(await archived(KEY)).toBe('')
  })

  it('reads no more than a chunk ahead of a slow archive', async () => {
    const { sink, nod, taken } = patientSink()
    const { bytes, told } = chunks('a', 'b', 'c', 'd')
    const reading = textOf(archiving(bytes, { sink, key: KEY, size: 4 }, never()))
    await settle()
    expect([told.given, taken]).toEqual([1, []])
    nod()
    await settle()
    expect([told.given, taken]).toEqual([2, ['a']])
    nod()
    await settle()
    expect([told.given, taken]).toEqual([3, ['a', 'b']])
    for (let more = 0; more < 3; more += 1) nod()
    expect(await reading).toBe('abcd')
  })

  it('archives no more than a chunk ahead of a slow reader', async () => {
    const { sink, nod, taken } = patientSink()
    for (let more = 0; more < 5; more += 1) nod()
    const { bytes, told } = chunks('a', 'b', 'c', 'd')
    const reading = archiving(bytes, { sink, key: KEY, size: 4 }, never())[Symbol.asyncIterator]()
    await reading.next()
    await settle()
    expect([told.given, taken]).toEqual([1, ['a']])
    await reading.next()
    await settle()
    expect([told.given, taken]).toEqual([2, ['a', 'b']])
  })

  it('§8.1 does not end before the archive has', async () => {
    const { sink, nod } = patientSink()
    const { bytes, told } = chunks('a')
    let ended = false
    const reading = textOf(archiving(bytes, { sink, key: KEY, size: 1 }, never())).then(() => {
      ended = true
    })
    nod()
    await settle()
    expect([told.closed, ended]).toEqual([true, false])
    nod()
    await reading
    expect(ended).toBe(true)
  })

  it.each([0, 1, 2, 3])(
    '§8.1 an archive that fails after %i chunks ends the reading, and closes the source',
    async (after) => {
      const error = archiveUnwritable('archive', 'no room')
      const { bytes, told } = chunks('a', 'b')
      await expect(textOf(archiving(bytes, { sink: failing(error, after), key: KEY, size: 2 }, never()))).rejects.toBe(
        error,
      )
      expect(told.closed).toBe(true)
    },
  )

  it('§8.1 an archive that says it is done before the end has lost bytes', async () => {
    const sink: ObjectSink = { put: () => Promise.resolve() }
    const { bytes, told } = chunks('a', 'b')
    await expect(textOf(archiving(bytes, { sink, key: KEY, size: 2 }, never()))).rejects.toMatchObject({
      code: 'defect',
    })
    expect(told.closed).toBe(true)
  })

  it('§8.1 fewer bytes than were listed are not archived, and do not count', async () => {
    await write(archive, KEY, 'before')
    const { bytes } = chunks('a', 'b')
    const place = { sink: openDirectorySink(archive), key: KEY, size: 3 }
    await expect(textOf(archiving(bytes, place, never()))).rejects.toMatchObject({ code: 'archive-unwritable' })
    expect(await archived(KEY)).toBe('before')
  })

  it('§8.1 a source that breaks leaves in the archive what lay there', async () => {
    await write(archive, KEY, 'before')
    const broken = new Error('the source broke')
    async function* breaking() {
      yield Buffer.from('a')
      throw broken
    }
    const place = { sink: openDirectorySink(archive), key: KEY, size: 2 }
    await expect(textOf(archiving(breaking(), place, never()))).rejects.toBe(broken)
    expect(await archived(KEY)).toBe('before')
  })

  it('§8.1 leaving early archives nothing, closes the source and leaves nothing open', async () => {
    await write(archive, KEY, 'before')
    const { bytes, told } = chunks('a', 'b')
    const place = { sink: openDirectorySink(archive), key: KEY, size: 2 }
    for await (const _ of archiving(bytes, place, never())) break
    expect(told.closed).toBe(true)
    expect(await archived(KEY)).toBe('before')
    expect((await openDirectoryKeys()).filter((key) => key !== KEY)).toEqual([])
  })

  it('an interruption ends both with its reason', async () => {
    const control = new AbortController()
    const stop = new Error('stop')
    async function* interrupted() {
      yield Buffer.from('a')
      control.abort(stop)
      control.signal.throwIfAborted()
    }
    const place = { sink: openDirectorySink(archive), key: KEY, size: 2 }
    await expect(textOf(archiving(interrupted(), place, control.signal))).rejects.toBe(stop)
    expect(await archived(KEY)).toBeUndefined()
  })

  it('an archive that cannot be written is said so', async () => {
    await write(archive, 'data', 'a file where a folder is needed')
    const { bytes } = chunks('a')
    const place = { sink: openDirectorySink(archive), key: KEY, size: 1 }
    await expect(textOf(archiving(bytes, place, never()))).rejects.toMatchObject({ code: 'archive-unwritable' })
  })
})

async function openDirectoryKeys(): Promise<string[]> {
  const keys: string[] = []
  for await (const { key } of openDirectory(archive).list('', never())) keys.push(key)
  return keys
}

describe('archiveMarker', () => {
  const ports = () => ({ exports: openDirectory(source), sink: openDirectorySink(archive) })

  async function sourcePartition() {
    const { partitions } = await discoverPartitions(openDirectory(source), SETTINGS, never())
    const [partition] = partitions
    if (partition === undefined) throw new Error('no partition')
    return partition
  }

  it.each([`${DATE}/_SUCCESS`, `${DATE}/users/_SUCCESS`])('§1 %s makes the archive a sealed source', async (marker) => {
    await write(source, KEY, 'content')
    await write(source, marker, '')
    const partition = await sourcePartition()
    const place = { sink: openDirectorySink(archive), key: KEY, size: 7 }
    const [part] = partition.parts
    if (part === undefined) throw new Error('no part')
    await textOf(archiving(await openDirectory(source).open(KEY, part, never()), place, never()))
    expect(await found(archive)).toEqual([{ date: '2026-10-20', sealed: false, parts: ['a.json.gz 7'] }])
    await archiveMarker(partition, new Set([KEY]), ports(), never())
    expect(await found(archive)).toEqual(await found(source))
    expect(await archived(marker)).toBe('')
  })

  it('§1 an empty day is sealed by its marker alone', async () => {
    await write(source, `${DATE}/users/_SUCCESS`, '')
    await archiveMarker(await sourcePartition(), new Set(), ports(), never())
    expect(await found(archive)).toEqual([{ date: '2026-10-20', sealed: true, parts: [] }])
  })

  it('§1 parts that this run did not read are copied before the partition is sealed', async () => {
    await write(source, KEY, 'content')
    await write(source, `${DATE}/users/b.json.gz`, 'more')
    await write(source, `${DATE}/users/_SUCCESS`, '')
    await write(archive, KEY, 'content')
    await archiveMarker(await sourcePartition(), new Set([KEY]), ports(), never())
    expect(await found(archive)).toEqual(await found(source))
    expect(await archived(`${DATE}/users/b.json.gz`)).toBe('more')
  })

  it('§1 is not sealed where a part of it cannot be copied', async () => {
    await write(source, KEY, 'content')
    await write(source, `${DATE}/users/_SUCCESS`, '')
    const partition = await sourcePartition()
    await rm(join(source, KEY))
    await expect(archiveMarker(partition, new Set(), ports(), never())).rejects.toMatchObject({
      code: 'object-damaged',
    })
    expect(await found(archive)).toEqual([])
  })

  it('§1 what the source has not sealed stays open', async () => {
    await write(source, KEY, 'content')
    await archiveMarker(await sourcePartition(), new Set(), ports(), never())
    expect(await found(archive)).toEqual([])
  })
})
