/** The metadata endpoints: `EntityDefinitions` with its columns, casts, relationships and keys. */
import { randomUUID } from 'node:crypto'
import { ApiError, badPayload, badRequest, notUnderstood } from './api-error.ts'
import { type ApiReply, type ApiRequest, emptyReply, jsonReply } from './api-message.ts'
import { compileFilter, type Properties } from './filter-match.ts'
import { parseFilter } from './filter-parser.ts'
import { requireNamed } from './identity.ts'
import { attribute, castOf, entity, isCast, type MetadataObject, visibleColumns } from './metadata-model.ts'
import { parseObject } from './payload.ts'
import { allowOnly, decode, parseQuery, splitList } from './query-options.ts'
import type { AlternateKey, TableSchema, Value } from './schema.ts'
import type { DataverseState } from './state.ts'
import type { Table } from './table.ts'

/** Key limits: columns in a key, keys on a table, bytes of a key's values. */
const MAX_KEY_COLUMNS = 16
const MAX_KEYS = 10
const MAX_KEY_BYTES = 900

/** Properties that hold an enumeration: a filter must name its type. */
const ENUMS = new Set(['AttributeType', 'OwnershipType', 'EntityKeyIndexStatus', 'RelationshipType'])

/** Answers everything below `EntityDefinitions`. */
export function metadata(state: DataverseState, request: ApiRequest): ApiReply {
  const strong = request.headers.get('consistency')?.toLowerCase() === 'strong'
  const now = strong ? undefined : state.clock.now()
  const match = /^EntityDefinitions(?:\(LogicalName='(\w+)'\)|\(([0-9a-f-]{36})\))?(?:\/(.*))?$/.exec(
    decode(request.path),
  )
  if (match === null) throw notUnderstood('this metadata path')
  const [, name, id, below] = match
  requireNamed(request.identity, 'prvReadEntity', 'Entity')
  if (name === undefined && id === undefined) {
    if (request.method !== 'GET' || below !== undefined) throw notUnderstood('this metadata request')
    return list(
      state,
      request,
      [...state.tables.values()].map((table) => entity(table.schema, now)),
    )
  }
  const table = [...state.tables.values()].find(
    ({ schema }) => schema.logicalName === name || entity(schema, now).properties['MetadataId'] === id,
  )
  if (table === undefined) {
    throw new ApiError(404, '0x80060888', `Could not find an entity with the name ${name ?? id}.`)
  }
  if (below === undefined) return one(state, request, entity(table.schema, now))
  if (below.startsWith('Keys')) return keys(state, request, table, below, now)
  if (request.method !== 'GET') throw notUnderstood('a change of this metadata')
  if (below === 'ManyToOneRelationships') return navigation(state, request, table.schema, below, now)
  return attributes(state, request, table.schema, below, now)
}

function navigation(
  state: DataverseState,
  request: ApiRequest,
  schema: TableSchema,
  name: string,
  now: number | undefined,
): ApiReply {
  const objects = entity(schema, now).navigations[name]
  return list(state, request, isList(objects) ? objects : [])
}

function attributes(
  state: DataverseState,
  request: ApiRequest,
  schema: TableSchema,
  below: string,
  now: number | undefined,
): ApiReply {
  const match = /^Attributes(?:\(LogicalName='(\w+)'\))?(?:\/Microsoft\.Dynamics\.CRM\.(\w+))?$/.exec(below)
  if (match === null) throw notUnderstood(`the metadata path '${below}'`)
  requireNamed(request.identity, 'prvReadAttribute', 'Attribute')
  const [, name, cast] = match
  if (cast !== undefined && !isCast(cast)) throw badRequest(`The type '${cast}' cannot be cast to.`)
  const found = visibleColumns(schema, now)
    .filter((column) => name === undefined || column.logicalName === name)
    .filter((column) => cast === undefined || castOf(column) === cast)
    .map((column) => attribute(schema, column, cast !== undefined))
  if (name === undefined) return list(state, request, found)
  const [only] = found
  if (only === undefined) throw new ApiError(404, '0x80060888', `Could not find an attribute with the name ${name}.`)
  return one(state, request, only)
}

function keys(
  state: DataverseState,
  request: ApiRequest,
  table: Table,
  below: string,
  now: number | undefined,
): ApiReply {
  const { schema } = table
  const id = /^Keys\(([0-9a-f-]{36})\)$/.exec(below)?.[1]
  if (request.method === 'GET' && below === 'Keys') return navigation(state, request, schema, 'Keys', now)
  if (request.method === 'POST' && below === 'Keys') {
    requireNamed(request.identity, 'prvCreateEntityKey', 'EntityKey')
    const { SchemaName: schemaName, KeyAttributes: columns } = parseObject(request.body)
    if (typeof schemaName !== 'string' || !Array.isArray(columns)) throw badPayload('A key needs a name and columns.')
    const key = defineKey(state, table, schemaName, columns.map(String), 'Pending')
    return emptyReply({
      'OData-EntityId': `${request.root}/EntityDefinitions(LogicalName='${schema.logicalName}')/Keys(${key.metadataId})`,
    })
  }
  if (request.method === 'DELETE' && id !== undefined) {
    requireNamed(request.identity, 'prvDeleteEntityKey', 'EntityKey')
    const at = schema.keys.findIndex((key) => key.metadataId === id)
    if (at === -1) throw new ApiError(404, '0x80060888', 'Could not find the key.')
    schema.keys.splice(at, 1)
    return emptyReply()
  }
  throw notUnderstood(`${request.method} on the metadata path '${below}'`)
}

