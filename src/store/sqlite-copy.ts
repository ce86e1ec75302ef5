/** A consistent copy of a store's file, also while a run writes it: read as bytes, without a lock and without a word to SQLite. */

import { chmodSync, closeSync, constants, existsSync, openSync, readSync, statSync } from 'node:fs'
import { copyFile } from 'node:fs/promises'
import { setTimeout } from 'node:timers/promises'
import { CodedError } from '../lib/errors.ts'
import { unusable } from './sqlite-database.ts'

/** SQLite: a log begins with 32 bytes that are drawn anew each time it is begun from the front. */
const LOG_HEADER_BYTES = 32

/** A run begins its log anew every few megabytes; a copy of a file that it never lets rest is tried so often. */
const ATTEMPTS = 20

/** Milliseconds before the second attempt, and more before each further one. */
const PAUSE_MS = 50

/** What tells whether the file changed in a way that a copy of file and log does not show. */
interface Standing {
  readonly file: string
  readonly log: string
  readonly journalled: boolean
}

/**
 * Copies the store at `path`, and what its log holds, to `into` and `into-wal`, for their owner alone; committed is in
 * it what was committed when the log was read. The file is copied first, then the log: as long as the log was not begun
 * anew meanwhile, every page that changed in the file stands in the log too, and the log wins. A page half copied there
 * fails its checksum, and with it everything after it, none of which was committed.
 *
 * Never for a store that is open in this process: closing a file drops all locks that the process has on it.
 *
 * @throws CodedError `lease-held` where a run left no moment for it; `store-unusable`
 */
export async function copySqliteFile(path: string, into: string): Promise<void> {
  try {
    for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
      const before = standing(path)
      await copied(path, into)
      if (before.log !== '') await copied(`${path}-wal`, `${into}-wal`)
      if (same(before, standing(path))) return
      await setTimeout(PAUSE_MS * attempt)
    }
  } catch (error) {
    throw unusable(path, 'a file that cannot be copied', error, 'Check its owner, and the room where the copy goes.')
  }
  throw new CodedError('lease-held', [
    {
      where: `store ${path}`,
      found: 'a run that writes faster than the file can be copied',
      expected: 'a moment in which file and log stand still beside each other',
      remedy: 'Try again later, or once the run has ended.',
    },
  ])
}

async function copied(from: string, to: string): Promise<void> {
  await copyFile(from, to, constants.COPYFILE_FICLONE)
  chmodSync(to, 0o600)
}

function standing(path: string): Standing {
  const { ino, size, mtimeNs } = statSync(path, { bigint: true })
  const log = headerOf(`${path}-wal`)
  // With a log the file may change under the copy. Without one it must not.
  return { file: log === '' ? `${ino} ${size} ${mtimeNs}` : `${ino}`, log, journalled: sizeOf(`${path}-journal`) > 0 }
}

const same = (before: Standing, after: Standing): boolean =>
  !before.journalled && !after.journalled && before.file === after.file && before.log === after.log

const sizeOf = (path: string): number => (existsSync(path) ? statSync(path).size : 0)

/** The first bytes of the log; empty where there is none, or one that nothing was written to. */
function headerOf(path: string): string {
  if (sizeOf(path) < LOG_HEADER_BYTES) return ''
  const file = openSync(path, 'r')
  try {
    const bytes = Buffer.alloc(LOG_HEADER_BYTES)
    readSync(file, bytes, 0, bytes.length, 0)
    return bytes.toString('hex')
  } finally {
    closeSync(file)
  }
}
