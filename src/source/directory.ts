/** A local folder as an object store: archives, tests and laptops. */

import type { BigIntStats, Dirent } from 'node:fs'
import { open, readdir, realpath, stat } from 'node:fs/promises'
import { join, sep } from 'node:path'

import type { Instant } from '../consent/time.ts'
import { CodedError } from '../lib/errors.ts'
import { type ListedObject, type ObjectStore, objectDamaged } from './object-store.ts'

/** Large enough that a system call costs little beside its bytes, small enough to hold many. */
const CHUNK_BYTES = 256 * 1024

/**
 * Opens a folder as an object store; keys are paths below it. Symbolic links are followed as long as they stay inside
 * the folder, others are as if they were not there. The ETag is size and modification time in nanoseconds.
 */
export function openDirectory(root: string): ObjectStore {
  return {
    list: (prefix, signal) => listDirectory(root, prefix, signal),
    open: (key, { etag }, signal) => openFile(root, key, etag, signal),
  }
}

/** One listing: the real root, the prefix, and the folders being walked, so that a link to one of them ends. */
interface Walk {
  readonly root: string
  readonly prefix: string
  readonly signal: AbortSignal
  readonly ancestors: readonly string[]
}

async function* listDirectory(root: string, prefix: string, signal: AbortSignal): AsyncIterable<ListedObject> {
  signal.throwIfAborted()
  try {
    const real = await realpath(root)
    yield* walk('', { root: real, prefix, signal, ancestors: [real] })
  } catch (error) {
    if (!isSystemError(error)) throw error
    throw new CodedError(
      'source-unreadable',
      [
        {
          where: `source folder ${root}`,
          found: `${error.code} while listing it`,
          expected: 'a folder that exists and may be read',
          remedy: 'Check the path, the mount and the permissions of the folder.',
        },
      ],
      { cause: error },
    )
  }
}

async function* walk(folder: string, here: Walk): AsyncIterable<ListedObject> {
  const path = here.ancestors.at(-1) ?? here.root
  for (const name of await sortedNames(path)) {
    here.signal.throwIfAborted()
    const key = folder + name
    if (!key.startsWith(here.prefix) && !here.prefix.startsWith(`${key}/`)) continue
    const target = await inside(here.root, join(path, name))
    if (target === undefined) continue
    if (target.stats.isDirectory() && !here.ancestors.includes(target.path)) {
      yield* walk(`${key}/`, { ...here, ancestors: [...here.ancestors, target.path] })
    } else if (target.stats.isFile() && key.startsWith(here.prefix)) {
      yield {
        key,
        size: Number(target.stats.size),
        etag: etagOf(target.stats),
        modifiedAt: modifiedAt(target.stats),
      }
    }
  }
}

/** The names of a folder in the order of their keys: a folder counts with its slash, so `a.b` comes before `a/b`. */
async function sortedNames(path: string): Promise<readonly string[]> {
  const entries = await readdir(path, { withFileTypes: true })
  const sortable = await Promise.all(
    entries.map(async (entry) => ({
      name: entry.name,
      order: Buffer.from((await isFolder(path, entry)) ? `${entry.name}/` : entry.name),
    })),
  )
  return sortable.sort((a, b) => Buffer.compare(a.order, b.order)).map(({ name }) => name)
}

async function isFolder(path: string, entry: Dirent): Promise<boolean> {
  if (!entry.isSymbolicLink()) return entry.isDirectory()
  return stat(join(path, entry.name)).then(
    (stats) => stats.isDirectory(),
    () => false,
  )
}

/** What a path comes to after its links, or `undefined` where it is gone or lies outside the root. */
async function inside(root: string, path: string): Promise<{ path: string; stats: BigIntStats } | undefined> {
  try {
    const real = await realpath(path)
    const within = real.startsWith(root.endsWith(sep) ? root : root + sep)
    return within ? { path: real, stats: await stat(real, { bigint: true }) } : undefined
  } catch (error) {
    if (isSystemError(error) && ['ENOENT', 'ENOTDIR', 'ELOOP'].includes(error.code)) return undefined
    throw error
  }
}

async function openFile(root: string, key: string, etag: string, signal: AbortSignal) {
  signal.throwIfAborted()
  const target = await asDamage(key, async () => inside(await realpath(root), join(root, key)))
  if (target === undefined || !target.stats.isFile()) throw objectDamaged(key, 'no such object')
  checkVersion(key, target.stats, etag)
  return readFile(target.path, key, etag, signal)
}

/** Reads the file in chunks; it is opened only when iterated, so that a stream nobody reads holds no descriptor. */
async function* readFile(path: string, key: string, etag: string, signal: AbortSignal): AsyncIterable<Uint8Array> {
  signal.throwIfAborted()
  const file = await asDamage(key, () => open(path, 'r'))
  try {
    const { size } = checkVersion(key, await file.stat({ bigint: true }), etag)
    // A file that grows would otherwise be followed for ever.
    for (let left = Number(size); left > 0; ) {
      signal.throwIfAborted()
      const chunk = Buffer.allocUnsafe(Math.min(CHUNK_BYTES, left))
      const { bytesRead } = await asDamage(key, () => file.read(chunk, 0, chunk.length, null))
      if (bytesRead === 0) break
      left -= bytesRead
      yield chunk.subarray(0, bytesRead)
    }
    // A file is not replaced atomically: only now is it certain that all chunks are of one version.
    checkVersion(key, await file.stat({ bigint: true }), etag)
  } finally {
    await file.close()
  }
}

function checkVersion(key: string, stats: BigIntStats, etag: string): BigIntStats {
  if (etagOf(stats) !== etag) throw objectDamaged(key, 'another version than the one listed')
  return stats
}

async function asDamage<T>(key: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read()
  } catch (error) {
    throw isSystemError(error) ? objectDamaged(key, error.code, { cause: error }) : error
  }
}

const etagOf = (stats: BigIntStats): string => `${stats.size}-${stats.mtimeNs}`

const modifiedAt = (stats: BigIntStats): Instant => Number(stats.mtimeNs / 1_000n)

function isSystemError(error: unknown): error is Error & { readonly code: string } {
  return error instanceof Error && 'syscall' in error && 'code' in error && typeof error.code === 'string'
}
