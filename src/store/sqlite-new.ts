/** A store's file comes into the world whole or not at all: an empty one was not made so, and is no new store. */

import { closeSync, existsSync, fsyncSync, openSync, renameSync, rmSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { CodedError } from '../lib/errors.ts'
import { migrate } from './migrations.ts'
import { createPrivately } from './private-file.ts'
import { openSqliteDatabase, unusable, WAY_BACK } from './sqlite-database.ts'

const LOGS = ['-wal', '-journal'] as const

/**
 * Makes a store's file at `path`, with the folder, where there is none. Throws `store-unusable` for an empty file, and for
 * a log without its file: SQLite would drop it, and with it whatever a lost file did not hold.
 */
export function makeWhereMissing(path: string): void {
  if (existsSync(path)) {
    if (statSync(path).size === 0) throw unusable(path, 'an empty file where a store was', undefined, WAY_BACK)
    return
  }
  const log = LOGS.find((end) => existsSync(`${path}${end}`) && statSync(`${path}${end}`).size > 0)
  if (log !== undefined) throw unusable(path, `no file, but its log (${log})`, undefined, WAY_BACK)
  const made = `${path}.new`
  try {
    // What a killed run left there.
    for (const end of ['', ...LOGS]) rmSync(`${made}${end}`, { force: true })
    createPrivately(made)
    fill(made)
    synced(made)
    renameSync(made, path)
    synced(dirname(path))
  } catch (error) {
    rmSync(made, { force: true })
    throw error instanceof CodedError ? error : unusable(path, 'a file that cannot be made', error)
  }
}

function fill(made: string): void {
  const database = openSqliteDatabase(made)
  try {
    // A state of 1 to 2 KB stays within its page's row; 4 KiB would push most into overflow chains, and 16 KiB would
    // double what each random ledger write adds to the log.
    database.pragma('page_size = 8192')
    // Nobody sees the file before all of it is on the disk.
    database.pragma('synchronous = OFF')
    migrate(database)
  } finally {
    database.close()
  }
}

/** Waits until a file or folder is on the disk. */
export function synced(path: string): void {
  const file = openSync(path, 'r')
  try {
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
}
