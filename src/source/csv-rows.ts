/** The rows of one CSV part, streamed (semantics §2.7). */

import type { Parser, parse } from 'csv-parse'

import { CodedError } from '../lib/errors.ts'
import { objectDamaged } from './object-store.ts'
import { through } from './through.ts'

/** A row by column name, or the place of one that is none. `number` is the physical line on which the row ends. */
export type CsvRow =
  | { readonly number: number; readonly row: Readonly<Record<string, string>> }
  | { readonly number: number; readonly malformed: true }

/** How the rows of a part are read. */
export interface RowReading {
  /** Names the object in errors. */
  readonly key: string
  /** In bytes; a row above it is an unclosed quote. */
  readonly maxLineBytes: number
  /** The columns the header must name, each once. */
  readonly columns: readonly string[]
}

/** What the parser gives for each row. */
interface ParsedRow {
  readonly record: readonly string[]
  readonly info: { readonly lines: number }
}

/** Rows per batch: enough that awaiting a batch costs nothing beside its rows. */
const BATCH_ROWS = 1_000

/**
 * Reads comma-separated rows below a header, in batches. Quoted cells may hold line ends; a byte-order mark is
 * stripped and blank lines are no rows; a quote amid an unquoted cell is text. A row of another length than the header,
 * or with text after the closing quote of a column asked for, is malformed, and the others count.
 *
 * @throws CodedError `object-damaged` where no header names the columns, or where a quote is never closed: then no row
 *   after it can be told from its text, and the whole part must not count
 */
export async function* readRowBatches(
  bytes: AsyncIterable<Uint8Array>,
  { key, maxLineBytes, columns }: RowReading,
): AsyncIterable<readonly CsvRow[]> {
  // Only here: lanes are many, and nearly none of them ever meets a CSV part.
  const csv = await import('csv-parse')
  let batch: CsvRow[] = []
  let header: readonly string[] | undefined
  try {
    for await (const { record, info } of through<ParsedRow>(bytes, openParser(csv.parse, maxLineBytes))) {
      if (header === undefined) {
        header = readHeader(record, columns, key)
      } else if (record.length === header.length || record.some((cell) => cell.trim() !== '')) {
        batch.push({ number: info.lines, ...readRow(header, record, columns) })
      }
      if (batch.length >= BATCH_ROWS) {
        yield batch
        batch = []
      }
    }
  } catch (error) {
    // The parser's own error quotes the row, which no log may show.
    throw error instanceof csv.CsvError ? objectDamaged(key, `no readable CSV (${error.code})`) : error
  }
  if (batch.length > 0) yield batch
}

function openParser(openCsv: typeof parse, maxLineBytes: number): Parser {
  return openCsv({
    bom: true,
    info: true,
    record_delimiter: ['\r\n', '\n'],
    relax_column_count: true,
    // Strict, the parser would stay inside the quotes after a misplaced one, and take good rows for its text.
    relax_quotes: true,
    skip_empty_lines: true,
    max_record_size: maxLineBytes,
  })
}

/** The header's names, trimmed; what it holds is not shown, since a part without header begins with a person. */
function readHeader(record: readonly string[], columns: readonly string[], key: string): readonly string[] {
  const names = record.map((name) => name.trim())
  for (const column of columns) {
    const count = names.filter((name) => name === column).length
    if (count !== 1) {
      throw new CodedError('object-damaged', [
        {
          where: key,
          found: `the column "${column}" ${count} times in its first row`,
          expected: 'a header that names each column of the column map once',
          remedy: 'Correct `csv` in the configuration, or have the object delivered with its header.',
        },
      ])
    }
  }
  return names
}

/** Made from entries, so that a column called `__proto__` is a column. */
function readRow(header: readonly string[], cells: readonly string[], columns: readonly string[]) {
  if (cells.length !== header.length) return { malformed: true } as const
  const row: Readonly<Record<string, string>> = Object.fromEntries(
    header.map((name, index) => [name, cells[index] ?? '']),
  )
  // This is how the relaxed parser gives a quoted cell that goes on after its closing quote.
  return columns.some((column) => row[column]?.startsWith('"')) ? ({ malformed: true } as const) : { row }
}