const KEY_TYPES = new Set(['decimal', 'integer', 'text', 'datetime', 'lookup', 'choice'])

/** Adds an alternate key after the checks of Dataverse: column types, ten keys, 16 columns, 900 bytes. */
export function defineKey(
  state: DataverseState,
  { schema }: Table,
  schemaName: string,
  columns: readonly string[],
  status: AlternateKey['status'],
): AlternateKey {
  if (schema.keys.length >= MAX_KEYS) throw badRequest(`A table may have at most ${MAX_KEYS} keys.`)
  if (columns.length === 0 || columns.length > MAX_KEY_COLUMNS) throw badRequest('A key has 1 to 16 columns.')
  let bytes = 0
  for (const name of columns) {
    const column = schema.columns.get(name)
    if (column === undefined) throw badRequest(`Attribute '${name}' not found for EntityKey ${schemaName}.`)
    if (!KEY_TYPES.has(column.type)) throw badRequest(`Attribute '${name}' cannot be part of a key.`)
    bytes += column.type === 'text' ? 2 * (column.maxLength ?? 100) : 16
  }
  if (bytes > MAX_KEY_BYTES) throw badRequest(`Key size exceeded ${MAX_KEY_BYTES} bytes.`)
  const visibleFrom = state.clock.now() + state.settings.metadataLagMs
  const key = {
    metadataId: randomUUID(),
    schemaName,
    logicalName: schemaName.toLowerCase(),
    columns,
    status,
    visibleFrom,
  }
  schema.keys.push(key)
  return key
}

const PROPERTIES: Properties<MetadataObject> = {
  kindOf: (path) => (ENUMS.has(path) ? 'enum' : 'any'),
  read: (object, path) => {
    let value: unknown = object.properties
    for (const step of path.split('/')) {
      if (typeof value !== 'object' || value === null || !(step in value)) {
        throw badRequest(`Could not find a property named '${step}'.`)
      }
      value = (value as Record<string, unknown>)[step]
    }
    return typeof value === 'object' ? null : ((value ?? null) as Value)
  },
}

function list(state: DataverseState, request: ApiRequest, objects: readonly MetadataObject[]): ApiReply {
  const options = parseQuery(request.query)
  allowOnly(options, ['$select', '$filter', '$expand'], 'metadata')
  return jsonReply(200, {
    '@odata.context': `${request.root}/$metadata#EntityDefinitions`,
    value: filtered(state, objects, options).map((object) => show(state, object, options)),
  })
}

function one(state: DataverseState, request: ApiRequest, object: MetadataObject): ApiReply {
  const options = parseQuery(request.query)
  allowOnly(options, ['$select', '$expand'], 'metadata')
  const context = { '@odata.context': `${request.root}/$metadata#EntityDefinitions/$entity` }
  return jsonReply(200, { ...context, ...show(state, object, options) })
}

function filtered(
  state: DataverseState,
  objects: readonly MetadataObject[],
  options: ReadonlyMap<string, string>,
): readonly MetadataObject[] {
  const filter = options.get('$filter')
  if (filter === undefined) return objects
  return objects.filter(compileFilter(parseFilter(filter, options), PROPERTIES, state.collation))
}

/** `MetadataId` is always shown. */
function show(
  state: DataverseState,
  object: MetadataObject,
  options: ReadonlyMap<string, string>,
): Record<string, unknown> {
  const select = options.get('$select')
  const names =
    select === undefined ? Object.keys(object.properties) : ['@odata.type', ...splitList(select), 'MetadataId']
  const shown: Record<string, unknown> = {}
  for (const name of names) {
    if (name in object.properties) shown[name] = object.properties[name]
    else if (name !== '@odata.type')
      throw badRequest(`Could not find a property named '${name}' on this metadata type.`)
  }
  for (const item of splitList(options.get('$expand') ?? '')) {
    const match = /^(\w+)(?:\((.*)\))?$/s.exec(item)
    const name = match?.[1] ?? ''
    const inner = object.navigations[name]
    if (inner === undefined) throw badRequest(`Could not find a property named '${name}' on this metadata type.`)
    const nested = new Map(splitList(match?.[2] ?? '', ';').map((pair) => splitPair(pair)))
    allowOnly(nested, ['$select', '$filter', '$expand'], 'an expanded navigation')
    shown[name] = isList(inner)
      ? filtered(state, inner, nested).map((each) => show(state, each, nested))
      : inner === null
        ? null
        : show(state, inner, nested)
  }
  return shown
}

function isList(inner: MetadataObject['navigations'][string] | undefined): inner is readonly MetadataObject[] {
  return Array.isArray(inner)
}

function splitPair(pair: string): [string, string] {
  const at = pair.indexOf('=')
  return [pair.slice(0, at), pair.slice(at + 1)]
}
