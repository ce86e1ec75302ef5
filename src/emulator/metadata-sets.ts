/** Metadata that belongs to no single table: relationships and global choices. */
import { ApiError, badRequest, notUnderstood } from './api-error.ts'
import type { ApiReply, ApiRequest } from './api-message.ts'
import { requireNamed } from './identity.ts'
import { showList, showOne } from './metadata-answer.ts'
import { type MetadataObject, manyToOne, optionSet } from './metadata-model.ts'
import { decode, parseQuery } from './query-options.ts'
import type { DataverseState } from './state.ts'

/** The relationships of all tables, each from the side of its lookup. */
export function allRelationships(state: DataverseState): MetadataObject[] {
  return [...state.tables.values()].flatMap(({ schema }) => manyToOne(schema))
}

/**
 * `RelationshipDefinitions`, also by id, by `SchemaName` and cast. There are none of many rows to many.
 * (Dataverse: query table definitions.)
 */
export function relationships(state: DataverseState, request: ApiRequest): ApiReply {
  const { name, id, cast } = split(request, 'RelationshipDefinitions', 'SchemaName')
  requireNamed(request.identity, 'prvReadRelationship', 'Relationship')
  if (cast !== undefined && cast !== 'OneToManyRelationshipMetadata' && cast !== 'ManyToManyRelationshipMetadata') {
    throw badRequest(`The type '${cast}' cannot be cast to.`)
  }
  const found = cast === 'ManyToManyRelationshipMetadata' ? [] : allRelationships(state)
  return show(state, request, 'RelationshipDefinitions', { found, property: 'SchemaName', name, id })
}

/** `GlobalOptionSetDefinitions`, also by id, by `Name` and cast; they cannot be filtered. (Dataverse: choices.) */
export function globalChoices(state: DataverseState, request: ApiRequest): ApiReply {
  const { name, id, cast } = split(request, 'GlobalOptionSetDefinitions', 'Name')
  requireNamed(request.identity, 'prvReadOptionSet', 'OptionSet')
  if (cast !== undefined && cast !== 'OptionSetMetadata') throw badRequest(`The type '${cast}' cannot be cast to.`)
  if (parseQuery(request.query).has('$filter')) throw badRequest("'$filter' is not supported on global choices.")
  const columns = [...state.tables.values()].flatMap(({ schema }) => [...schema.columns.values()])
  const sets = new Map<unknown, MetadataObject>()
  for (const column of columns) {
    const set = column.globalChoice === undefined ? null : optionSet(column)
    if (set !== null) sets.set(set.properties['Name'], set)
  }
  const found = [...sets.values()]
  return show(state, request, 'GlobalOptionSetDefinitions', { found, property: 'Name', name, id })
}

interface Address {
  readonly name: string | undefined
  readonly id: string | undefined
  readonly cast: string | undefined
}

function split({ method, path }: ApiRequest, set: string, property: string): Address {
  if (method !== 'GET') throw notUnderstood(`a change of ${set}`)
  const pattern = `^${set}(?:\\((?:${property}='(\\w+)'|([0-9a-f-]{36}))\\))?(?:/Microsoft\\.Dynamics\\.CRM\\.(\\w+))?$`
  const match = new RegExp(pattern).exec(decode(path))
  if (match === null) throw notUnderstood('this metadata path')
  return { name: match[1], id: match[2], cast: match[3] }
}

interface Search extends Omit<Address, 'cast'> {
  readonly found: readonly MetadataObject[]
  readonly property: string
}

function show(
  state: DataverseState,
  request: ApiRequest,
  set: string,
  { found, property, name, id }: Search,
): ApiReply {
  if (name === undefined && id === undefined) return showList(state, request, set, found)
  const only = found.find(({ properties }) =>
    id === undefined ? properties[property] === name : isNamed(properties, id),
  )
  if (only === undefined) throw new ApiError(404, '0x80060888', `Could not find ${name ?? id} in ${set}.`)
  return showOne(state, request, set, only)
}

function isNamed(properties: MetadataObject['properties'], id: string): boolean {
  return properties['MetadataId'] === id
}
