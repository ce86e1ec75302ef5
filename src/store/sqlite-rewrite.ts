/** The store's file written anew after an erasure, so that no byte of what was erased is left in it. */

import { chmodSync, renameSync, rmSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { createPrivately } from './private-file.ts'
import { type SqliteDatabase, unusable } from './sqlite-database.ts'
import { synced } from './sqlite-new.ts'

/**
 * Copies what is still there into a new file, closes the old one and puts the new one in its place. What is deleted in a
 * file of SQLite may leave copies behind: of rows that moved when a page was full, of what was deleted before. Until the
 * last step the old file stays as it is, so whatever ends this leaves a valid store. Needs room for the copy; throws
 * `store-unusable`.
 */
export function writtenAnew(database: SqliteDatabase): void {
  const { path } = database
  const copy = `${path}.rewriting`
  try {
    rmSync(copy, { force: true })
    createPrivately(copy)
    database.exec(`VACUUM INTO '${copy.replaceAll("'", "''")}'`)
  } catch (error) {
    rmSync(copy, { force: true })
    throw error
  } finally {
    database.close()
  }
  try {
    chmodSync(copy, statSync(path).mode & 0o777)
    synced(copy)
    renameSync(copy, path)
    synced(dirname(path))
  } catch (error) {
    throw unusable(path, 'a file that cannot be written anew', error)
  }
}
