/** Values on their way to PostgreSQL and back: texts as bytes, instants as integers, rows as columns. */

import { type Instant, SINCE_EVER } from '../consent/time.ts'
import { type ColumnReader, mistyped, type Row } from './stored-row.ts'

/** What one parameter or one array element can hold; numbers are safe integers. */
export type SqlScalar = string | number | boolean | Uint8Array | null

/** What can be bound to a statement; a list becomes an array, for `unnest`. */
export type SqlParameter = SqlScalar | readonly SqlScalar[]

/** Runs one statement. */
export type Query = (sql: string, ...parameters: SqlParameter[]) => Promise<Row[]>

/**
 * A text that comes from outside, as its UTF-8 bytes: PostgreSQL's own `text` cannot hold U+0000, and its order depends
 * on the server's locale, while bytes sort the same everywhere.
 */
export function bytes(text: string): Uint8Array {
  return Buffer.from(text, 'utf8')
}

/** The same, NULL for `undefined`. */
export function optionalBytes(text: string | undefined): Uint8Array | null {
  return text === undefined ? null : bytes(text)
}

/** Bytes as a key of a `Map`: equal bytes are equal keys. */
export function bytesKey(value: Uint8Array): string {
  return Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('latin1')
}

/** An instant to compare a column with: "since ever" is before every other one. */
export function instantBound(instant: Instant): string {
  return instant === SINCE_EVER ? '-9223372036854775808' : String(instant)
}

/** A text column's value, kept as text or as bytes. Throws `defect` on any other type, as its siblings do. */
export function textOf(row: Row, column: string): string {
  const value = row[column]
  if (typeof value === 'string') return value
  return Buffer.isBuffer(value) ? value.toString('utf8') : mistyped(column)
}

/** An integer column's value; the driver answers what may exceed a double (`bigint`) as text. */
export function integerOf(row: Row, column: string): number {
  const value = row[column]
  const number = typeof value === 'string' && /^-?\d+$/.test(value) ? Number(value) : value
  return typeof number === 'number' && Number.isSafeInteger(number) ? number : mistyped(column)
}

/** A boolean column's value. */
export function flagOf(row: Row, column: string): boolean {
  const value = row[column]
  return typeof value === 'boolean' ? value : mistyped(column)
}

/** A bytes column's value. */
export function bytesOf(row: Row, column: string): Uint8Array {
  const value = row[column]
  return value instanceof Uint8Array ? value : mistyped(column)
}

/** How the driver tells values. */
export const POSTGRES_COLUMNS: ColumnReader = { text: textOf, integer: integerOf, flag: flagOf }

/** The rows, of those with one key the last: one statement cannot change a row twice. */
export function lastOfEach<T>(rows: readonly T[], keyOf: (row: T) => string): T[] {
  return [...new Map(rows.map((row) => [keyOf(row), row])).values()]
}

/**
 * Rows as lists that name each key once, in order: what must be done one after the other for one key can be done at
 * once for a whole list. Usually there is one list.
 */
export function rounds<T>(rows: readonly T[], keyOf: (row: T) => string): T[][] {
  const seen = new Map<string, number>()
  const lists: T[][] = []
  for (const row of rows) {
    const key = keyOf(row)
    const round = seen.get(key) ?? 0
    seen.set(key, round + 1)
    const list = lists[round] ?? []
    lists[round] = list
    list.push(row)
  }
  return lists
}

/** Rows of one statement: enough of them that round trips do not count. */
const MOST_ROWS = 2_000
/** A statement's parameters are one text of at most 512 MiB in memory, and bytes take two characters each. */
const MOST_BYTES = 16 * 1024 * 1024

/** Rows in lists that one statement can take; `sizeOf` is in bytes, where rows may be large. */
export function* chunks<T>(rows: readonly T[], sizeOf: (row: T) => number = () => 0): Iterable<readonly T[]> {
  let chunk: T[] = []
  let size = 0
  for (const row of rows) {
    chunk.push(row)
    size += sizeOf(row)
    if (chunk.length < MOST_ROWS && size < MOST_BYTES) continue
    yield chunk
    chunk = []
    size = 0
  }
  if (chunk.length > 0) yield chunk
}
