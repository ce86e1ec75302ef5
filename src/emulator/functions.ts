/** The unbound and bound functions a client calls before it writes: WhoAmI, privileges, row totals. */
import { badSyntax } from './api-error.ts'
import { type ApiReply, type ApiRequest, jsonReply } from './api-message.ts'
import { parseQuery } from './query-options.ts'
import { type DataverseState, privilegeId } from './state.ts'

/** The ids of caller, business unit and organization. */
export function whoAmI(state: DataverseState, request: ApiRequest): ApiReply {
  return jsonReply(200, {
    '@odata.context': `${request.root}/$metadata#Microsoft.Dynamics.CRM.WhoAmIResponse`,
    BusinessUnitId: request.identity.businessUnitId,
    UserId: request.identity.userId,
    OrganizationId: state.organizationId,
  })
}

/** Of the named privileges those the caller holds; a wrong casing is not held. */
export function privilegesByNames(request: ApiRequest): ApiReply {
  const { identity } = request
  const held = aliasedList(request, 'PrivilegeNames').flatMap((name) => {
    const depth = identity.privileges.get(name)
    if (depth === undefined) return []
    const privilege = { PrivilegeId: privilegeId(name), PrivilegeName: name }
    return [{ Depth: depth, BusinessUnitId: identity.businessUnitId, ...privilege }]
  })
  return jsonReply(200, {
    '@odata.context': `${request.root}/$metadata#Microsoft.Dynamics.CRM.RetrieveUserSetOfPrivilegesByNamesResponse`,
    RolePrivileges: held,
  })
}

/** Row totals of the named tables; here exact, in Dataverse up to a day old. */
export function totalRecordCount(state: DataverseState, request: ApiRequest): ApiReply {
  const names = aliasedList(request, 'EntityNames')
  return jsonReply(200, {
    '@odata.context': `${request.root}/$metadata#Microsoft.Dynamics.CRM.RetrieveTotalRecordCountResponse`,
    EntityRecordCountCollection: {
      Count: names.length,
      IsReadOnly: false,
      Keys: names,
      Values: names.map((name) => state.table(name).size),
    },
  })
}

/** The value of `f(Name=@p1)?@p1=["a","b"]`. */
function aliasedList(request: ApiRequest, parameter: string): string[] {
  const alias = new RegExp(`\\(${parameter}=(@\\w+)\\)$`).exec(decodeURIComponent(request.path))?.[1]
  const text = alias === undefined ? undefined : parseQuery(request.query).get(alias)
  try {
    const list: unknown = JSON.parse(text ?? '')
    if (Array.isArray(list)) return list.map(String)
  } catch {
    // Falls through to the one refusal below.
  }
  throw badSyntax(`The parameter '${parameter}' must be an array given through an alias.`)
}
