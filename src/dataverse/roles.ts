/** The port to security roles: found, made, and given privileges; and its adapter over a connection. */

import { answered, type Connection, getObject, refusal, unanswered } from './connection.ts'
import type { Guid } from './dataverse.ts'
import { depthOf, FRESH } from './definition.ts'
import { parseApiError } from './errors.ts'
import type { PrivilegeDepth } from './inspection.ts'
import { guidOf, objectsOf } from './json.ts'
import { named } from './read.ts'
import {
  addCall,
  createRoleCall,
  findRoleCall,
  heldCall,
  privilegesCall,
  type RoleCall,
  rootUnitCall,
} from './role-calls.ts'
import type { Reply } from './send.ts'

/** Every member throws `CodedError`: `forbidden`, `dataverse-rejects-request`, `dataverse-unavailable`, … */
export interface RoleRegistry {
  rootUnit(signal: AbortSignal): Promise<Guid>
  /** Nothing where the unit has no role of this name. */
  find(name: string, unit: Guid, signal: AbortSignal): Promise<Guid | undefined>
  held(role: Guid, signal: AbortSignal): Promise<ReadonlyMap<string, PrivilegeDepth>>
  /** Ids of the privileges that exist, by name. */
  privilegeIds(names: readonly string[], signal: AbortSignal): Promise<ReadonlyMap<string, Guid>>
  /** Never repeated: a look finds what an answer that was lost left behind. */
  create(name: string, unit: Guid, signal: AbortSignal): Promise<Guid>
  /** Adds them at the depth of the organization; doing it twice does no harm. */
  add(role: Guid, privileges: readonly Guid[], signal: AbortSignal): Promise<void>
}

/** The port over a connection. */
export function rolesOver(connection: Connection): RoleRegistry {
  const read = (call: RoleCall, what: string, signal: AbortSignal) =>
    getObject(connection, call.path, what, signal, FRESH)
  return {
    async rootUnit(signal) {
      const what = 'read the root business unit'
      const [unit] = objectsOf(await read(rootUnitCall(), what, signal), 'value')
      return guidOf(unit?.['businessunitid']) ?? unexpected(what, 'no business unit without a parent')
    },
    async find(name, unit, signal) {
      const [role] = objectsOf(await read(findRoleCall(name, unit), 'look for the role', signal), 'value')
      return guidOf(role?.['roleid'])
    },
    async held(role, signal) {
      const json = await read(heldCall(role), 'read the privileges of the role', signal)
      return new Map(
        objectsOf(json, 'RolePrivileges').flatMap(({ PrivilegeName: name, Depth }) => {
          const depth = depthOf(Depth)
          return typeof name === 'string' && depth !== undefined ? [[name, depth] as const] : []
        }),
      )
    },
    async privilegeIds(names, signal) {
      const asked = names.map((name) => named(name, 'privilege'))
      const json = await read(privilegesCall(asked), 'look up privileges', signal)
      return new Map(
        objectsOf(json, 'value').flatMap(({ name, privilegeid }) => {
          const id = guidOf(privilegeid)
          return typeof name === 'string' && id !== undefined ? [[name, id] as const] : []
        }),
      )
    },
    ...writing(connection),
  }
}

function writing(connection: Connection): Pick<RoleRegistry, 'create' | 'add'> {
  const send = async (call: RoleCall, what: string, repeatable: boolean, signal: AbortSignal): Promise<Reply> => {
    const request = {
      method: call.method,
      path: call.path,
      what,
      repeatable,
      writes: 1,
      body: JSON.stringify(call.body),
    }
    const reply = await answered(what, () => connection.send(request, signal))
    if (reply.status >= 200 && reply.status < 300) return reply
    throw refusal(what, parseApiError(reply.status, reply.body))
  }
  return {
    async create(name, unit, signal) {
      const what = 'create the role'
      const reply = await send(createRoleCall(name, unit), what, false, signal)
      const id = guidOf(/\(([0-9a-fA-F-]{36})\)$/.exec(reply.headers['odata-entityid'] ?? '')?.[1])
      return id ?? unexpected(what, 'an answer without the id of the new row')
    },
    async add(role, privileges, signal) {
      await send(addCall(role, privileges), 'add privileges to the role', true, signal)
    },
  }
}

function unexpected(what: string, found: string): never {
  throw unanswered(what, found)
}
