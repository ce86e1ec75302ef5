/** A glance at a store file: without a lock where it lies still, else at a copy. */

import { accessSync, constants, existsSync, statfsSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { type GlanceWishes, RUNS_LOOKED_AT, type StoreGlance, type StoreLook, type StorePlace } from './glance.ts'
import { checkOurs, migrate, SCHEMA_VERSION } from './migrations.ts'
import { inFolderBeside } from './sqlite-check.ts'
import { copySqliteFile } from './sqlite-copy.ts'
import { isBusy, openSqliteDatabase, type SqliteDatabase, textOf } from './sqlite-database.ts'
import { partitionsIn } from './sqlite-partitions.ts'
import { rememberedIn, runsIn } from './sqlite-runs.ts'
import { statesIn } from './sqlite-states.ts'

/** Looks at the store at `path`. */
export function lookAtSqlite(path: string): StoreLook {
  return {
    place: async () => placeAt(path),
    glance: async (wishes) => {
      if (sizeOf(path) === 0) return undefined
      return stillAt(path, wishes) ?? copiedGlance(path, wishes)
    },
  }
}

const sizeOf = (path: string): number => (existsSync(path) ? statSync(path).size : 0)

function placeAt(path: string): StorePlace {
  const exists = sizeOf(path) > 0
  let folder = dirname(path)
  while (!existsSync(folder) && dirname(folder) !== folder) folder = dirname(folder)
  const writable = [folder, ...(exists ? [path] : [])].every(mayWrite)
  const { bavail, bsize } = statfsSync(folder)
  return { exists, writable, freeBytes: bavail * bsize, bytes: sizeOf(path), held: isHeld(`${path}.lease`) }
}

function mayWrite(path: string): boolean {
  try {
    accessSync(path, constants.W_OK)
    return true
  } catch {
    return false
  }
}

/** Whether somebody holds the lease: it is a lock, which a look at the file meets. It is not taken. */
function isHeld(lease: string): boolean {
  if (!existsSync(lease)) return false
  const database = openSqliteDatabase(lease)
  try {
    database.prepare('SELECT count(*) AS n FROM sqlite_schema').get()
    return false
  } catch (error) {
    if (isBusy(error)) return true
    throw error
  } finally {
    database.close()
  }
}

/**
 * Reads a file that nobody writes, without any lock: a run that begins meanwhile is not kept out. Nothing where the file
 * is in somebody's hands, was so meanwhile, or is of an older version: then what was read may be of two moments.
 */
function stillAt(path: string, wishes: GlanceWishes): Promise<StoreGlance> | undefined {
  const standing = () => {
    const { ino, size, mtimeNs } = statSync(path, { bigint: true })
    return `${ino} ${size} ${mtimeNs} ${sizeOf(`${path}-wal`)} ${sizeOf(`${path}-journal`)}`
  }
  const before = standing()
  if (!before.endsWith(' 0 0')) return undefined
  let database: SqliteDatabase | undefined
  try {
    // SQLite: `immutable` promises that the file does not change, so nothing is locked and no log is looked for.
    database = openSqliteDatabase(`${pathToFileURL(path).href}?immutable=1`)
    if (Number(database.pragma('user_version')) !== SCHEMA_VERSION) return undefined
    const read = readAll(database, wishes)
    return standing() === before ? read : undefined
  } catch (error) {
    // Damaged, or changed under the reading: the copy tells which.
    if (standing() === before) return Promise.reject(error)
    return undefined
  } finally {
    database?.close()
  }
}

/** The copy is brought up to date, so that an older store can be read too. */
function copiedGlance(path: string, wishes: GlanceWishes): Promise<StoreGlance> {
  return inFolderBeside(path, async (folder) => {
    const copy = join(folder, 'copy.db')
    await copySqliteFile(path, copy)
    const database = openSqliteDatabase(copy)
    try {
      database.pragma('locking_mode = EXCLUSIVE')
      checkOurs(database)
      const version = Number(database.pragma('user_version'))
      migrate(database)
      return { ...(await readAll(database, wishes)), version }
    } finally {
      database.close()
    }
  })
}

/** Every statement has run when this returns; only the promise of the answer is still to be kept. */
function readAll(
  database: SqliteDatabase,
  { targets, bookmarks, sample, runs = RUNS_LOOKED_AT }: GlanceWishes,
): Promise<StoreGlance> {
  checkOurs(database)
  const remembered = rememberedIn(database)
  const ouids = database.prepare('SELECT ouid FROM person ORDER BY person LIMIT ?').all(sample)
  const parts = [
    runsIn(database).runs(runs),
    partitionsIn(database).partitions(),
    statesIn(database).knownIds(),
    Promise.all(bookmarks.map(async (name) => [name, await remembered.bookmark(name)] as const)),
    Promise.all(targets.map(async (name) => [name, await remembered.frozenReadings(name)] as const)),
  ] as const
  return Promise.all(parts).then(([runs, partitions, knownIds, marks, frozen]) => ({
    version: SCHEMA_VERSION,
    current: SCHEMA_VERSION,
    runs,
    partitions,
    knownIds,
    bookmarks: new Map(marks.flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as const]))),
    frozen: new Map(frozen),
    ouids: ouids.map((row) => textOf(row, 'ouid')),
  }))
}
