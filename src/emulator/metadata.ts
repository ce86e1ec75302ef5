/** The metadata endpoints: `EntityDefinitions` with its columns, casts, relationships and keys. */
import { randomUUID } from 'node:crypto'
import { ApiError, badPayload, badRequest, notUnderstood } from './api-error.ts'
import { type ApiReply, type ApiRequest, emptyReply } from './api-message.ts'
import { requireNamed } from './identity.ts'
import { isList, showList, showOne } from './metadata-answer.ts'
import { attribute, castOf, entity, isCast, visibleColumns } from './metadata-model.ts'
import { allRelationships, globalChoices, relationships } from './metadata-sets.ts'
import { parseObject } from './payload.ts'
import { decode } from './query-options.ts'
import type { AlternateKey, TableSchema } from './schema.ts'
import type { DataverseState } from './state.ts'
import type { Table } from './table.ts'

/** Key limits: columns in a key, keys on a table, bytes of a key's values. */
const MAX_KEY_COLUMNS = 16
const MAX_KEYS = 10
const MAX_KEY_BYTES = 900

/** Answers everything below `EntityDefinitions`, `RelationshipDefinitions` and `GlobalOptionSetDefinitions`. */
export function metadata(state: DataverseState, request: ApiRequest): ApiReply {
  if (request.path.startsWith('RelationshipDefinitions')) return relationships(state, request)
  if (request.path.startsWith('GlobalOptionSetDefinitions')) return globalChoices(state, request)
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
    return showList(
      state,
      request,
      'EntityDefinitions',
      [...state.tables.values()].map((table) => entity(table.schema, now)),
    )
  }
  const table = [...state.tables.values()].find(
    ({ schema }) => schema.logicalName === name || entity(schema, now).properties['MetadataId'] === id,
  )
  if (table === undefined) {
    throw new ApiError(404, '0x80060888', `Could not find an entity with the name ${name ?? id}.`)
  }
  if (below === undefined) return showOne(state, request, 'EntityDefinitions', entity(table.schema, now))
  if (below.startsWith('Keys')) return keys(state, request, table, below, now)
  if (request.method !== 'GET') throw notUnderstood('a change of this metadata')
  if (/^(ManyToOne|OneToMany|ManyToMany)Relationships$/.test(below))
    return navigation(state, request, table.schema, below, now)
  return attributes(state, request, table.schema, below, now)
}

function navigation(
  state: DataverseState,
  request: ApiRequest,
  schema: TableSchema,
  name: string,
  now: number | undefined,
): ApiReply {
  const objects =
    name === 'OneToManyRelationships'
      ? allRelationships(state).filter(({ properties }) => properties['ReferencedEntity'] === schema.logicalName)
      : entity(schema, now).navigations[name]
  return showList(state, request, 'EntityDefinitions', isList(objects) ? objects : [])
}

function attributes(
  state: DataverseState,
  request: ApiRequest,
  schema: TableSchema,
  below: string,
  now: number | undefined,
): ApiReply {
  const match =
    /^Attributes(?:\((?:LogicalName='(\w+)'|([0-9a-f-]{36}))\))?(?:\/Microsoft\.Dynamics\.CRM\.(\w+))?$/.exec(below)
  if (match === null) throw notUnderstood(`the metadata path '${below}'`)
  requireNamed(request.identity, 'prvReadAttribute', 'Attribute')
  const [, name, id, cast] = match
  if (cast !== undefined && !isCast(cast)) throw badRequest(`The type '${cast}' cannot be cast to.`)
  const found = visibleColumns(schema, now)
    .filter((column) => name === undefined || column.logicalName === name)
    .filter((column) => cast === undefined || castOf(column) === cast)
    .map((column) => attribute(schema, column, cast !== undefined))
    .filter((object) => id === undefined || object.properties['MetadataId'] === id)
  if (name === undefined && id === undefined) return showList(state, request, 'EntityDefinitions', found)
  const [only] = found
  if (only === undefined)
    throw new ApiError(404, '0x80060888', `Could not find an attribute with the name ${name ?? id}.`)
  return showOne(state, request, 'EntityDefinitions', only)
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
