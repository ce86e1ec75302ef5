/** Row addresses: `contacts(<guid>)`, `contacts(new_key='a',other=5)`, in URLs, `@odata.id` and binds. */
import { ApiError, badRequest, badSyntax } from './api-error.ts'
import { columnValue, isGuid } from './column-value.ts'
import { type AlternateKey, columnOfProperty, isLookup, type Value } from './schema.ts'
import type { DataverseState } from './state.ts'
import type { Row, Table } from './table.ts'

/** Values that hold one of these cannot address a row by key, percent-encoded or not. */
const FORBIDDEN_IN_KEYS = /[/<>*%&:\\?+#]/

/** A parsed address of one row. */
export type RowKey =
  | { readonly kind: 'primary'; readonly id: string }
  | { readonly kind: 'alternate'; readonly key: AlternateKey; readonly values: ReadonlyMap<string, Value> }

/** Splits `set(key)` into its two halves; `undefined` where there are no parentheses. */
export function splitAddress(text: string): { readonly set: string; readonly key: string } | undefined {
  const match = /^([A-Za-z_][\w]*)\((.*)\)$/s.exec(text)
  return match?.[1] === undefined || match[2] === undefined ? undefined : { set: match[1], key: match[2] }
}

/**
 * Parses what stands in the parentheses, already percent-decoded. Throws 400 `0x80060888` where no active key has
 * these columns, and 400 `0x8006088a` for characters that no key in a URL may hold (unless `literal`).
 */
export function parseRowKey(table: Table, text: string, literal = false): RowKey {
  if (isGuid(text)) return { kind: 'primary', id: text.toLowerCase() }
  const values = new Map<string, Value>()
  for (const [property, raw] of keyPairs(text)) {
    const column = columnOfProperty(table.schema, property)
    if (column === undefined) throw invalidKey(table)
    const value = keyValue(raw)
    if (!literal && typeof value === 'string' && raw.startsWith("'") && FORBIDDEN_IN_KEYS.test(value)) {
      throw badSyntax('Error in query syntax.')
    }
    if (column.logicalName === table.schema.primaryId && values.size === 0 && isGuid(String(value))) {
      return { kind: 'primary', id: String(value).toLowerCase() }
    }
    values.set(column.logicalName, isLookup(column) ? String(value).toLowerCase() : columnValue(column, value))
  }
  const key = table.schema.keys.find(
    (each) => each.columns.length === values.size && each.columns.every((name) => values.has(name)),
  )
  if (key === undefined || key.status !== 'Active') throw invalidKey(table)
  return { kind: 'alternate', key, values }
}

function invalidKey(table: Table): ApiError {
  return badRequest(
    `The key in the request URI is not valid for resource 'Microsoft.Dynamics.CRM.${table.schema.logicalName}'.`,
  )
}

function keyPairs(text: string): [string, string][] {
  const pairs: [string, string][] = []
  const pattern = /\s*([A-Za-z_]\w*)\s*=\s*('(?:[^']|'')*'|[^',()]+)\s*(,|$)/gy
  let end = 0
  for (const match of text.matchAll(pattern)) {
    if (match.index !== end) break
    end = match.index + match[0].length
    pairs.push([match[1] ?? '', (match[2] ?? '').trim()])
  }
  if (pairs.length === 0 || end !== text.length) throw badSyntax('Error in query syntax.')
  return pairs
}

function keyValue(raw: string): Value {
  if (raw.startsWith("'")) return raw.slice(1, -1).replaceAll("''", "'")
  if (raw === 'true' || raw === 'false') return raw === 'true'
  const number = Number(raw)
  return Number.isNaN(number) ? raw : number
}

/** The row behind a key, or `undefined`. */
export function findRow(table: Table, key: RowKey): Row | undefined {
  if (key.kind === 'primary') return table.get(key.id)
  const [id] = table.find(
    key.key.columns,
    key.key.columns.map((name) => key.values.get(name) ?? null),
  )
  const row = id === undefined ? undefined : table.get(id)
  if (row === undefined || !table.exactKeys) return row
  return key.key.columns.every((name) => row[name] === key.values.get(name)) ? row : undefined
}

/** 404 as Dataverse words it: `0x80040217` for an id, `0x80060891` for key values. */
export function noSuchRow(table: Table, key: RowKey): ApiError {
  const name = table.schema.logicalName
  if (key.kind === 'primary') return new ApiError(404, '0x80040217', `${name} With Id = ${key.id} Does Not Exist`)
  return new ApiError(404, '0x80060891', `A record with the specified key values does not exist in ${name} entity`)
}

/** A relative or absolute reference such as `/contacts(<guid>)`, as binds and `@odata.id` hold it. */
export function parseReference(
  state: DataverseState,
  reference: string,
  literal: boolean,
): { table: Table; key: RowKey } {
  const relative = reference.replace(/^https?:\/\/[^/]+\/.*?api\/data\/v9\.\d\//, '').replace(/^\//, '')
  const address = splitAddress(relative)
  const table = address === undefined ? undefined : state.tableOfSet(address.set)
  if (address === undefined || table === undefined) throw badSyntax('Error in query syntax.')
  return { table, key: parseRowKey(table, address.key, literal) }
}
