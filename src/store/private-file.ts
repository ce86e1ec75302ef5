/** A file that only its owner may read: the store holds identifiers and consents. */

import { closeSync, mkdirSync, openSync } from 'node:fs'
import { dirname } from 'node:path'
import { unusable } from './sqlite-database.ts'

/**
 * Creates the folder (0700) and an empty file (0600) where they are missing; SQLite gives its journals the mode of
 * the file they belong to. Throws `store-unusable`.
 *
 * An existing file is never opened here: closing any descriptor of a file drops every POSIX lock the process holds
 * on it, and with them the lease of a store that is open in this process.
 */
export function createPrivately(path: string): void {
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
    closeSync(openSync(path, 'wx', 0o600))
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return
    throw unusable(path, 'a file or folder that cannot be created', error)
  }
}
