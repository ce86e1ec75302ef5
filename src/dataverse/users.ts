/** Users of an environment, their roles and what they may do. */

import { fromMilliseconds } from '../consent/time.ts'
import { answered, type Connection, getObject, objectOf, unanswered } from './connection.ts'
import type { Guid } from './dataverse.ts'
import { DEPTHS, depthOf, FRESH } from './definition.ts'
import type { PrivilegeDepth, SecurityRole, SignedIn, SystemUser } from './inspection.ts'
import { guidOf, objectsOf } from './json.ts'
import { readIn } from './read.ts'

/** Every environment's System Administrator is made from this template (Dataverse: predefined security roles). */
const ADMINISTRATOR_TEMPLATE = '627090ff-40a3-4053-8790-584edc5be201'

/** Asks who we are, with the clocks of both sides. */
export async function signIn(connection: Connection, signal: AbortSignal): Promise<SignedIn> {
  const what = 'WhoAmI'
  const { clock } = connection
  const sentAtMs = clock.now()
  const request = { method: 'GET', path: what, what, repeatable: true, load: { kind: what, rows: 1 } } as const
  const reply = await answered(what, () => connection.send(request, signal))
  const json = objectOf(what, reply)
  const [userId, businessUnitId, organizationId] = ['UserId', 'BusinessUnitId', 'OrganizationId'].map((name) =>
    guidOf(json[name]),
  )
  if (userId === undefined || businessUnitId === undefined || organizationId === undefined)
    throw unanswered(what, 'an answer without its ids')
  const dateMs = Date.parse(reply.headers['date'] ?? '')
  return {
    userId,
    businessUnitId,
    organizationId,
    ...(Number.isNaN(dateMs) ? {} : { at: fromMilliseconds(dateMs) }),
    sentAtMs,
    answeredAtMs: clock.now(),
  }
}

/** The users that exist among `ids`. */
export async function users(connection: Connection, ids: readonly Guid[], signal: AbortSignal): Promise<SystemUser[]> {
  const query = {
    set: 'systemusers',
    primaryId: 'systemuserid',
    select: ['systemuserid', 'applicationid', 'isdisabled', 'fullname'],
    column: 'systemuserid',
    values: ids,
    guids: true,
    what: 'read systemuser',
  }
  return (await readIn(connection, query, signal)).rows.map(({ id, columns }) => ({
    id,
    isApplication: typeof columns['applicationid'] === 'string',
    disabled: columns['isdisabled'] === true,
    namedDidomi: /didomi/i.test(String(columns['fullname'] ?? '')),
  }))
}

/** Roles given to the user itself; those of teams are not among them. */
export async function roles(connection: Connection, userId: Guid, signal: AbortSignal): Promise<SecurityRole[]> {
  const path = `systemusers(${userId})/systemuserroles_association?$select=name,_roletemplateid_value`
  return objectsOf(await getObject(connection, path, 'read role', signal, FRESH), 'value').map((role) => ({
    name: typeof role['name'] === 'string' ? role['name'] : '',
    isAdministrator: guidOf(role['_roletemplateid_value']) === ADMINISTRATOR_TEMPLATE,
  }))
}

/** Which of these privileges the user holds, and how far they reach (Dataverse: RetrieveUserSetOfPrivilegesByNames). */
export async function privileges(
  connection: Connection,
  userId: Guid,
  names: readonly string[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, PrivilegeDepth>> {
  const message = 'RetrieveUserSetOfPrivilegesByNames'
  const list = encodeURIComponent(JSON.stringify(names))
  const path = `systemusers(${userId})/Microsoft.Dynamics.CRM.${message}(PrivilegeNames=@p1)?@p1=${list}`
  const json = await getObject(connection, path, message, signal, FRESH)
  const held = new Map<string, PrivilegeDepth>()
  for (const { PrivilegeName: name, Depth: depth } of objectsOf(json, 'RolePrivileges')) {
    // Several roles may give one privilege: the widest counts.
    const reach = depthOf(depth)
    if (typeof name !== 'string' || reach === undefined) continue
    const before = held.get(name)
    if (before === undefined || DEPTHS.indexOf(before) < DEPTHS.indexOf(reach)) held.set(name, reach)
  }
  return held
}
