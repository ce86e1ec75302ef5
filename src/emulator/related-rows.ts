/** Rows that point at a row: `serviceendpoints(<id>)/serviceendpoint_sdkmessageprocessingstep`. */
import type { ApiReply, ApiRequest } from './api-message.ts'
import { requirePrivilege } from './identity.ts'
import { retrieveMultiple } from './retrieve.ts'
import { findRow, noSuchRow, parseRowKey } from './row-key.ts'
import type { DataverseState } from './state.ts'
import type { Table } from './table.ts'

interface Relationship {
  readonly parent: string
  readonly child: string
  /** Property of the child that holds the parent's id. */
  readonly property: string
}

/** One-to-many relationships by the navigation name that the parent has for them; case-sensitive. */
const RELATIONSHIPS: ReadonlyMap<string, Relationship> = new Map([
  [
    'serviceendpoint_sdkmessageprocessingstep',
    { parent: 'serviceendpoint', child: 'sdkmessageprocessingstep', property: '_eventhandler_value' },
  ],
  [
    'sdkmessageid_sdkmessageprocessingstep',
    { parent: 'sdkmessage', child: 'sdkmessageprocessingstep', property: '_sdkmessageid_value' },
  ],
  [
    'sdkmessageid_sdkmessagefilter',
    { parent: 'sdkmessage', child: 'sdkmessagefilter', property: '_sdkmessageid_value' },
  ],
  [
    'sdkmessageprocessingstepid_sdkmessageprocessingstepimage',
    {
      parent: 'sdkmessageprocessingstep',
      child: 'sdkmessageprocessingstepimage',
      property: '_sdkmessageprocessingstepid_value',
    },
  ],
])

interface Association {
  readonly parent: string
  readonly child: string
  /** The table in between, and its columns with the ids of both. */
  readonly through: string
  readonly parentColumn: string
  readonly childColumn: string
}

/** Many-to-many relationships, likewise. */
const ASSOCIATIONS: ReadonlyMap<string, Association> = new Map([
  [
    'systemuserroles_association',
    {
      parent: 'systemuser',
      child: 'role',
      through: 'systemuserroles',
      parentColumn: 'systemuserid',
      childColumn: 'roleid',
    },
  ],
])

/** No row has it. */
const NOBODY = '00000000-0000-0000-0000-000000000000'

/** A path like `set(key)/name`, cut in its parts; undefined where it is none. */
export function splitRelated(
  path: string,
): { readonly set: string; readonly key: string; readonly name: string } | undefined {
  const match = /^(\w+)\(([^()]*)\)\/(\w+)$/.exec(path)
  if (match?.[1] === undefined || match[2] === undefined || match[3] === undefined) return undefined
  return { set: match[1], key: match[2], name: match[3] }
}

/**
 * Answers a query over the children, filtered further, selected and paged as any query. Undefined where the table has no
 * relationship of that name; throws 404 where the parent does not exist.
 */
export function retrieveRelated(
  state: DataverseState,
  request: ApiRequest,
  parent: Table,
  key: string,
  name: string,
): ApiReply | undefined {
  const relationship = RELATIONSHIPS.get(name) ?? ASSOCIATIONS.get(name)
  if (relationship === undefined || relationship.parent !== parent.schema.logicalName) return undefined
  requirePrivilege(request.identity, 'Read', parent.schema)
  const parsed = parseRowKey(parent, key)
  const row = findRow(parent, parsed)
  if (row === undefined) throw noSuchRow(parent, parsed)
  const child = state.table(relationship.child)
  const own = childrenFilter(state, relationship, String(row[parent.schema.primaryId]))
  // The next link of a page names the children's own table with this filter in it: a client follows it as it is.
  const pairs = request.query.split('&').filter((pair) => pair !== '')
  const asked = pairs.find((pair) => pair.startsWith('$filter='))?.slice('$filter='.length)
  const filter = encodeURIComponent(own) + (asked === undefined ? '' : `%20and%20(${asked})`)
  const rest = pairs.filter((pair) => !pair.startsWith('$filter='))
  const query = [`$filter=${filter}`, ...rest].join('&')
  return retrieveMultiple(state, { ...request, path: child.schema.entitySetName, query }, child)
}

function childrenFilter(state: DataverseState, relationship: Relationship | Association, parentId: string): string {
  if ('property' in relationship) return `${relationship.property} eq ${parentId}`
  const { through, parentColumn, childColumn } = relationship
  const between = state.table(through)
  const ids = between.find([parentColumn], [parentId]).map((id) => String(between.get(id)?.[childColumn]))
  return `(${(ids.length === 0 ? [NOBODY] : ids).map((id) => `${childColumn} eq ${id}`).join(' or ')})`
}
