/** One part as a stream of outcomes, whatever its format: what ingest joins and counts (semantics §2, §8.4). */

import { DAY, type Instant, parseDay } from '../consent/time.ts'
import { CodedError, defect } from '../lib/errors.ts'
import { type CsvMap, columnsOf, csvRecord } from '../record/csv.ts'
import { fastReader, type LineReader } from '../record/line-reader.ts'
import type { LineOutcome, ReadingSettings } from '../record/record.ts'
import { type CsvRow, readRowBatches } from './csv-rows.ts'
import { gunzip } from './gunzip.ts'
import type { Line } from './line-splitter.ts'
import { type ListedObject, type ObjectStore, objectDamaged } from './object-store.ts'
import { type PartFormat, type PartitionId, partFormat } from './partition.ts'
import { readLineBatches } from './parts.ts'

/** What shapes the reading of parts. */
export interface PartReading {
  readonly reading: ReadingSettings
  /** Needed where the source holds CSV parts. */
  readonly csv?: CsvMap | undefined
}

/** What the line (or row) with this number came to. */
export interface NumberedOutcome {
  readonly number: number
  readonly outcome: LineOutcome
}

/**
 * Reads one part to its end, in batches. Only when the iteration ends without an error has the object been read whole
 * and may count (semantics §8.1).
 *
 * @throws CodedError `object-damaged` where the object is not whole, `config-invalid` for CSV without a column map,
 *   `source-unreadable` as the store gives it; the signal's reason when aborted
 */
export async function* readOutcomeBatches(
  store: ObjectStore,
  part: ListedObject,
  partition: PartitionId,
  settings: PartReading,
  signal: AbortSignal,
): AsyncIterable<readonly NumberedOutcome[]> {
  const format = partFormat(part.key) ?? defect('a part to read', 'an object of no known format')
  const latest = latestBelievable(format, part, partition, settings.reading.clockSkew)
  const bytes = wholly(await store.open(part.key, part, signal), part)
  const { key } = part
  const { reading } = settings
  const reader = fastReader(reading)
  if (format.form === 'json') {
    for await (const lines of readLineBatches(bytes, { key, gzip: format.gzip, maxLineBytes: reading.maxLineBytes })) {
      signal.throwIfAborted()
      yield lines.map((line) => ({ number: line.number, outcome: lineOutcome(line, reader, latest) }))
    }
    return
  }
  const map = settings.csv ?? noColumnMap(key)
  const plain = format.gzip ? gunzip(bytes, key) : bytes
  for await (const rows of readRowBatches(plain, {
    key,
    maxLineBytes: reading.maxLineBytes,
    columns: columnsOf(map),
  })) {
    signal.throwIfAborted()
    yield rows.map((row) => ({ number: row.number, outcome: rowOutcome(row, map, reading, latest) }))
  }
}

/**
 * The latest instant a part's times are believed at (semantics §2.4): the end of the partition's date, for CSV the
 * object's modification, plus the clock skew. Never the run's own clock: a rerun must read the same.
 */
export function latestBelievable(
  format: PartFormat,
  part: ListedObject,
  { date }: PartitionId,
  clockSkew: number,
): Instant {
  if (format.form === 'csv') return part.modifiedAt + clockSkew
  return (parseDay(date) ?? defect('a partition date', 'a day that does not exist')) + DAY + clockSkew
}

function lineOutcome(line: Line, reader: LineReader, latest: Instant): LineOutcome {
  if ('tooLong' in line) return { kind: 'reject', code: 'line-too-long' }
  return reader.read(line.bytes, line.start, line.end, latest)
}

function rowOutcome(row: CsvRow, map: CsvMap, settings: ReadingSettings, latest: Instant): LineOutcome {
  return 'malformed' in row ? { kind: 'reject', code: 'not-an-object' } : csvRecord(row.row, map, settings, latest)
}

/** Text without compression does not show that it was cut off; its listed size does. */
async function* wholly(bytes: AsyncIterable<Uint8Array>, { key, size }: ListedObject): AsyncIterable<Uint8Array> {
  let read = 0
  for await (const chunk of bytes) {
    read += chunk.length
    yield chunk
  }
  if (read !== size) throw objectDamaged(key, `${read} bytes where ${size} were listed`)
}

function noColumnMap(key: string): never {
  throw new CodedError('config-invalid', [
    {
      where: key,
      found: 'a CSV part, but no column map',
      expected: '`csv` in the configuration, naming its columns',
      remedy: 'Add the map, or keep CSV objects out of the users folder.',
    },
  ])
}
