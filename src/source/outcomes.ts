/** What the lines of one part come to: bytes in, an outcome for each line out. */

import { DAY, type Instant, parseDay } from '../consent/time.ts'
import { CodedError, defect } from '../lib/errors.ts'
import { type CsvMap, columnsOf, csvRecord } from '../record/csv.ts'
import type { LineReader, ReadOutcome } from '../record/line-reader.ts'
import type { LineOutcome, ReadingSettings } from '../record/record.ts'
import { type CsvRow, readRowBatches } from './csv-rows.ts'
import { gunzip } from './gunzip.ts'
import type { ReadAhead } from './line-splitter.ts'
import { type ListedObject, objectDamaged } from './object-store.ts'
import { type PartFormat, type PartitionId, partFormat } from './partition.ts'
import { readLineBatches } from './parts.ts'

/** What shapes the reading of parts. */
export interface PartReading {
  readonly reading: ReadingSettings
  /** Needed where the source holds CSV parts. */
  readonly csv?: CsvMap | undefined
  /** How many times its stored size a part may have once decompressed. */
  readonly maxExpansion: number
}

/** A part as its reader needs to know it. */
export interface PartTask {
  readonly key: string
  readonly size: number
  readonly format: PartFormat
  /** The latest instant its times are believed at (semantics §2.4). */
  readonly latest: Instant
}

/** Takes what the line (or row) with this number came to. */
export type TakeOutcome = (number: number, outcome: ReadOutcome) => void

/** The task of reading a listed part. */
export function partTask(part: ListedObject, partition: PartitionId, settings: ReadingSettings): PartTask {
  const format = partFormat(part.key) ?? defect('a part to read', 'an object of no known format')
  const { key, size } = part
  return { key, size, format, latest: latestBelievable(format, part, partition, settings.clockSkew) }
}

/**
 * Reads one part to its end. Only when it returns without an error has the object been read whole and may count
 * (semantics §8.1).
 *
 * @param take is told of every line but blank ones, in order
 * @throws CodedError `object-damaged` where the object is not whole or grows beyond measure, `config-invalid` for CSV
 *   without a column map; errors of the bytes as they are
 */
export async function readOutcomes(
  bytes: AsyncIterable<Uint8Array>,
  { key, size, format, latest }: PartTask,
  { reading, csv, maxExpansion }: PartReading,
  reader: LineReader,
  take: TakeOutcome,
): Promise<void> {
  const whole = wholly(bytes, key, size)
  const plain = format.gzip ? gunzip(whole, key, size * maxExpansion) : whole
  if (format.form === 'json') {
    const readAhead: ReadAhead = (ahead, start, end, first) => {
      let number = first
      return reader.readAhead(ahead, start, end, latest, (outcome) => take(number++, outcome))
    }
    for await (const lines of readLineBatches(plain, reading.maxLineBytes, readAhead)) {
      for (const line of lines) {
        if ('tooLong' in line) take(line.number, { kind: 'reject', code: 'line-too-long' })
        else take(line.number, reader.read(line.bytes, line.start, line.end, latest))
      }
    }
    return
  }
  const map = csv ?? noColumnMap(key)
  const rows = readRowBatches(plain, { key, maxLineBytes: reading.maxLineBytes, columns: columnsOf(map) })
  for await (const batch of rows) for (const row of batch) take(row.number, rowOutcome(row, map, reading, latest))
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

function rowOutcome(row: CsvRow, map: CsvMap, settings: ReadingSettings, latest: Instant): LineOutcome {
  return 'malformed' in row ? { kind: 'reject', code: 'not-an-object' } : csvRecord(row.row, map, settings, latest)
}

/** Text without compression does not show that it was cut off; its listed size does. */
async function* wholly(bytes: AsyncIterable<Uint8Array>, key: string, size: number): AsyncIterable<Uint8Array> {
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
