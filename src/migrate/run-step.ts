/** One step of a migration from end to end: read, take address by address, report. */

import { formatInstant, fromMilliseconds } from '../consent/time.ts'
import { sideBySide } from '../deliver/side-by-side.ts'
import { exitCode } from '../report/exit-code.ts'
import { forecast } from '../report/forecast.ts'
import type { MigrationFile } from '../store/migration-file.ts'
import { type AddressWork, addressChunks } from './address-work.ts'
import { type CsvSource, readLeftEnd } from './left-end.ts'
import {
  checkMigrationSums,
  csvPairReports,
  type MigrateReport,
  type MigrateStep,
  pairReports,
} from './migrate-report.ts'
import type { Migration, MigrationPorts } from './migration.ts'
import type { ReadingReport } from './reading-counts.ts'
import { SlotCounts, type SlotsReport } from './slot-counts.ts'
import { applyChunk, lookAtChunk } from './slot-work.ts'

/** Chunks that are prepared while others have all requests that may be at work. */
const AHEAD = 2

/**
 * Reads the left end into `file` and looks at every slot, or for `apply` writes it.
 * @throws CodedError what reading and writing throw; `usage` for columns that cannot be; `sum-broken`
 */
export async function runStep(
  ports: MigrationPorts,
  migration: Migration,
  step: MigrateStep,
  file: MigrationFile,
  csv: CsvSource | undefined,
  signal: AbortSignal,
): Promise<MigrateReport> {
  const now = () => formatInstant(fromMilliseconds(ports.clock.now()))
  const startedAt = now()
  const columns = csv?.columns(migration)
  const source = csv && columns && { ...csv, columns }
  const reading = await readLeftEnd(ports, migration, file, source, signal)
  const slots = await walk(ports, migration, step, file, signal)
  checkMigrationSums(reading, slots)
  const { target, run, pairing, settings } = migration
  return {
    version: 1,
    job: 'migrate',
    step,
    run,
    startedAt,
    endedAt: now(),
    target: target.name,
    csv: csv !== undefined,
    pairs: columns === undefined ? pairReports(pairing.questions, migration) : csvPairReports(columns, migration),
    unpaired: pairing.unpaired,
    reading,
    slots,
    parentPurpose: target.parentPurpose,
    ...(step === 'plan' && { forecast: forecast(slots.rows + slots.ensured, queriesFor(reading, slots), target) }),
    exitCode: exitCodeOf(step, slots, settings.quarantine.max),
  }
}

async function walk(
  ports: MigrationPorts,
  migration: Migration,
  step: MigrateStep,
  file: MigrationFile,
  signal: AbortSignal,
): Promise<SlotsReport> {
  const { mapping, target, fingerprint } = migration
  const counts = new SlotCounts()
  const stage = ports.progress.stage(step, undefined)
  // A chunk that was begun is written to its end: nothing is left in doubt for want of a few seconds.
  const begun = ports.abandoned ?? signal
  const take = async (chunk: readonly AddressWork[]) => {
    signal.throwIfAborted()
    if (step === 'apply') await applyChunk(ports, migration, file, chunk, counts, begun)
    else await lookAtChunk(ports, migration, chunk, counts, signal)
    stage.advance(chunk.length)
  }
  const chunks = addressChunks(file, { entries: mapping.entries, sharedAddress: target.sharedAddress, fingerprint })
  try {
    await sideBySide(chunks, () => ports.dataverse.concurrency() + AHEAD, take)
    signal.throwIfAborted()
    return counts.report()
  } finally {
    stage.end()
  }
}

/** A plan is done when it is made; whatever is left, refused or has drifted wants another run or a person. */
function exitCodeOf(step: MigrateStep, { outcomes }: SlotsReport, quarantineMax: number): number {
  if (step === 'plan') return 0
  const drifted = step === 'verify' && outcomes.created + outcomes.updated > 0
  return exitCode([
    ...(drifted || outcomes.deferred > 0 ? (['deferred'] as const) : []),
    ...(outcomes.rejected > quarantineMax ? (['rejects-or-quarantine'] as const) : []),
  ])
}

/** Rows of a page of contacts, and addresses asked for at once (Dataverse: page size; our reading of consent rows). */
const [PAGE_ROWS, ADDRESSES_PER_QUERY] = [5_000, 200]

const queriesFor = (reading: ReadingReport, slots: SlotsReport): number =>
  Math.ceil(reading.rows / PAGE_ROWS) + Math.ceil(slots.addresses / ADDRESSES_PER_QUERY)
