/** Metadata objects as the Web API answers them: selected, filtered and expanded. */
import { badRequest } from './api-error.ts'
import { type ApiReply, type ApiRequest, jsonReply } from './api-message.ts'
import { compileFilter, type Properties } from './filter-match.ts'
import { parseFilter } from './filter-parser.ts'
import type { MetadataObject } from './metadata-model.ts'
import { allowOnly, parseQuery, splitList } from './query-options.ts'
import type { Value } from './schema.ts'
import type { DataverseState } from './state.ts'

/** Properties that hold an enumeration: a filter must name its type. */
const ENUMS = new Set(['AttributeType', 'OwnershipType', 'EntityKeyIndexStatus', 'RelationshipType'])

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

/** A collection of them, after `$select`, `$filter` and `$expand`. */
export function showList(
  state: DataverseState,
  request: ApiRequest,
  set: string,
  objects: readonly MetadataObject[],
): ApiReply {
  const options = parseQuery(request.query)
  allowOnly(options, ['$select', '$filter', '$expand'], 'metadata')
  return jsonReply(200, {
    '@odata.context': `${request.root}/$metadata#${set}`,
    value: filtered(state, objects, options).map((object) => show(state, object, options)),
  })
}

/** One of them, after `$select` and `$expand`. */
export function showOne(state: DataverseState, request: ApiRequest, set: string, object: MetadataObject): ApiReply {
  const options = parseQuery(request.query)
  allowOnly(options, ['$select', '$expand'], 'metadata')
  const context = { '@odata.context': `${request.root}/$metadata#${set}/$entity` }
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

/** Whether a navigation property leads to several objects. */
export function isList(inner: MetadataObject['navigations'][string] | undefined): inner is readonly MetadataObject[] {
  return Array.isArray(inner)
}

function splitPair(pair: string): [string, string] {
  const at = pair.indexOf('=')
  return [pair.slice(0, at), pair.slice(at + 1)]
}
