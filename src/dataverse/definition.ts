/** What a table's definition says of its privileges and alternate keys. */

import { answered, type Connection, objectOf } from './connection.ts'
import type { PrivilegeDepth, TableDefinition } from './inspection.ts'
import { objectsOf } from './json.ts'
import { named } from './read.ts'

/** Metadata and privileges as they are now: without it a change of the last half minute may not show (Dataverse: `Consistency`). */
export const FRESH = { consistency: 'Strong' } as const

/** The definition of a table; nothing where there is none. */
export async function definition(
  connection: Connection,
  logicalName: string,
  signal: AbortSignal,
): Promise<TableDefinition | undefined> {
  const what = `definition of ${logicalName}`
  const keys = '$expand=Keys($select=LogicalName,KeyAttributes,EntityKeyIndexStatus)'
  const path = `EntityDefinitions(LogicalName='${named(logicalName, what)}')?$select=SchemaName&${keys}`
  const request = {
    method: 'GET',
    path,
    what,
    headers: FRESH,
    repeatable: true,
    load: { kind: what, rows: 1 },
  } as const
  const reply = await answered(what, () => connection.send(request, signal))
  if (reply.status === 404) return undefined
  const json = objectOf(what, reply)
  const { SchemaName: schemaName } = json
  return {
    schemaName: typeof schemaName === 'string' ? schemaName : logicalName,
    keys: objectsOf(json, 'Keys').map((key) => ({
      name: String(key['LogicalName'] ?? ''),
      columns: Array.isArray(key['KeyAttributes']) ? key['KeyAttributes'].map(String) : [],
      status: String(key['EntityKeyIndexStatus'] ?? 'unknown'),
    })),
  }
}

/** From the narrowest to the widest; a depth's place here is its number. */
export const DEPTHS: readonly PrivilegeDepth[] = ['Basic', 'Local', 'Deep', 'Global']

/** The name, or its number as older servers write it. */
export function depthOf(value: unknown): PrivilegeDepth | undefined {
  return DEPTHS.find((depth, number) => depth === value || number === value || String(number) === value)
}
