/** What a store file is worth: pages, schema, counts and sums. Reads only. */

import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { CodedError } from '../lib/errors.ts'
import { type Lease, takeLease } from './lease.ts'
import { checkOurs, SCHEMA_VERSION } from './migrations.ts'
import { copySqliteFile } from './sqlite-copy.ts'
import { integerOf, openSqliteDatabase, type SqliteDatabase, textOf, unusable, WAY_BACK } from './sqlite-database.ts'
import { COUNTED, RULES, type StoreCheck } from './store-rules.ts'

/** Complaints of SQLite that are told; the first few say what is wrong. */
const TOLD = 20

/**
 * Looks at the store at `path`. No run and no log: at the file itself, with the lease, so that no run begins meanwhile.
 * Else at a copy in a folder beside it, for its owner alone, which is gone afterwards: a run is not disturbed, and the log of
 * one that was killed stays as it is.
 * @throws CodedError `store-unusable` where it is no store, or damaged beyond reading; `lease-held` as `copySqliteFile`
 */
export async function checkSqliteStore(path: string): Promise<StoreCheck> {
  existing(path)
  const lease = leaseIfFree(path)
  try {
    const isWhole = lease !== undefined && !existsSync(`${path}-wal`) && !existsSync(`${path}-journal`)
    if (isWhole) return checkFile(path, 'file')
    return await inFolderBeside(path, async (folder) => {
      const copy = join(folder, 'copy.db')
      await copySqliteFile(path, copy)
      if (existsSync(`${path}-journal`)) throw interrupted(path)
      return checkFile(copy, 'copy')
    })
  } finally {
    lease?.release()
  }
}

/** Throws `store-unusable` where there is no file, or an empty one: opening would make a new store of it. */
export function existing(path: string): void {
  const remedy = 'Check the path and the mount, or restore a backup to it.'
  if (!existsSync(path)) throw unusable(path, 'no file', undefined, remedy)
  if (statSync(path).size === 0) throw unusable(path, 'an empty file', undefined, remedy)
}

function interrupted(path: string): CodedError {
  return unusable(path, 'a change that was cut off and not yet taken back', undefined, 'Run once: it takes it back.')
}

/** The lease, or nothing where a run has it. Throws `store-unusable`. */
export function leaseIfFree(path: string): Lease | undefined {
  try {
    return takeLease(path)
  } catch (error) {
    if (error instanceof CodedError && error.code === 'lease-held') return undefined
    throw error
  }
}

/** Works in a new folder beside the file that is removed afterwards, whatever happens. Holds personal data while it lasts. */
export async function inFolderBeside<T>(path: string, work: (folder: string) => Promise<T>): Promise<T> {
  let folder: string
  try {
    // Made for its owner alone (0700).
    folder = mkdtempSync(`${path}.copy-`)
  } catch (error) {
    throw unusable(path, 'a folder that cannot be written', error)
  }
  try {
    return await work(folder)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Looks at a file that nobody else has open. */
export function checkFile(path: string, read: 'file' | 'copy'): StoreCheck {
  const database = openSqliteDatabase(path)
  try {
    // Before anything is read: the log is taken in without a third file, and nobody comes between.
    database.pragma('locking_mode = EXCLUSIVE')
    checkOurs(database)
    return checkDatabase(database, read)
  } finally {
    letGo(database)
  }
}

function checkDatabase(database: SqliteDatabase, read: 'file' | 'copy'): StoreCheck {
  const number = (sql: string) => integerOf(database.prepare(sql).get() ?? {}, 'n')
  const version = Number(database.pragma('user_version'))
  const damage = database.prepare(`PRAGMA integrity_check(${TOLD})`).all().flatMap(complaintIn)
  const told = { kind: 'sqlite', version, current: SCHEMA_VERSION, read, damage } as const
  // Sums over pages that cannot be trusted would mislead.
  if (damage.length > 0) return { ...told, counts: {}, broken: [] }
  const counts = Object.fromEntries(COUNTED.map((table) => [table, number(`SELECT count(*) AS n FROM ${table}`)]))
  const broken = RULES.map(({ rule, sql }) => ({ rule, rows: number(sql) })).filter(({ rows }) => rows > 0)
  return { ...told, counts, broken }
}

function complaintIn(row: Readonly<Record<string, unknown>>): string[] {
  const text = textOf(row, 'integrity_check')
  return text === 'ok' ? [] : [text]
}

/** Lets the lock of a file go that was only read. */
function letGo(database: SqliteDatabase): void {
  try {
    database.pragma('locking_mode = NORMAL')
    database.prepare('SELECT count(*) AS n FROM sqlite_schema').get()
  } catch {
    // What is wrong with the file was told already, or is told by whoever reads it next.
  }
  database.close()
}

/** The error of a file whose pages do not hold together. */
export function damaged(path: string): CodedError {
  return unusable(path, 'pages or indexes that do not hold together', undefined, WAY_BACK)
}
