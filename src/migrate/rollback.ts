/** The way back: rows return to what they were before the migration, unless somebody has changed them since. */

import { type Instant, parseInstant, SINCE_EVER } from '../consent/time.ts'
import type { Row, RowWrite, WriteOutcome } from '../dataverse/dataverse.ts'
import { CONSENT_VALUES } from '../projection/slot.ts'
import type { BeforeImage, MigrationFile } from '../store/migration-file.ts'
import type { LedgerEntry } from '../store/store.ts'
import { BUSINESS_COLUMNS, businessOf, sameBusiness } from './before-images.ts'
import type { Migration, MigrationPorts } from './migration.ts'

/** What became of the rows that the migration touched. */
export interface RollbackReport {
  readonly version: 1
  readonly job: 'migrate'
  readonly step: 'rollback'
  readonly run: string
  readonly startedAt: string
  readonly endedAt: string
  readonly target: string
  readonly rows: number
  readonly deleted: number
  readonly returned: number
  /** Not there any more, or never written: nothing was to be done. */
  readonly nothingToDo: number
  readonly refusalsKept: number
  readonly changedSince: number
  readonly rejected: number
  readonly deferred: number
  readonly exitCode: number
}

type Fate = Exclude<
  keyof RollbackReport,
  'version' | 'job' | 'step' | 'run' | 'startedAt' | 'endedAt' | 'target' | 'rows' | 'exitCode'
>

/** Images taken up at once. */
const CHUNK = 1_000

/** A conflict is looked at again this often; then the row is left for the next run. */
const ATTEMPTS = 5

/**
 * Takes back what the migration's file knows of. A refusal stays, whether its row was made or changed, unless
 * `deleteRefusals`: taking it back would permit what somebody refused. What was done leaves the file.
 */
export async function rollBack(
  ports: MigrationPorts,
  migration: Migration,
  file: MigrationFile,
  { deleteRefusals }: { readonly deleteRefusals: boolean },
  signal: AbortSignal,
): Promise<Record<Fate, number>> {
  const counts = { deleted: 0, returned: 0, nothingToDo: 0, refusalsKept: 0, changedSince: 0, rejected: 0, deferred: 0 }
  // What is taken back is no longer applied; and whatever a delivery settled here since is looked at again.
  await file.forgetApplied()
  await ports.store.setFingerprint(`delivery/${migration.scope.target}`, 'rolled back')
  const stage = ports.progress.stage('roll back', await file.countImages())
  try {
    for (let after: string | undefined; ; ) {
      signal.throwIfAborted()
      const images = await file.imagesAfter(after, CHUNK)
      const last = images.at(-1)
      if (last === undefined) return counts
      after = last.rowId
      for (const fate of await takeBack(ports, migration, file, images, deleteRefusals, signal)) counts[fate] += 1
      stage.advance(images.length)
    }
  } finally {
    stage.end()
  }
}

async function takeBack(
  { store, dataverse }: MigrationPorts,
  { mapping, scope }: Migration,
  file: MigrationFile,
  images: readonly BeforeImage[],
  deleteRefusals: boolean,
  signal: AbortSignal,
): Promise<Fate[]> {
  const { consents: table } = mapping
  const fates = new Map<string, Fate>()
  let open = images
  for (let attempt = 0; attempt < ATTEMPTS && open.length > 0; attempt += 1) {
    const ids = open.map(({ rowId }) => rowId)
    const select = [table.primaryId, ...BUSINESS_COLUMNS]
    const { rows, at } = await dataverse.rowsIn(table, select, table.primaryId, ids, signal)
    const byId = new Map(rows.map((row) => [row.id, row]))
    const ways = open.map((image) => ({ image, way: wayBack(image, byId.get(image.rowId), deleteRefusals) }))
    for (const { image, way } of ways) if (typeof way === 'string') fates.set(image.rowId, way)
    const writes = ways.flatMap(({ image, way }) => (typeof way === 'string' ? [] : [{ image, row: way }]))
    // The ledger first: a row that stands a little longer is dated by its reason, one that is missed would be a refusal.
    // A row that somebody deleted leaves its entry alone, and stays the refusal that it is (semantics §7).
    await store.putLedger(
      scope,
      ways.flatMap(({ image, way }) => {
        if (typeof way !== 'string') return way.kind === 'delete' ? [ledgerBefore(image)] : []
        return way === 'nothingToDo' && byId.has(image.rowId) ? [ledgerReturned(image, at)] : []
      }),
    )
    const outcomes = await dataverse.write(
      table,
      writes.map(({ row }) => row),
      { repeatable: false },
      signal,
    )
    open = []
    for (const [index, { image, row }] of writes.entries()) {
      const outcome: WriteOutcome = outcomes[index] ?? { kind: 'again', code: 'no-outcome' }
      const fate = fateOf(row, outcome)
      fates.set(image.rowId, fate)
      if (fate === 'deferred') open = [...open, image]
      if (outcome.kind === 'done' && row.kind === 'update')
        await store.putLedger(scope, [ledgerReturned(image, outcome.at)])
    }
  }
  const done: readonly Fate[] = ['deleted', 'returned', 'nothingToDo']
  await file.dropImages([...fates].flatMap(([id, fate]) => (done.includes(fate) ? [id] : [])))
  return [...fates.values()]
}

/** The write that takes a row back, or why there is none. */
function wayBack(image: BeforeImage, row: Row | undefined, deleteRefusals: boolean): Fate | RowWrite {
  if (row === undefined) return 'nothingToDo'
  const now = businessOf(row.columns)
  if (image.before !== null && sameBusiness(now, image.before)) return 'nothingToDo'
  if (!sameBusiness(now, image.wrote)) return 'changedSince'
  if (image.wrote['msdynmkt_value'] === CONSENT_VALUES.optedOut && !deleteRefusals) return 'refusalsKept'
  if (image.before === null) return { kind: 'delete', id: row.id, columns: {}, ifMatch: row.etag }
  return { kind: 'update', id: row.id, columns: businessOf(image.before), ifMatch: row.etag }
}

function fateOf(row: RowWrite, outcome: WriteOutcome): Fate {
  switch (outcome.kind) {
    case 'done':
      return row.kind === 'delete' ? 'deleted' : 'returned'
    case 'gone':
      return 'nothingToDo'
    case 'rejected':
      return 'rejected'
    case 'conflict':
    case 'again':
      return 'deferred'
  }
}

const ledgerBefore = ({ ledger, place }: BeforeImage): LedgerEntry => ledger ?? { place }

/** What we gave back is what we know to stand there, as old as it was: or our own hand would make it look new. */
function ledgerReturned(image: BeforeImage, at: Instant): LedgerEntry {
  const { before, ledger, place, rowId } = image
  const value = before?.['msdynmkt_value'] ?? null
  const stated = value === CONSENT_VALUES.optedIn || value === CONSENT_VALUES.optedOut
  if (ledger?.confirmed !== undefined || !stated) return ledger ?? { place }
  const lo = parseInstant(before?.['createdon']) ?? SINCE_EVER
  const hi = Math.max(lo, parseInstant(before?.['modifiedon']) ?? lo)
  return { ...(ledger ?? { place }), confirmed: { value, lo, hi, at }, rowId }
}
