/** What `doctor role` found and did, as JSON and as text. */

/** What stands of the role for one target. No identifier of a person is in it. */
export interface TargetRole {
  readonly target: string
  /** `missing`: not there, and not made, because nobody asked for it. */
  readonly role: 'exists' | 'created' | 'missing'
  /** All that the target needs. */
  readonly needed: readonly string[]
  /** What the role lacked. */
  readonly lacked: readonly string[]
  /** What the role holds that this target does not need: of other targets, of the platform's own, of somebody else's. */
  readonly beyond: readonly string[]
}

export interface RoleReport {
  readonly version: 1
  readonly job: 'role'
  readonly name: string
  /** Whether anything was to be written. */
  readonly create: boolean
  readonly targets: readonly TargetRole[]
  readonly exitCode: number
}

/** A few lines for a person to read. */
export function roleText({ name, create, targets }: RoleReport): string {
  const lines = targets.flatMap(({ target, role, needed, lacked, beyond }) => [
    `target ${target}: the role "${name}" ${STANDING[role]}; ${standingOf(needed.length, lacked.length, create)}`,
    ...lacked.map((privilege) => `  ${create ? '+' : 'to add:'} ${privilege}`),
    ...(beyond.length > 0 ? [`  not needed here: ${beyond.join(', ')}`] : []),
  ])
  const pending = !create && targets.some(({ lacked }) => lacked.length > 0)
  const next = pending
    ? 'Nothing was written: run again with --create, or let somebody send what --print shows.'
    : 'Give the role to the application user, if it has it not: Power Platform admin center, Application users, Edit security roles.'
  return [...lines, next].join('\n')
}

const STANDING = { exists: 'exists', created: 'was created', missing: 'does not exist' } as const

function standingOf(needed: number, lacked: number, create: boolean): string {
  if (lacked === 0) return `it holds all ${needed} privileges`
  return create ? `${lacked} of ${needed} privileges were added` : `${lacked} of ${needed} privileges are missing`
}
