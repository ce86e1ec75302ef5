/** Which privileges a role with the least that works holds, and the calls that make it where somebody else has to. */

import type { TargetSettings } from '../config/settings.ts'
import type { Guid } from '../dataverse/dataverse.ts'
import type { Inspection } from '../dataverse/inspection.ts'
import {
  addCall,
  createRoleCall,
  findRoleCall,
  heldCall,
  privilegesCall,
  type RoleCall,
  rootUnitCall,
} from '../dataverse/role-calls.ts'
import { CodedError } from '../lib/errors.ts'
import { privilegeNames, privilegesNeeded } from './privilege-checks.ts'

/** The names that one target needs, by the schema names of its environment; sorted, each once. */
export async function neededRole(
  inspection: Pick<Inspection, 'definition'>,
  target: TargetSettings,
  signal: AbortSignal,
): Promise<string[]> {
  const schemaNames = new Map<string, string>()
  for (const table of tablesOf(target)) {
    const definition = await inspection.definition(table, signal)
    if (definition === undefined)
      throw lost(`table ${table}`, 'no such table', 'Compare the mode of the target with what the environment has.')
    schemaNames.set(table, definition.schemaName)
  }
  return sorted(privilegeNames(target, schemaNames))
}

const tablesOf = (target: TargetSettings) => new Set(privilegesNeeded(target).map(({ table }) => table))
const sorted = (names: readonly string[]): string[] => [...new Set(names)].sort()

/** The ids of names, in their order. @throws CodedError `dataverse-rejects-request` naming every one that does not exist */
export function withIds(names: readonly string[], ids: ReadonlyMap<string, Guid>): Guid[] {
  const missing = names.filter((name) => !ids.has(name))
  if (missing.length > 0)
    throw lost('privileges', `no ${missing.join(', ')}`, 'Report it, with the version of the environment.')
  return names.flatMap((name) => ids.get(name) ?? [])
}

function lost(where: string, found: string, remedy: string): CodedError {
  const expected = 'what the target needs to exist in the environment'
  return new CodedError('dataverse-rejects-request', [{ where, found, expected, remedy }])
}

/** A call that somebody else sends: `{name}` in it stands for what an earlier one answered. */
export interface PrintedCall extends RoleCall {
  readonly why: string
  /** Where the answer goes: the name, and how it is found in the answer. */
  readonly gives?: string
  /** Sent only where the calls before gave no role. */
  readonly unless?: string
}

/** Tables whose schema name is not their logical name; all others of ours are written alike. */
const SCHEMA_NAMES: Readonly<Record<string, string>> = { contact: 'Contact' }

/** All calls that make the role for a target, without asking the environment anything. */
export function printedRole(target: TargetSettings, name: string): PrintedCall[] {
  const names = sorted(
    privilegeNames(target, new Map([...tablesOf(target)].map((table) => [table, SCHEMA_NAMES[table] ?? table]))),
  )
  const printed = (call: RoleCall, rest: Omit<PrintedCall, keyof RoleCall>): PrintedCall => ({
    ...call,
    path: call.path.replaceAll('%7B', '{').replaceAll('%7D', '}'),
    ...rest,
  })
  return [
    printed(rootUnitCall(), { why: 'the root business unit', gives: 'unit = value[0].businessunitid' }),
    printed(findRoleCall(name, '{unit}'), { why: 'the role, if it is there', gives: 'role = value[0].roleid' }),
    printed(createRoleCall(name, '{unit}'), {
      why: 'else make it',
      unless: 'role',
      gives: 'role = the id in the header OData-EntityId',
    }),
    printed(privilegesCall(names), { why: 'ids of the privileges', gives: '{name} = privilegeid, for each of value' }),
    printed(
      addCall(
        '{role}',
        names.map((one) => `{${one}}`),
      ),
      { why: 'give them to the role, each for the organization' },
    ),
    printed(heldCall('{role}'), { why: 'look at what it holds' }),
  ]
}

/** The calls as text, one paragraph each. */
export function printedText(calls: readonly PrintedCall[], apiRoot: string): string {
  const paragraphs = calls.map(({ why, method, path, body, gives, unless }) =>
    [
      `# ${why}${gives === undefined ? '' : `; ${gives}`}${unless === undefined ? '' : `; only without {${unless}}`}`,
      `${method} ${apiRoot}/${path}`,
      ...(body === undefined ? [] : [JSON.stringify(body, undefined, 1)]),
    ].join('\n'),
  )
  return paragraphs.join('\n\n')
}
