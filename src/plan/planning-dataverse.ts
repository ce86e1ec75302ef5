/** A Dataverse that is only read: what would be written is noted, and read from then on as if it had been. */

import { formatInstant, fromMilliseconds } from '../consent/time.ts'
import type { Dataverse, Guid, ReadRows, Row, RowWrite, TableMetadata, WriteOutcome } from '../dataverse/dataverse.ts'
import type { Clock } from '../lib/clock.ts'
import type { PlannedRow, PlannedRows } from '../store/planned-rows.ts'

/** Told of each row once per write of it. */
export type NotePlanned = (table: TableMetadata, row: RowWrite) => void

/** Wraps the port; nothing but `write` and the reading of rows differs. */
export function planningDataverse(
  dataverse: Dataverse,
  planned: PlannedRows,
  clock: Clock,
  note: NotePlanned,
): Dataverse {
  /** Business units of purposes: a new row lies in that of its purpose's owner (semantics §6.5). */
  const units = new Map<Guid, Guid>()
  let us: Guid = ''
  return {
    ...dataverse,
    async whoAreWe(signal) {
      const identities = await dataverse.whoAreWe(signal)
      us = identities[0].userId
      return identities
    },
    async purposes(ids, signal) {
      const purposes = await dataverse.purposes(ids, signal)
      for (const { id, businessUnitId } of purposes) units.set(id, businessUnitId)
      return purposes
    },
    async rowsIn(table, select, column, values, signal) {
      const read = await dataverse.rowsIn(table, select, column, values, signal)
      return withPlanned(read, planned, table, column, values)
    },
    async write(table, rows) {
      const at = fromMilliseconds(clock.now())
      const known = planned.byId(
        table.logicalName,
        rows.map(({ id }) => id),
      )
      const fresh = rows.filter(({ kind, id }) => kind !== 'create' || !known.get(id)?.created)
      for (const row of fresh) note(table, row)
      const touched = { modifiedon: formatInstant(at), _modifiedby_value: us }
      planned.put(
        table.logicalName,
        fresh.map((row) => plannedRow(table, row, touched, units)),
      )
      return rows.map((): WriteOutcome => ({ kind: 'done', at }))
    },
  }
}

/** The rows as read, with what is planned of them, and the planned new ones that the query would find. */
function withPlanned(
  { rows, at, readAtMs }: ReadRows,
  planned: PlannedRows,
  table: TableMetadata,
  column: string,
  values: readonly string[],
): ReadRows {
  const name = table.logicalName
  const known = planned.byId(
    name,
    rows.map(({ id }) => id),
  )
  const created =
    column === table.primaryId
      ? [...planned.byId(name, values).values()].filter((row) => row.created)
      : planned.createdWith(name, column, values)
  const read = new Set(rows.map(({ id }) => id))
  return {
    rows: [
      ...rows.map((row): Row => ({ ...row, columns: { ...row.columns, ...known.get(row.id)?.columns } })),
      ...created.filter(({ id }) => !read.has(id)).map(({ id, columns }): Row => ({ id, etag: 'planned', columns })),
    ],
    at,
    readAtMs,
  }
}

const BIND = '@odata.bind'

/** A row to write as it would be read: lookups by their columns, with who wrote it and when. */
function plannedRow(
  table: TableMetadata,
  { kind, id, columns }: RowWrite,
  touched: { readonly modifiedon: string; readonly _modifiedby_value: Guid },
  units: ReadonlyMap<Guid, Guid>,
): PlannedRow {
  const navigations = new Map(
    [...table.lookups].flatMap(([column, targets]) => targets.map(({ navigation }) => [navigation, column] as const)),
  )
  const shown = Object.entries(columns).map(([name, value]) => {
    if (!name.endsWith(BIND)) return [name, value] as const
    const column = navigations.get(name.slice(0, -BIND.length))
    return [`_${column ?? name}_value`, /\(([^)]*)\)$/.exec(String(value))?.[1] ?? null] as const
  })
  const read: Row['columns'] = { ...Object.fromEntries(shown), ...touched }
  if (kind !== 'create') return { id, created: false, columns: read }
  const unit = units.get(String(read['_msdynmkt_purposeid_value'] ?? ''))
  const created = { createdon: touched.modifiedon, ...(unit !== undefined && { _owningbusinessunit_value: unit }) }
  return { id, created: true, columns: { [table.primaryId]: id, ...read, ...created } }
}
