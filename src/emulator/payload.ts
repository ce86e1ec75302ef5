/** From a JSON body to the columns it writes, lookups bound and every value checked. */
import { badPayload } from './api-error.ts'
import { columnValue, isGuid } from './column-value.ts'
import { type Identity, requirePrivilege } from './identity.ts'
import { findRow, noSuchRow, parseReference } from './row-key.ts'
import { lookupOfNavigation, type TableSchema, type Value } from './schema.ts'
import type { DataverseState } from './state.ts'
import { isRegistration } from './webhook-registration.ts'

/** Columns by logical name; a polymorphic lookup adds `<name>@type` with the target's logical name. */
export type Columns = Record<string, Value>

const BIND = '@odata.bind'

/** Parses a body as a JSON object or throws `0x80048d19`. */
export function parseObject(body: string): Record<string, unknown> {
  let json: unknown
  try {
    json = JSON.parse(body)
  } catch {
    throw badPayload('The payload is not valid JSON.')
  }
  return asObject(json)
}

/** The value as a JSON object, or `0x80048d19`. */
export function asObject(json: unknown): Record<string, unknown> {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) throw badPayload('An object was expected.')
  return json as Record<string, unknown>
}

/**
 * Checks and translates one row's payload. Read-only columns are dropped silently, annotations skipped, unknown
 * columns refused. `references` resolves `$1` of a change set.
 */
export function parsePayload(
  state: DataverseState,
  identity: Identity,
  schema: TableSchema,
  payload: Readonly<Record<string, unknown>>,
  references: ReadonlyMap<string, string> = new Map(),
): Columns {
  const columns: Columns = {}
  for (const [name, json] of Object.entries(payload)) {
    if (name.endsWith(BIND)) {
      bind(state, identity, schema, name.slice(0, -BIND.length), json, references, columns)
      continue
    }
    if (name.includes('@')) continue
    const column = schema.columns.get(name)
    if (column === undefined) {
      if (lookupOfNavigation(schema, name) !== undefined && json === null) {
        bind(state, identity, schema, name, null, references, columns)
        continue
      }
      throw badPayload(
        `An undeclared property '${name}' which only has property annotations in the payload but no property value was found, or the property does not exist on type 'Microsoft.Dynamics.CRM.${schema.logicalName}'.`,
      )
    }
    if (column.readOnly) continue
    const value = columnValue(column, json)
    columns[name] = column.writeOnly === true ? state.vault.keep(value) : value
  }
  return columns
}

function bind(
  state: DataverseState,
  identity: Identity,
  schema: TableSchema,
  navigation: string,
  json: unknown,
  references: ReadonlyMap<string, string>,
  columns: Columns,
): void {
  const found = lookupOfNavigation(schema, navigation)
  if (found === undefined) throw badPayload(`An undeclared property '${navigation}' was found in the payload.`)
  const { column, targets } = found
  if (json === null) {
    if (column.required === 'SystemRequired') throw badPayload(`Property '${navigation}' cannot be null.`)
    columns[column.logicalName] = null
    columns[`${column.logicalName}@type`] = null
    return
  }
  if (typeof json !== 'string') throw badPayload(`The bind of '${navigation}' must be a text.`)
  const { table, key } = parseReference(state, references.get(json) ?? json, true)
  if (!targets.some((target) => target.table === table.schema.logicalName)) {
    throw badPayload(`The bind of '${navigation}' points at '${table.schema.entitySetName}', which it cannot hold.`)
  }
  const row = findRow(table, key)
  if (row === undefined) throw noSuchRow(table, key)
  if (column.type === 'owner') requirePrivilege(identity, 'Assign', schema)
  else if (!isRegistration(schema)) {
    requirePrivilege(identity, 'Append', schema)
    requirePrivilege(identity, 'AppendTo', table.schema)
  }
  if (column.readOnly) return
  columns[column.logicalName] = row[table.schema.primaryId] ?? null
  columns[`${column.logicalName}@type`] = table.schema.logicalName
}

/**
 * Columns as the control endpoints give them: raw values by logical or property name, lookups as GUIDs, system columns
 * included. Unknown names throw.
 */
export function parseRaw(schema: TableSchema, raw: Readonly<Record<string, unknown>>): Columns {
  const columns: Columns = {}
  for (const [name, json] of Object.entries(raw)) {
    const logicalName = /^_(.+)_value$/.exec(name)?.[1] ?? name
    const column = schema.columns.get(logicalName)
    if (name.endsWith('@type') && typeof json === 'string') columns[name] = json
    else if (column === undefined) throw badPayload(`No column '${name}' on table '${schema.logicalName}'.`)
    else if (column.targets === undefined) columns[logicalName] = columnValue(column, json)
    else if (json === null) columns[logicalName] = null
    else if (typeof json === 'string' && isGuid(json)) columns[logicalName] = json.toLowerCase()
    else throw badPayload(`The lookup '${name}' must be a GUID.`)
  }
  return columns
}
