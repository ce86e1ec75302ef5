/** The role with the least that works: looks how it stands in the environment and, where asked to, makes it so. */

import type { TargetSettings } from '../src/config/settings.ts'
import type { Inspection } from '../src/dataverse/inspection.ts'
import type { RoleRegistry } from '../src/dataverse/roles.ts'
import { neededRole, withIds } from '../src/doctor/role.ts'
import { exitCode } from '../src/report/exit-code.ts'
import type { RoleReport, TargetRole } from '../src/report/role-report.ts'

export interface RolePorts {
  readonly inspection: Pick<Inspection, 'definition'>
  readonly roles: RoleRegistry
}

export interface RoleRequest {
  readonly name: string
  readonly create: boolean
  readonly targets: readonly TargetSettings[]
}

/**
 * Target by target, as each may be another environment; in one environment the role holds what any of them needs.
 * Repeated, it writes nothing. Exit 6 says that without `create` something is to be done.
 * @throws CodedError `forbidden`, `dataverse-rejects-request` where a privilege does not exist, …
 */
export async function role(
  portsOf: (target: TargetSettings) => RolePorts,
  { name, create, targets }: RoleRequest,
  signal: AbortSignal,
): Promise<RoleReport> {
  const stands: TargetRole[] = []
  for (const target of targets) {
    const { inspection, roles } = portsOf(target)
    const needed = await neededRole(inspection, target, signal)
    const unit = await roles.rootUnit(signal)
    const found = await roles.find(name, unit, signal)
    const held = found === undefined ? new Map<string, string>() : await roles.held(found, signal)
    const lacked = needed.filter((privilege) => held.get(privilege) !== 'Global')
    const beyond = [...held.keys()].filter((privilege) => !needed.includes(privilege)).sort()
    const told = { target: target.name, needed, lacked, beyond }
    if (!create || (found !== undefined && lacked.length === 0)) {
      stands.push({ ...told, role: found === undefined ? 'missing' : 'exists' })
      continue
    }
    // Looked up before anything is made: a role that cannot be filled is not left behind.
    const ids = withIds(lacked, await roles.privilegeIds(lacked, signal))
    await roles.add(found ?? (await roles.create(name, unit, signal)), ids, signal)
    stands.push({ ...told, role: found === undefined ? 'created' : 'exists' })
  }
  const pending = !create && stands.some(({ lacked }) => lacked.length > 0)
  return { version: 1, job: 'role', name, create, targets: stands, exitCode: exitCode(pending ? ['deferred'] : []) }
}
