/** What a role may: privileges are added to it, and told of it. (Dataverse: AddPrivilegesRole, RetrieveRolePrivilegesRole.) */
import { ApiError, badPayload, badSyntax, notUnderstood } from './api-error.ts'
import { type ApiReply, type ApiRequest, emptyReply, jsonReply } from './api-message.ts'
import { type Depth, requirePrivilege } from './identity.ts'
import { asObject, parseObject } from './payload.ts'
import { allowOnly, parseQuery } from './query-options.ts'
import { inScope, type WriteScope } from './row-requests.ts'
import { createRow, updateRow } from './row-write.ts'
import type { DataverseState } from './state.ts'
import type { Row } from './table.ts'

/** Depths with their masks in `roleprivileges`; the place in this list is the number in PrivilegeDepth. */
const DEPTHS: readonly (readonly [Depth, number])[] = [
  ['Basic', 1],
  ['Local', 2],
  ['Deep', 4],
  ['Global', 8],
]

/** `POST roles(<id>)/Microsoft.Dynamics.CRM.AddPrivilegesRole`: all of them or none; one that is there gets the depth. */
export function addPrivileges(state: DataverseState, request: ApiRequest, roleId: string, scope: WriteScope): ApiReply {
  allowOnly(parseQuery(request.query), [], 'AddPrivilegesRole')
  const role = roleOf(state, roleId)
  requirePrivilege(request.identity, 'Write', state.table('role').schema)
  const { Privileges: list, ...rest } = parseObject(request.body)
  const [unknown] = Object.keys(rest)
  if (unknown !== undefined) throw notUnderstood(`'${unknown}' of AddPrivilegesRole`)
  if (!Array.isArray(list)) throw badPayload("The parameter 'Privileges' must be a collection.")
  const given = list.map((each) => privilegeOf(state, asObject(each)))
  const table = state.table('roleprivileges')
  inScope(state, request, scope, (transaction) => {
    for (const { privilegeid, mask } of given) {
      const before = [...table.all()].find((row) => row['roleid'] === role && row['privilegeid'] === privilegeid)
      if (before === undefined) {
        createRow(transaction, table, { roleid: role, privilegeid, privilegedepthmask: mask })
      } else {
        updateRow(transaction, table, before, { privilegedepthmask: mask })
      }
    }
  })
  return emptyReply()
}

/** `RetrieveRolePrivilegesRole(RoleId=<guid>)`: the id stands bare, as Edm.Guid does. */
export function rolePrivileges(state: DataverseState, request: ApiRequest): ApiReply {
  const id = /^RetrieveRolePrivilegesRole\(RoleId=([\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12})\)$/i.exec(
    request.path,
  )?.[1]
  if (request.method !== 'GET' || id === undefined) throw badSyntax("The parameter 'RoleId' must be a GUID.")
  requirePrivilege(request.identity, 'Read', state.table('role').schema)
  const role = roleOf(state, id)
  const rows = [...state.table('roleprivileges').all()].filter((row) => row['roleid'] === role)
  return jsonReply(200, {
    '@odata.context': `${request.root}/$metadata#Microsoft.Dynamics.CRM.RetrieveRolePrivilegesRoleResponse`,
    RolePrivileges: rows.map((row) => shown(state, row)),
  })
}

function shown(state: DataverseState, row: Row): object {
  const role = state.table('role').get(String(row['roleid']))
  return {
    Depth: DEPTHS.find(([, mask]) => mask === row['privilegedepthmask'])?.[0],
    PrivilegeId: row['privilegeid'],
    BusinessUnitId: role?.['businessunitid'],
    PrivilegeName: state.table('privilege').get(String(row['privilegeid']))?.['name'],
  }
}

function roleOf(state: DataverseState, id: string): string {
  const row = state.table('role').get(id.toLowerCase())
  if (row !== undefined) return String(row['roleid'])
  throw new ApiError(404, '0x80040217', `Role With Id = ${id} Does Not Exist`)
}

/** Depth by its name, or by its number in quotes, as the vendor's example has it. */
function privilegeOf(state: DataverseState, each: Readonly<Record<string, unknown>>) {
  const { PrivilegeId: id, Depth: depth, BusinessUnitId: _, ...rest } = each
  const [unknown] = Object.keys(rest)
  if (unknown !== undefined) throw notUnderstood(`'${unknown}' of a privilege`)
  const found = DEPTHS.find(([name], number) => depth === name || depth === String(number))
  if (found === undefined) throw badPayload(`Cannot read the value '${String(depth)}' as a PrivilegeDepth.`)
  const row = typeof id === 'string' ? state.table('privilege').get(id.toLowerCase()) : undefined
  if (row === undefined) throw new ApiError(404, '0x80040217', `Privilege With Id = ${String(id)} Does Not Exist`)
  return { privilegeid: String(row['privilegeid']), mask: found[1] }
}
