/** May we do what the configuration will ask for? Every privilege that is missing is named. */

import type { TargetSettings } from '../config/settings.ts'
import type { PrivilegeDepth } from '../dataverse/inspection.ts'
import { type Check, type Finding, failed, failures, orOk, warning } from './finding.ts'
import { mappedIds, type TargetWorld } from './target-world.ts'

type Verb = 'Create' | 'Read' | 'Write' | 'Append' | 'AppendTo' | 'Assign'

/** A privilege, and why it is needed. */
interface Need {
  readonly verb: Verb
  readonly table: string
  /** A shorter reach hides rows: refusals among them would be overlooked. */
  readonly wholeOrganization: boolean
}

/** What a target's deliveries do (Dataverse: security privileges; semantics §5, §6). */
export function privilegesNeeded(target: TargetSettings): readonly Need[] {
  const need = (table: string, ...verbs: readonly Verb[]): Need[] =>
    verbs.map((verb) => ({ verb, table, wholeOrganization: verb === 'Read' }))
  const contacts = need('contact', 'Read', ...(target.upsert ? (['Create'] as const) : []))
  if (target.mode === 'contact') return [...contacts, ...need('contact', 'Write')]
  const { consent, purpose, topic } = target.tables
  const owned = target.owner === 'default' ? [] : need(consent, 'Assign')
  const topics = mappedIds(target, 'topic').length > 0 ? need(topic, 'Read', 'AppendTo') : []
  return [
    ...contacts,
    ...need(consent, 'Read', 'Create', 'Write', 'Append'),
    ...owned,
    ...need(purpose, 'Read', 'AppendTo'),
    ...topics,
  ]
}

/** What metadata and bulk messages are found out with. Whatever is missing of it, other checks show what comes of that. */
export const METADATA_PRIVILEGES = [
  'prvReadEntity',
  'prvReadAttribute',
  'prvReadOptionSet',
  'prvReadRelationship',
  'prvReadSdkMessage',
  'prvReadSdkMessageFilter',
]

/** The privileges of a role with the least that works; schema names by table, tables without one are left out. */
export function privilegeNames(target: TargetSettings, schemaNames: ReadonlyMap<string, string>): string[] {
  return [...METADATA_PRIVILEGES, ...withNames(privilegesNeeded(target), schemaNames).map(({ name }) => name)]
}

function withNames(needs: readonly Need[], schemaNames: ReadonlyMap<string, string>) {
  return needs.flatMap((need) => {
    const schemaName = schemaNames.get(need.table)
    return schemaName === undefined ? [] : [{ ...need, name: `prv${need.verb}${schemaName}` }]
  })
}

const privileges: Check<TargetWorld> = {
  id: 'privileges',
  title: 'privileges',
  needs: ['user'],
  run: async (world, signal) => {
    const { inspection } = world.dataverse
    const needs = privilegesNeeded(world.target)
    const schemaNames = new Map<string, string>()
    const findings: Finding[] = []
    try {
      for (const name of new Set(needs.map(({ table }) => table))) {
        // A table that is missing is another check's to tell.
        const definition = await inspection.definition(name, signal)
        if (definition !== undefined) schemaNames.set(name, definition.schemaName)
      }
    } catch (error) {
      findings.push(...failures(error))
    }
    const named = withNames(needs, schemaNames)
    for (let user = 0; user < inspection.userCount; user += 1) {
      const { userId } = await world.signIn(user, signal)
      const names = [...METADATA_PRIVILEGES, ...named.map(({ name }) => name)]
      const held = await inspection.privileges(user, userId, names, signal)
      const of = inspection.userCount === 1 ? '' : `user ${user + 1}: `
      findings.push(...METADATA_PRIVILEGES.filter((name) => !held.has(name)).map((name) => unread(of, name)))
      findings.push(...named.flatMap((need) => judged(need, held.get(need.name), of)))
    }
    const count = METADATA_PRIVILEGES.length + named.length
    return orOk(findings, `${count} of ${count} held`)
  },
}

const unread = (of: string, name: string): Finding =>
  warning(`${of}${name} is missing`, `Give the application user a role with ${name}: metadata is read with it.`)

function judged(need: Need & { readonly name: string }, depth: PrivilegeDepth | undefined, of: string): Finding[] {
  const { name, table, wholeOrganization } = need
  const remedy = `Give the application user a role with ${name} at depth Organization: see didomi-dataverse doctor role.`
  if (depth === undefined) return [failed('authorisation', `${of}${name} is missing (table ${table})`, remedy)]
  if (depth === 'Global') return []
  const found = `${of}${name} reaches no further than ${REACH[depth]}`
  if (wholeOrganization) return [failed('authorisation', `${found}: rows of others would be overlooked`, remedy)]
  return [warning(found, remedy)]
}

const REACH: Readonly<Record<PrivilegeDepth, string>> = {
  Basic: 'its own rows',
  Local: 'its business unit',
  Deep: 'its business unit and those below',
  Global: 'the organization',
}

export const PRIVILEGE_CHECKS: readonly Check<TargetWorld>[] = [privileges]
