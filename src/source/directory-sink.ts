/** A local folder as an object sink: where an archive is kept beside the store. */

import { randomUUID } from 'node:crypto'
import { type FileHandle, mkdir, open, readdir, realpath, rename, unlink } from 'node:fs/promises'
import { dirname, join, sep } from 'node:path'

import { archiveUnwritable, type ObjectSink } from './object-sink.ts'

/** The object holds identifiers and consents, as the store does: nobody but the owner may look. */
const FILE_MODE = 0o600
const FOLDER_MODE = 0o700

/** In UTF-8. AWS and Google Cloud: no key is longer. */
const MAX_KEY_BYTES = 1_024

/** An object on its way. The dot keeps it from being read as a part (semantics §1), wherever it was left. */
const UNFINISHED = /^\.[0-9a-f-]{36}\.unfinished$/

/**
 * Opens a folder as an object sink; it is made when first needed. Files get mode 0600, folders 0700; those that exist
 * keep theirs. An object is written beside its place, flushed to the disk and then renamed, so that a power cut leaves
 * the old one or the new one. What a killed run left unfinished goes when its folder is next written to.
 *
 * Links among the folders of a key are followed as long as they stay inside the root. A link in the place of the object
 * is replaced, never followed.
 */
export function openDirectorySink(root: string): ObjectSink {
  const swept = new Map<string, Promise<void>>()
  return {
    put: async (key, size, bytes, signal) => {
      const names = namesOf(key)
      signal.throwIfAborted()
      const place = await inArchive(key, async () => {
        const folder = await folderOf(root, names.slice(0, -1), key)
        const sweeping = swept.get(folder) ?? sweep(folder)
        swept.set(folder, sweeping)
        await sweeping
        return { folder, path: join(folder, names.at(-1) ?? '') }
      })
      await write(place, { key, size, bytes }, signal)
    },
  }
}

/** The folders of a key and its name, or `archive-unwritable` where one could lead elsewhere, on any system. */
function namesOf(key: string): readonly string[] {
  const names = key.replace(/^\/+/, '').split('/')
  if (Buffer.byteLength(key) > MAX_KEY_BYTES)
    throw archiveUnwritable('archive', `a key of more than ${MAX_KEY_BYTES} bytes`)
  const hostile = names.some((name) => ['', '.', '..'].includes(name) || name.includes('\0') || name.includes(sep))
  if (hostile)
    throw archiveUnwritable(`archive object ${JSON.stringify(key)}`, 'a key that names no place below a folder')
  return names
}

/** Makes the folders of a key and answers the real path of the innermost, which is inside the real root. */
async function folderOf(root: string, names: readonly string[], key: string): Promise<string> {
  await mkdir(root, { recursive: true, mode: FOLDER_MODE })
  const realRoot = await realpath(root)
  let folder = realRoot
  for (const name of names) {
    const path = join(folder, name)
    if (await made(path)) await flushFolder(folder)
    folder = await realpath(path)
    if (folder !== realRoot && !folder.startsWith(realRoot.endsWith(sep) ? realRoot : realRoot + sep))
      throw archiveUnwritable(`archive object ${key}`, `a link out of the archive at ${name}`)
  }
  return folder
}

async function made(path: string): Promise<boolean> {
  try {
    await mkdir(path, { mode: FOLDER_MODE })
    return true
  } catch (error) {
    if (isSystemError(error) && error.code === 'EEXIST') return false
    throw error
  }
}

/** Removes what was left unfinished. Only one run holds the store at a time, so nobody is still writing it. */
async function sweep(folder: string): Promise<void> {
  for (const name of await readdir(folder)) if (UNFINISHED.test(name)) await unlink(join(folder, name))
}

/** An object to write; `key` names it in errors. */
interface Incoming {
  readonly key: string
  readonly size: number
  readonly bytes: AsyncIterable<Uint8Array>
}

async function write(
  { folder, path }: { readonly folder: string; readonly path: string },
  incoming: Incoming,
  signal: AbortSignal,
): Promise<void> {
  const { key } = incoming
  const unfinished = join(folder, `.${randomUUID()}.unfinished`)
  // `wx` follows no link and opens nothing that exists.
  const file = await inArchive(key, () => open(unfinished, 'wx', FILE_MODE))
  try {
    try {
      await fill(file, incoming, signal)
      await inArchive(key, () => file.sync())
    } finally {
      await file.close()
    }
    signal.throwIfAborted()
    await inArchive(key, () => rename(unfinished, path))
  } catch (error) {
    // The first error is the one to tell; what cannot be removed now is swept later.
    await unlink(unfinished).catch(() => {})
    throw error
  }
  await inArchive(key, () => flushFolder(dirname(path)))
}

async function fill(file: FileHandle, { key, size, bytes }: Incoming, signal: AbortSignal): Promise<void> {
  let taken = 0
  for await (const chunk of bytes) {
    signal.throwIfAborted()
    taken += chunk.length
    if (taken > size) throw archiveUnwritable(`archive object ${key}`, `more than the ${size} bytes of the object`)
    await inArchive(key, () => file.writeFile(chunk))
  }
  signal.throwIfAborted()
  if (taken !== size) throw archiveUnwritable(`archive object ${key}`, `${taken} of the ${size} bytes of the object`)
}

/** A name is durable only once its folder is. */
async function flushFolder(path: string): Promise<void> {
  const folder = await open(path, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}

/** Turns trouble with the file system, and with nothing else, into `archive-unwritable`. */
async function inArchive<T>(key: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (!isSystemError(error)) throw error
    throw archiveUnwritable(`archive object ${key}`, error.code, { cause: error })
  }
}

function isSystemError(error: unknown): error is Error & { readonly code: string } {
  return error instanceof Error && 'syscall' in error && 'code' in error && typeof error.code === 'string'
}
