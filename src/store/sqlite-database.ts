/** The thin seam around the SQLite driver: typed statements, transactions, our errors. Only this file names `libsql`. */

import Database from 'libsql'
import { CodedError } from '../lib/errors.ts'
import { type ColumnReader, mistyped, type Row } from './stored-row.ts'

/** What can be bound to a statement; numbers are safe integers. */
export type SqlValue = string | number | Uint8Array | null

export interface Statement {
  /** Runs a statement that answers no rows; the answer is the number of rows it changed. */
  run(...values: SqlValue[]): number
  get(...values: SqlValue[]): Row | undefined
  all(...values: SqlValue[]): Row[]
}

/** One connection. Every member throws `store-unusable` (file, disk, lock) or `defect` (a statement of ours is wrong). */
export interface SqliteDatabase {
  readonly path: string
  prepare(sql: string): Statement
  exec(sql: string): void
  /** The only row and column of a pragma's answer, after it has been set or asked. */
  pragma(text: string): unknown
  /** All or nothing: whatever `work` throws rolls everything back and is thrown on. Transactions do not nest. */
  transaction<T>(work: () => T): T
  close(): void
}

/** What SQLite says when the file, its disk or its lock is the trouble rather than the statement. */
const FILE_TROUBLE = /^SQLITE_(BUSY|LOCKED|CANTOPEN|CORRUPT|FULL|IOERR|NOMEM|NOTADB|PERM|READONLY)/

/** Opens one connection; waits for no lock. Throws `store-unusable`. */
export function openSqliteDatabase(path: string): SqliteDatabase {
  const guarded = <T>(work: () => T): T => {
    try {
      return work()
    } catch (error) {
      throw error instanceof CodedError ? error : translated(error, path)
    }
  }
  // A busy timeout of 0: whoever else holds the file is another run or a tool, and waiting would only hide it.
  const driver = guarded(() => new Database(path, { timeout: 0 }))
  const exec = (sql: string) => guarded(() => driver.exec(sql))
  const prepare = (sql: string) => statementOf(() => driver.prepare(sql), guarded)
  return {
    path,
    exec,
    prepare,
    pragma: (text) => Object.values(prepare(`PRAGMA ${text}`).get() ?? {})[0],
    transaction(work) {
      // IMMEDIATE: the write lock is taken at the start, never in the middle of the work.
      exec('BEGIN IMMEDIATE')
      try {
        const result = work()
        exec('COMMIT')
        return result
      } catch (error) {
        // A full disk has already rolled back; a second ROLLBACK would then hide the first error.
        if (driver.inTransaction) exec('ROLLBACK')
        throw error
      }
    },
    close: () => guarded(() => driver.close()),
  }
}

/**
 * Takes the log in, so that one plain file is left, and lets the lock go: closing alone leaves both to the driver's
 * garbage collection. A disk that has no room for that keeps file and log, which belong together and are as good: the
 * next connection takes the log in.
 */
export function takeLogIn(database: SqliteDatabase): void {
  try {
    database.pragma('journal_mode = DELETE')
    database.pragma('locking_mode = NORMAL')
    database.prepare('SELECT count(*) AS n FROM sqlite_schema').get()
  } catch (error) {
    if (!(error instanceof CodedError) || error.code !== 'store-unusable') throw error
  }
}

/** Whether another connection's lock is what stood in the way. */
export function isBusy(error: unknown): boolean {
  return error instanceof CodedError && /^SQLITE_(BUSY|LOCKED)/.test(driverCode(error.cause))
}

/** A text column's value. Throws `defect` on any other type, as its siblings do. */
export function textOf(row: Row, column: string): string {
  const value = row[column]
  if (typeof value === 'string') return value
  const bytes = asBytes(value)
  return bytes === undefined ? mistyped(column) : Buffer.from(bytes).toString('utf8')
}

/** An integer column's value. */
export function integerOf(row: Row, column: string): number {
  const value = row[column]
  return typeof value === 'number' ? value : mistyped(column)
}

/** A blob column's value. */
export function blobOf(row: Row, column: string): Uint8Array {
  return asBytes(row[column]) ?? mistyped(column)
}

