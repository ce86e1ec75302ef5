/** Reading a row's properties for filters and ordering, one navigation step included, and showing it as JSON. */
import { badRequest } from './api-error.ts'
import type { Properties, PropertyKind } from './filter-match.ts'
import {
  type Column,
  columnOfProperty,
  isLookup,
  lookupOfNavigation,
  propertyName,
  type TableSchema,
} from './schema.ts'
import type { DataverseState } from './state.ts'
import type { Row, Table } from './table.ts'

/** 400 `0x80060888` for a property that the type does not have. */
export function unknownProperty(schema: TableSchema, name: string) {
  return badRequest(`Could not find a property named '${name}' on type 'Microsoft.Dynamics.CRM.${schema.logicalName}'.`)
}

function kindOf(column: Column): PropertyKind {
  switch (column.type) {
    case 'text':
    case 'memo':
    case 'choices':
      return 'text'
    case 'boolean':
      return 'boolean'
    case 'choice':
    case 'state':
    case 'status':
    case 'integer':
    case 'bigint':
    case 'decimal':
      return 'number'
    case 'datetime':
      return 'instant'
    case 'dateonly':
      return 'date'
    case 'uniqueidentifier':
    case 'lookup':
    case 'customer':
    case 'owner':
      return 'guid'
  }
}

interface Resolved {
  readonly column: Column
  /** The lookup to follow first, for `sdkmessageid/name`. */
  readonly through: { readonly column: Column; readonly table: Table } | undefined
}

/** The column behind a property that a caller may see. */
function readable(schema: TableSchema, property: string): Column | undefined {
  const column = columnOfProperty(schema, property)
  return column?.writeOnly === true ? undefined : column
}

function resolve(state: DataverseState, schema: TableSchema, path: string): Resolved {
  const slash = path.indexOf('/')
  if (slash === -1) {
    const column = readable(schema, path)
    if (column === undefined) throw unknownProperty(schema, path)
    return { column, through: undefined }
  }
  const found = lookupOfNavigation(schema, path.slice(0, slash))
  const target = found?.targets[0]
  if (found === undefined || target === undefined) throw unknownProperty(schema, path.slice(0, slash))
  const table = state.table(target.table)
  const column = readable(table.schema, path.slice(slash + 1))
  if (column === undefined) throw unknownProperty(table.schema, path.slice(slash + 1))
  return { column, through: { column: found.column, table } }
}

/** How filters and orderings read rows of a table. */
export function rowProperties(state: DataverseState, schema: TableSchema): Properties<Row> {
  const known = new Map<string, Resolved>()
  const of = (path: string): Resolved => {
    const resolved = known.get(path) ?? resolve(state, schema, path)
    known.set(path, resolved)
    return resolved
  }
  return {
    kindOf: (path) => kindOf(of(path).column),
    read: (row, path) => {
      const { column, through } = of(path)
      if (through === undefined) return row[column.logicalName] ?? null
      const target = through.table.get(String(row[through.column.logicalName]))
      return target?.[column.logicalName] ?? null
    },
  }
}

/** Checks `$select` and returns the columns to show, the primary key always among them. */
export function selectColumns(schema: TableSchema, select: string | undefined): readonly Column[] {
  if (select === undefined) return [...schema.columns.values()].filter((column) => column.writeOnly !== true)
  const names = select.split(',').map((name) => name.trim())
  const columns = names.map((name) => {
    const column = readable(schema, name)
    if (column === undefined) throw unknownProperty(schema, name)
    return column
  })
  const primary = schema.columns.get(schema.primaryId)
  if (primary !== undefined && !columns.includes(primary)) columns.push(primary)
  return columns
}

/** `W/"123"`. */
export function etagOf(row: Row): string {
  return `W/"${String(row['versionnumber'])}"`
}

/** One row as the Web API shows it: etag, nulls present, lookups as `_x_value`. */
export function showRow(
  row: Row,
  columns: readonly Column[],
  annotations: string | undefined,
): Record<string, unknown> {
  const shown: Record<string, unknown> = { '@odata.etag': etagOf(row) }
  for (const column of columns) {
    const name = propertyName(column)
    const value = row[column.logicalName] ?? null
    shown[name] = value
    if (annotations === undefined || value === null) continue
    const label = formatted(column, row)
    if (label !== undefined && wants(annotations, FORMATTED)) shown[`${name}@${FORMATTED}`] = label
    if (isLookup(column) && wants(annotations, LOOKUP_NAME)) {
      shown[`${name}@${LOOKUP_NAME}`] = row[`${column.logicalName}@type`] ?? column.targets?.[0]?.table
    }
  }
  return shown
}

const FORMATTED = 'OData.Community.Display.V1.FormattedValue'
const LOOKUP_NAME = 'Microsoft.Dynamics.CRM.lookuplogicalname'

function wants(annotations: string, name: string): boolean {
  return annotations
    .split(',')
    .some((each) => each === '*' || each === name || (each.endsWith('*') && name.startsWith(each.slice(0, -1))))
}

function formatted(column: Column, row: Row): string | undefined {
  const value = row[column.logicalName]
  if (typeof value === 'boolean') return value ? 'Yes' : 'No'
  if (column.options === undefined) return undefined
  const codes = String(value).split(',')
  const labels = codes.map((code) => column.options?.find((option) => String(option.value) === code)?.label ?? code)
  return labels.join('; ')
}
