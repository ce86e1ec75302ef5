/** The left end of a migration: everything that is said, read once and laid down by address. */

import type { Instant } from '../consent/time.ts'
import type { MigrationFile } from '../store/migration-file.ts'
import { contactSpeakers } from './contact-speakers.ts'
import { type CsvColumns, csvSpeakers } from './csv-speakers.ts'
import type { Migration, MigrationPorts } from './migration.ts'
import { ReadingCounts, type ReadingReport } from './reading-counts.ts'
import { type SpeakerPage, spokenOf } from './speaker.ts'

/** A CSV file in the place of contacts. */
export interface CsvSource {
  readonly bytes: AsyncIterable<Uint8Array>
  readonly modifiedAt: Instant
  readonly columns: (migration: Migration) => CsvColumns
}

/**
 * Reads contacts, or a file, into the migration's own file, and tells what was read.
 * @throws CodedError `object-damaged` for a file that is no CSV or lacks a column
 */
export async function readLeftEnd(
  ports: MigrationPorts,
  migration: Migration,
  file: MigrationFile,
  csv: (Omit<CsvSource, 'columns'> & { readonly columns: CsvColumns }) | undefined,
  signal: AbortSignal,
): Promise<ReadingReport> {
  const { entries } = migration.mapping
  const pages =
    csv === undefined
      ? contactPages(ports, migration, signal)
      : csvSpeakers({ ...migration, store: ports.store, entries, ...csv }, signal)
  const counts = new ReadingCounts()
  const stage = ports.progress.stage('read', undefined)
  try {
    await file.beginReading()
    for await (const page of pages) {
      counts.page(page, entries)
      await file.addSpoken(page.speakers.flatMap((speaker) => spokenOf(speaker, entries)))
      stage.advance(page.speakers.length)
    }
  } finally {
    stage.end()
  }
  return counts.report((csv?.columns.choices ?? migration.pairing.questions).length)
}

function contactPages(
  { store, dataverse }: MigrationPorts,
  migration: Migration,
  signal: AbortSignal,
): AsyncIterable<SpeakerPage> {
  const { contacts: table, pairing, columns, parents, scope: current, legacyScope: legacy } = migration
  const { target, settings, us } = migration
  const { questions } = pairing
  // Of columns that are not paired only refusals above topics count.
  const above = columns.filter(
    ({ encoding, keys }) =>
      encoding.form === 'choice' && keys.some((key) => key.kind === 'purpose' && parents.has(key.purpose)),
  )
  const reading = { store, dataverse, table, questions, columns: above, parents, target, legacy, current, settings, us }
  return contactSpeakers(reading, signal)
}
