/** The Web API calls that find, make and fill a security role: sent by us, or printed for somebody who may. */

import type { JsonValue } from '../record/record.ts'
import type { Guid } from './dataverse.ts'

/** One call below the API root; `path` is encoded. */
export interface RoleCall {
  readonly method: 'GET' | 'POST'
  readonly path: string
  readonly body?: Readonly<Record<string, JsonValue>>
}

/** The business unit above all others: roles made there can be given to users of every one. */
export const rootUnitCall = (): RoleCall => ({
  method: 'GET',
  path: `businessunits?$select=businessunitid&$filter=${encodeURIComponent('_parentbusinessunitid_value eq null')}`,
})

export const findRoleCall = (name: string, unit: Guid): RoleCall => {
  const filter = `name eq '${name.replaceAll("'", "''")}' and _businessunitid_value eq ${unit}`
  return { method: 'GET', path: `roles?$select=roleid&$filter=${encodeURIComponent(filter)}` }
}

export const createRoleCall = (name: string, unit: Guid): RoleCall => ({
  method: 'POST',
  path: 'roles',
  body: { name, 'businessunitid@odata.bind': `/businessunits(${unit})` },
})

/** Ids of privileges by their names, which are case-sensitive when they are asked for, and told as they are. */
export const privilegesCall = (names: readonly string[]): RoleCall => {
  const filter = names.map((name) => `name eq '${name}'`).join(' or ')
  return { method: 'GET', path: `privileges?$select=privilegeid,name&$filter=${encodeURIComponent(filter)}` }
}

/** What a role holds (Dataverse: RetrieveRolePrivilegesRole); the id stands bare. */
export const heldCall = (role: Guid): RoleCall => ({
  method: 'GET',
  path: `RetrieveRolePrivilegesRole(RoleId=${role})`,
})

/** Each at depth Organization, which the API calls Global (Dataverse: AddPrivilegesRole). */
export const addCall = (role: Guid, privileges: readonly Guid[]): RoleCall => ({
  method: 'POST',
  path: `roles(${role})/Microsoft.Dynamics.CRM.AddPrivilegesRole`,
  body: { Privileges: privileges.map((id) => ({ PrivilegeId: id, Depth: 'Global' })) },
})