/** How the driver tells values; a flag is 0 or 1. */
export const SQLITE_COLUMNS: ColumnReader = {
  text: textOf,
  integer: integerOf,
  flag: (row, column) => integerOf(row, column) === 1,
}

/** The driver answers blobs as a `Buffer` or as an `ArrayBuffer`, depending on the call. */
function asBytes(value: unknown): Uint8Array | undefined {
  if (value instanceof Uint8Array) return value
  return value instanceof ArrayBuffer ? new Uint8Array(value) : undefined
}

interface DriverStatement {
  run(values: unknown[]): { readonly changes: number }
  get(values: unknown[]): unknown
  all(values: unknown[]): unknown[]
}

/**
 * Prepared by its first use: a store has some hundred statements, and most runs need a few. Values go to the driver as
 * one array: a lone blob argument would be taken for a list of parameters.
 */
function statementOf(prepared: () => DriverStatement, guarded: <T>(work: () => T) => T): Statement {
  let known: DriverStatement | undefined
  const statement = () => {
    known ??= prepared()
    return known
  }
  return {
    run: (...values) => guarded(() => statement().run(values.map(bindable)).changes),
    get: (...values) => guarded(() => statement().get(values.map(bindable)) as Row | undefined),
    all: (...values) => guarded(() => statement().all(values.map(bindable)) as Row[]),
  }
}

/**
 * The driver reads text only up to its first NUL, which would turn one person's identifier into another's. Such text
 * is kept as its UTF-8 bytes; `textOf` reads both.
 */
function bindable(value: SqlValue): SqlValue {
  return typeof value === 'string' && value.includes('\0') ? Buffer.from(value, 'utf8') : value
}

function driverCode(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : ''
}

function translated(error: unknown, path: string): CodedError {
  const code = driverCode(error)
  // Only a failed open comes without a code.
  if (code !== '' && !FILE_TROUBLE.test(code)) {
    const complaint = {
      where: 'store',
      found: `SQLite's ${code}`,
      expected: 'every statement of the store to be valid',
      remedy: 'Please report this; nothing of the statement was kept.',
    }
    return new CodedError('defect', [complaint], { cause: error })
  }
  const trouble = TROUBLES.find(({ codes }) => codes.test(code))
  if (trouble !== undefined) return unusable(path, `${trouble.found} (SQLite's ${code})`, error, trouble.remedy)
  return unusable(path, code === '' ? 'a file that cannot be opened' : `SQLite's ${code}`, error)
}

/** What to do about a file that is not as it was written. */
export const WAY_BACK =
  'Check that the path is right; then bring back a backup (`store restore`), or see "When the store is damaged" in docs/operations.md.'

/** What each kind of trouble is, and what mends it. Whatever was being written is not kept, what was committed is. */
const TROUBLES: readonly { readonly codes: RegExp; readonly found: string; readonly remedy: string }[] = [
  { codes: /^SQLITE_FULL/, found: 'a disk without room', remedy: 'Make room and run again; nothing is half written.' },
  {
    codes: /^SQLITE_(READONLY|PERM)/,
    found: 'a file or folder that may not be written',
    remedy: 'Mount the volume for writing, or give file and folder to the user that runs this; then run again.',
  },
  { codes: /^SQLITE_CORRUPT/, found: 'a damaged file', remedy: WAY_BACK },
  { codes: /^SQLITE_NOTADB/, found: 'a file that is no database, or one that is damaged', remedy: WAY_BACK },
  {
    codes: /^SQLITE_IOERR/,
    found: 'a disk that does not read or write, or a file cut short',
    remedy: 'Look at the disk, its quota and its log; then `store check`, and run again: nothing is half written.',
  },
  {
    codes: /^SQLITE_(BUSY|LOCKED)/,
    found: 'another program that has it open',
    remedy: 'Close it and run again; to look into a store during a run, make a copy with `store backup`.',
  },
]

/** The error of a store file that cannot be used; `found` names what is wrong with it. */
export function unusable(
  path: string,
  found: string,
  cause?: unknown,
  remedy = 'Check the path, its owner and the free space, and close other programs that read it.',
): CodedError {
  const expected = 'a store file of this program on a writable disk with room, open in no other program'
  return new CodedError('store-unusable', [{ where: `store ${path}`, found, expected, remedy }], { cause })
}
