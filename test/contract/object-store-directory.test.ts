/** The directory adapter: the common contract, and what only a folder has (links, paths that climb). */

import { appendFile, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import { openDirectory } from '../../src/source/directory.ts'
import { collect, objectStoreContract } from './object-store.ts'

const never = (): AbortSignal => new AbortController().signal

async function put(root: string, key: string, bytes: Uint8Array): Promise<void> {
  await mkdir(dirname(join(root, key)), { recursive: true })
  await writeFile(join(root, key), bytes)
}

objectStoreContract('directory', async () => {
  const root = await mkdtemp(join(tmpdir(), 'object-store-'))
  return {
    store: openDirectory(root),
    missing: openDirectory(join(root, 'missing')),
    put: (key, bytes) => put(root, key, bytes),
    remove: (key) => rm(join(root, key)),
    close: () => rm(root, { recursive: true }),
  }
})

describe('directory', () => {
  let outer: string
  let root: string
  beforeEach(async () => {
    outer = await mkdtemp(join(tmpdir(), 'object-store-'))
    root = join(outer, 'root')
    await put(root, 'data/real.json', Buffer.from('inside'))
    await put(outer, 'secret.json', Buffer.from('outside'))
  })
  afterEach(() => rm(outer, { recursive: true }))

  const keys = async () => (await collect(openDirectory(root).list('', never()))).map(({ key }) => key)

  it('follows links that stay inside, to files and to folders', async () => {
    await symlink(join(root, 'data/real.json'), join(root, 'link.json'))
    await symlink(join(root, 'data'), join(root, 'folder'))
    expect(await keys()).toEqual(['data/real.json', 'folder/real.json', 'link.json'])
  })

  it('passes over links that lead outside, lead nowhere, or lead back up', async () => {
    await symlink(join(outer, 'secret.json'), join(root, 'out.json'))
    await symlink(outer, join(root, 'outer'))
    await symlink(join(root, 'gone'), join(root, 'nowhere'))
    await symlink(root, join(root, 'data/loop'))
    expect(await keys()).toEqual(['data/real.json'])
  })

  it('opens nothing outside, by link or by a key that climbs', async () => {
    await symlink(join(outer, 'secret.json'), join(root, 'out.json'))
    const store = openDirectory(root)
    for (const key of ['out.json', '../secret.json', 'data/../../secret.json']) {
      await expect(store.open(key, { etag: '' }, never())).rejects.toMatchObject({ code: 'object-damaged' })
    }
  })

  it('§8.1 a file that grows while it is read is damaged', async () => {
    const store = openDirectory(root)
    const [object] = await collect(store.list('', never()))
    if (object === undefined) throw new Error('not listed')
    const read = async () => {
      for await (const _ of await store.open(object.key, object, never())) {
        await appendFile(join(root, object.key), 'more')
      }
    }
    await expect(read()).rejects.toMatchObject({ code: 'object-damaged' })
  })

  it('says source-unreadable where the root is a file', async () => {
    const store = openDirectory(join(outer, 'secret.json'))
    await expect(collect(store.list('', never()))).rejects.toMatchObject({ code: 'source-unreadable' })
  })
})
