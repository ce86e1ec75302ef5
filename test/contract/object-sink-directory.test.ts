/** The directory sink: the common contract, and what only a file system has (links, modes, names, what a kill leaves). */

import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import { openDirectory } from '../../src/source/directory.ts'
import { openDirectorySink } from '../../src/source/directory-sink.ts'
import { objectSinkContract } from './object-sink.ts'
import { collect } from './object-store.ts'

const never = (): AbortSignal => new AbortController().signal

async function keysIn(root: string): Promise<string[]> {
  return (await collect(openDirectory(root).list('', never()))).map(({ key }) => key)
}

objectSinkContract('directory', async () => {
  const outer = await mkdtemp(join(tmpdir(), 'object-sink-'))
  const root = join(outer, 'archive')
  await mkdir(root)
  return {
    sink: openDirectorySink(root),
    read: (key) => readFile(join(root, key)).catch(() => undefined),
    keys: () => keysIn(root),
    close: () => rm(outer, { recursive: true }),
  }
})

describe('directory sink', () => {
  let outer: string
  let root: string
  beforeEach(async () => {
    outer = await mkdtemp(join(tmpdir(), 'object-sink-'))
    root = join(outer, 'archive')
    await mkdir(root)
    await mkdir(join(outer, 'elsewhere'))
    await writeFile(join(outer, 'elsewhere', 'x'), 'theirs')
  })
  afterEach(() => rm(outer, { recursive: true }))

  async function* bytesOf(text: string): AsyncIterable<Uint8Array> {
    yield Buffer.from(text)
  }

  const put = (key: string, text = 'ours', sink = openDirectorySink(root)) =>
    sink.put(key, Buffer.byteLength(text), bytesOf(text), never())

  /** Everything below the outer folder but what was put into the archive by a test. */
  const outside = async () =>
    (await readdir(outer, { recursive: true })).filter((path) => !path.startsWith('archive')).sort()

  const UNTOUCHED = ['elsewhere', 'elsewhere/x']

  const modeOf = async (path: string) => (await stat(path)).mode & 0o777

  it('makes folders 0700 and files 0600, the root too, whatever the mask', async () => {
    await rm(root, { recursive: true })
    const mask = process.umask(0)
    try {
      await put('data/users/a.json.gz')
    } finally {
      process.umask(mask)
    }
    for (const folder of ['', 'data', 'data/users']) expect(await modeOf(join(root, folder))).toBe(0o700)
    expect(await modeOf(join(root, 'data/users/a.json.gz'))).toBe(0o600)
  })

  it('keeps the mode of a folder that exists', async () => {
    await chmod(root, 0o750)
    await put('a')
    expect(await modeOf(root)).toBe(0o750)
  })

  it.each(['..', '../elsewhere/x', '/../elsewhere/x', 'data/../../elsewhere/x', 'a\0/../../elsewhere/x', './../x'])(
    'a key that climbs writes nothing: %j',
    async (key) => {
      await expect(put(key)).rejects.toMatchObject({ code: 'archive-unwritable' })
      expect(await outside()).toEqual(UNTOUCHED)
      expect(await keysIn(root)).toEqual([])
    },
  )

  it.each([
    'C:\\Windows\\x',
    '..\\..\\elsewhere\\x',
    '\\\\host\\share\\x',
    '~/x',
    '$HOME/x',
    '%2e%2e/x',
    '-rf',
    'a\nb',
  ])('a key that climbs elsewhere, but not here, stays inside as it is: %j', async (key) => {
    await put(key)
    expect(await keysIn(root)).toEqual([key])
    expect(await outside()).toEqual(UNTOUCHED)
  })

  it('an absolute path is a place below the archive', async () => {
    const key = join(outer, 'elsewhere', 'x')
    await put(key)
    expect(await readFile(join(root, key), 'utf8')).toBe('ours')
    expect(await readFile(key, 'utf8')).toBe('theirs')
  })

  it('follows no folder that is a link to elsewhere', async () => {
    await symlink(join(outer, 'elsewhere'), join(root, 'data'))
    await mkdir(join(root, 'deep'))
    await symlink(outer, join(root, 'deep', 'up'))
    for (const key of ['data/x', 'data/new/x', 'deep/up/elsewhere/x'])
      await expect(put(key)).rejects.toMatchObject({ code: 'archive-unwritable' })
    expect(await outside()).toEqual(UNTOUCHED)
    expect(await readFile(join(outer, 'elsewhere', 'x'), 'utf8')).toBe('theirs')
  })

  it('is not deceived by a link to a folder whose name begins like the archive', async () => {
    await mkdir(join(outer, 'archive-2'))
    await symlink(join(outer, 'archive-2'), join(root, 'data'))
    await expect(put('data/x')).rejects.toMatchObject({ code: 'archive-unwritable' })
    expect(await readdir(join(outer, 'archive-2'))).toEqual([])
  })

  it('replaces a link in the place of the object and leaves what it leads to', async () => {
    await symlink(join(outer, 'elsewhere', 'x'), join(root, 'x'))
    await put('x')
    expect(await readFile(join(root, 'x'), 'utf8')).toBe('ours')
    expect(await readFile(join(outer, 'elsewhere', 'x'), 'utf8')).toBe('theirs')
  })

  it('a link that leads nowhere makes no folder there', async () => {
    await symlink(join(outer, 'nowhere'), join(root, 'data'))
    await expect(put('data/x')).rejects.toMatchObject({ code: 'archive-unwritable' })
    expect(await outside()).toEqual(UNTOUCHED)
  })

  it('follows folders that link inside, and a root that is a link', async () => {
    await mkdir(join(root, 'real'))
    await symlink(join(root, 'real'), join(root, 'link'))
    await symlink(root, join(outer, 'link-to-archive'))
    await openDirectorySink(join(outer, 'link-to-archive')).put('link/x', 4, bytesOf('ours'), never())
    expect(await readFile(join(root, 'real', 'x'), 'utf8')).toBe('ours')
  })

  it.each([
    ['a file where a folder is needed', 'taken/x'],
    ['a file where a folder of a folder is needed', 'taken/deeper/x'],
    ['a folder where the object is to be', 'folder'],
    ['a name that is too long', `data/${'n'.repeat(256)}`],
    ['a folder whose name is too long', `${'n'.repeat(256)}/x`],
    ['a key longer than buckets have', `${'deep/'.repeat(205)}x`],
  ])('%s is an archive that cannot be written, and nothing else is touched', async (_, key) => {
    await writeFile(join(root, 'taken'), 'taken')
    await mkdir(join(root, 'folder'))
    await writeFile(join(root, 'folder', 'y'), 'kept')
    await expect(put(key)).rejects.toMatchObject({ code: 'archive-unwritable' })
    expect(await keysIn(root)).toEqual(['folder/y', 'taken'])
    expect((await readdir(root, { recursive: true })).filter((name) => name.endsWith('.unfinished'))).toEqual([])
    expect(await readFile(join(root, 'taken'), 'utf8')).toBe('taken')
  })

  it('a name of the greatest length is taken', async () => {
    await put('n'.repeat(255))
    expect(await keysIn(root)).toEqual(['n'.repeat(255)])
  })

  it('a root that is a file is an archive that cannot be written', async () => {
    const sink = openDirectorySink(join(outer, 'elsewhere', 'x'))
    await expect(put('a', 'ours', sink)).rejects.toMatchObject({ code: 'archive-unwritable' })
  })

  it('what a killed run left unfinished goes with the next object of its folder, and only that', async () => {
    const left = '.0f8fad5b-d9cb-469f-a165-70867728950e.unfinished'
    for (const key of [`data/${left}`, 'data/.hidden.unfinished', `other/${left}`]) {
      await mkdir(dirname(join(root, key)), { recursive: true })
      await writeFile(join(root, key), 'half')
    }
    await put('data/x')
    expect(await keysIn(root)).toEqual(['data/.hidden.unfinished', 'data/x', `other/${left}`])
  })

  it('two puts of one key end with one of them, whole', async () => {
    const sink = openDirectorySink(root)
    const texts = ['first'.repeat(50_000), 'second'.repeat(60_000)]
    await Promise.all(texts.map((text) => put('data/x', text, sink)))
    expect(texts).toContain(await readFile(join(root, 'data/x'), 'utf8'))
    expect(await keysIn(root)).toEqual(['data/x'])
  })

  it('while an object is written, readers see the one before it', async () => {
    await put('data/x', 'before')
    const seen: string[] = []
    async function* watching(): AsyncIterable<Uint8Array> {
      for (const text of ['af', 'ter']) {
        yield Buffer.from(text)
        seen.push(await readFile(join(root, 'data/x'), 'utf8'))
      }
    }
    await openDirectorySink(root).put('data/x', 5, watching(), never())
    expect(seen).toEqual(['before', 'before'])
    expect(await readFile(join(root, 'data/x'), 'utf8')).toBe('after')
  })
})
