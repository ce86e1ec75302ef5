/** What rows were before a migration wrote them: kept before they are sent, so that a rollback knows the way back. */

import type { Dataverse, Guid, Row, TableMetadata } from '../dataverse/dataverse.ts'
import type { BeforeSending, PlannedWrite } from '../deliver/rows.ts'
import type { BeforeImage, BusinessColumns, MigrationFile } from '../store/migration-file.ts'
import type { Place } from '../store/store.ts'

/** The columns that an update sets (semantics §6.5): all that a rollback has to give back. */
export const BUSINESS_COLUMNS = [
  'msdynmkt_value',
  'msdynmkt_reason',
  'msdynmkt_logicalreason',
  'msdynmkt_source',
] as const

/** The business columns of a row as read, or of what was written. */
export function businessOf(columns: Row['columns']): BusinessColumns {
  return Object.fromEntries(BUSINESS_COLUMNS.map((name) => [name, columns[name] ?? null]))
}

export function sameBusiness(a: BusinessColumns, b: BusinessColumns): boolean {
  return BUSINESS_COLUMNS.every((name) => (a[name] ?? null) === (b[name] ?? null))
}

/** The columns that are read of a row so that an image can be made of it. */
export const IMAGED = [...BUSINESS_COLUMNS, 'createdon', 'modifiedon']

/** A chunk's Dataverse, whose rows are remembered as they were read last, and what makes images of them. */
export function imaging(
  dataverse: Dataverse,
  table: TableMetadata,
  file: MigrationFile,
): {
  readonly dataverse: Dataverse
  readonly beforeSending: BeforeSending
  readonly rowsAt: ReadonlyMap<Place, Set<Guid>>
} {
  const read = new Map<Guid, Row>()
  const rowsAt = new Map<Place, Set<Guid>>()
  return {
    dataverse: {
      ...dataverse,
      async rowsIn(of, select, column, values, signal) {
        if (of !== table) return dataverse.rowsIn(of, select, column, values, signal)
        const found = await dataverse.rowsIn(of, [...new Set([...select, ...IMAGED])], column, values, signal)
        for (const row of found.rows) read.set(row.id, row)
        return found
      },
    },
    rowsAt,
    async beforeSending(writes) {
      const known = await file.images(writes.map(({ row }) => row.id))
      await file.putImages(writes.flatMap((write) => imageOf(write, read.get(write.row.id), known.get(write.row.id))))
      for (const { row, places } of writes) {
        for (const { place } of places) rowsAt.set(place, (rowsAt.get(place) ?? new Set()).add(row.id))
      }
    },
  }
}

/**
 * The image of one write. The way back leads to what stood there before our first write, unless somebody has written the
 * row since: then to what they left. A write whose answer was lost may or may not have got there.
 */
function imageOf({ row, places }: PlannedWrite, read: Row | undefined, known: BeforeImage | undefined): BeforeImage[] {
  const [write] = places
  if (write === undefined || row.kind === 'delete') return []
  const { place, entry } = write
  const wrote = businessOf(row.columns)
  if (row.kind === 'create') {
    const ledger = known?.kind === 'created' ? known.ledger : (entry ?? null)
    return [{ rowId: row.id, place, kind: 'created', before: null, wrote, ledger }]
  }
  if (read === undefined) return []
  const now = businessOf(read.columns)
  if (known !== undefined && (sameBusiness(now, known.wrote) || (known.before && sameBusiness(now, known.before)))) {
    return [{ ...known, wrote }]
  }
  const before = {
    ...now,
    createdon: read.columns['createdon'] ?? null,
    modifiedon: read.columns['modifiedon'] ?? null,
  }
  return [{ rowId: row.id, place, kind: 'updated', before, wrote, ledger: entry ?? null }]
}
