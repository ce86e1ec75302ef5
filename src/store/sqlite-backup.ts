/** Backups of a store file, and the way back: both are checked, and neither leaves anything half done. */

import { chmodSync, copyFileSync, existsSync, linkSync, mkdirSync, renameSync, rmSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { CodedError } from '../lib/errors.ts'
import { takeLease } from './lease.ts'
import { checkOurs } from './migrations.ts'
import { openSqliteStore } from './sqlite.ts'
import { checkFile, damaged, existing, inFolderBeside, leaseIfFree } from './sqlite-check.ts'
import { copySqliteFile } from './sqlite-copy.ts'
import { integerOf, openSqliteDatabase, type SqliteDatabase, takeLogIn, textOf, unusable } from './sqlite-database.ts'
import { synced } from './sqlite-new.ts'
import type { StoreCheck } from './store-rules.ts'

/**
 * Copies the store at `path` to `to`, which must not exist; a run may be under way. The copy is one file for its owner
 * alone, was checked, and appears whole or not at all.
 * @throws CodedError `usage` where there is something at `to`; `store-unusable`; `lease-held` as `copySqliteFile`
 */
export async function backUpSqliteStore(path: string, to: string): Promise<StoreCheck> {
  existing(path)
  if (existsSync(to)) throw taken(to)
  const lease = leaseIfFree(path)
  try {
    mkdirSync(dirname(to), { recursive: true, mode: 0o700 })
    return await inFolderBeside(to, async (folder) => {
      const copy = join(folder, 'copy.db')
      await copySqliteFile(path, copy)
      const check = soundFile(copy, path)
      placeNew(copy, to)
      return check
    })
  } catch (error) {
    throw error instanceof CodedError ? error : unusable(to, 'a folder that cannot be written', error)
  } finally {
    lease?.release()
  }
}

/** What a restore did. */
export interface Restored {
  readonly check: StoreCheck
  /** Where the store that was there before is kept; absent where there was none. */
  readonly kept?: string
}

/**
 * Puts the backup at `from` in the place of the store at `path`, which is kept beside it under a name with `now`
 * (milliseconds) in it. The ledger of a backup is older than Dataverse, so nothing of it is trusted: its values are
 * dropped, foreign statements stay, and everybody is due (as after semantics §8.8). `force` replaces a store that has done
 * more than the backup knows.
 * @throws CodedError `lease-held` (never with `force` either), `usage` (a newer store), `store-unusable`
 */
export async function restoreSqliteStore(
  from: string,
  path: string,
  { force, now }: { readonly force: boolean; readonly now: () => number },
): Promise<Restored> {
  existing(from)
  if (resolve(from) === resolve(path)) throw notItself(from)
  const lease = takeLease(path)
  try {
    return await inFolderBeside(path, async (folder) => {
      const copy = join(folder, 'copy.db')
      await copySqliteFile(from, copy)
      const check = soundFile(copy, from)
      if (!force) refuseNewer(copy, path)
      await distrust(copy, now)
      const kept = keepAside(path, now())
      renameSync(copy, path)
      synced(dirname(path))
      return { check, ...(kept === undefined ? {} : { kept }) }
    })
  } catch (error) {
    throw error instanceof CodedError ? error : unusable(path, 'a folder that cannot be written', error)
  } finally {
    lease.release()
  }
}

/** Makes one sound file of a copy and its log; `origin` is named where it is not. */
function soundFile(copy: string, origin: string): StoreCheck {
  try {
    whole(copy)
    const check = checkFile(copy, 'copy')
    if (check.damage.length > 0) throw damaged(origin)
    synced(copy)
    return check
  } catch (error) {
    // The copy's own name says nothing to anybody.
    if (!(error instanceof CodedError)) throw error
    const [complaint, ...others] = error.complaints.map((one) => ({ ...one, where: one.where.replace(copy, origin) }))
    throw complaint === undefined ? error : new CodedError(error.code, [complaint, ...others], { cause: error })
  }
}

/** Takes the log in and drops it. */
function whole(path: string): void {
  const database = openSqliteDatabase(path)
  try {
    database.pragma('locking_mode = EXCLUSIVE')
    checkOurs(database)
  } catch (error) {
    database.close()
    throw error
  }
  takeLogIn(database)
  database.close()
  rmSync(`${path}-journal`, { force: true })
}

/** The last moment that a store knows of, and which store it is. */
interface Life {
  readonly key: string
  readonly lastAt: number
  readonly version: number
}

function lifeOf(path: string): Life {
  const database = openSqliteDatabase(path)
  try {
    database.pragma('locking_mode = EXCLUSIVE')
    const last = database.prepare('SELECT coalesce(max(max(started_at), max(ended_at)), 0) AS n FROM run').get() ?? {}
    const key = database.prepare("SELECT hex(value) AS k FROM meta WHERE name = 'pseudonym-key'").get() ?? { k: '' }
    return { key: textOf(key, 'k'), lastAt: integerOf(last, 'n'), version: Number(database.pragma('user_version')) }
  } finally {
    takeLogIn(database)
    database.close()
  }
}

/** A store that cannot be read, or is not there, is not newer. */
function refuseNewer(copy: string, path: string): void {
  if (!existsSync(path)) return
  let present: Life
  try {
    present = lifeOf(path)
  } catch {
    return
  }
  const given = lifeOf(copy)
  if (present.key !== given.key) throw newer(path, 'another store than the backup was made of')
  if (present.version > given.version && present.lastAt >= given.lastAt && present.lastAt > 0)
    throw newer(path, 'a store of a newer version than the backup')
  if (present.lastAt > given.lastAt) throw newer(path, 'a store with runs that the backup does not know')
}

/** What the ledger says of Dataverse was true when the backup was made. */
async function distrust(copy: string, now: () => number): Promise<void> {
  const scopes = scopesOf(copy)
  const store = await openSqliteStore(copy, { now })
  try {
    for (const scope of scopes) {
      // Due first, as elsewhere: whatever ends this in between leaves a store that reads too much, not too little.
      await store.markAllDue(scope.target)
      await store.distrustLedger(scope)
    }
  } finally {
    await store.close()
  }
  synced(copy)
}

function scopesOf(path: string): { organization: string; target: string }[] {
  const database: SqliteDatabase = openSqliteDatabase(path)
  try {
    const rows = database.prepare('SELECT organization, target FROM scope ORDER BY id').all()
    return rows.map((row) => ({ organization: textOf(row, 'organization'), target: textOf(row, 'target') }))
  } finally {
    database.close()
  }
}

const COMPANIONS = ['-wal', '-journal'] as const

/**
 * Gives the present store a second name. Its log goes before the new file comes: SQLite would take it for the new
 * file's. One that could be read has none by now.
 */
function keepAside(path: string, now: number): string | undefined {
  if (!existsSync(path)) return undefined
  // To the millisecond: two restores may follow each other within a second.
  const stamp = new Date(now).toISOString().replace(/[-:.]/g, '')
  const kept = `${path}.before-restore-${stamp}`
  for (const end of ['', ...COMPANIONS]) if (existsSync(`${path}${end}`)) secondName(`${path}${end}`, `${kept}${end}`)
  synced(dirname(path))
  for (const end of COMPANIONS) rmSync(`${path}${end}`, { force: true })
  return kept
}

/** Not every file system has second names; a copy does as well. */
function secondName(path: string, name: string): void {
  try {
    linkSync(path, name)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') throw error
    copyFileSync(path, name)
    chmodSync(name, 0o600)
    synced(name)
  }
}

/** Never over something that came meanwhile. */
function placeNew(copy: string, to: string): void {
  try {
    secondName(copy, to)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') throw taken(to)
    throw error
  }
  synced(dirname(to))
}

function taken(to: string): CodedError {
  return new CodedError('usage', [
    {
      where: `--to ${to}`,
      found: 'something that is there already',
      expected: 'a name that is free: no backup is written over',
      remedy: 'Give another name, such as one with the date.',
    },
  ])
}

function notItself(from: string): CodedError {
  const [found, expected] = ['the store itself', 'a backup of it']
  return new CodedError('usage', [{ where: `--from ${from}`, found, expected, remedy: 'Name the backup.' }])
}

function newer(path: string, found: string): CodedError {
  return new CodedError('usage', [
    {
      where: `store ${path}`,
      found,
      expected: 'no store, a damaged one, or one that the backup is as new as',
      remedy: 'Add --force if the backup is what you want: the present store is kept beside it, and everybody is due.',
    },
  ])
}
