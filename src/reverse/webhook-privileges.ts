/** Which privileges a look, or a list of changes, needs; and the error that names those that are missing. */

import { REGISTRATION_TABLES, type WebhookRegistry } from '../dataverse/webhooks.ts'
import { CodedError } from '../lib/errors.ts'
import type { RegistrationChange } from './webhook-registration.ts'

const VERBS = { create: 'Create', update: 'Write', remove: 'Delete' } as const

/** To look at all: also where the message and its table are looked up. */
const READING = [
  ...Object.values(REGISTRATION_TABLES).map(({ schemaName }) => `prvRead${schemaName}`),
  ...['prvReadSdkMessage', 'prvReadSdkMessageFilter'],
]

/** To look at system jobs; nothing else goes wrong without it. */
export const READ_JOBS = 'prvReadAsyncOperation'

/** Everything that may be needed. */
const ALL = [
  ...READING,
  ...Object.values(REGISTRATION_TABLES).flatMap(({ schemaName }) =>
    Object.values(VERBS).map((verb) => `prv${verb}${schemaName}`),
  ),
  READ_JOBS,
]

/** Asks once which of all privileges are held. @throws CodedError `forbidden` where a look is not allowed */
export async function privilegesToLook(registry: WebhookRegistry, signal: AbortSignal): Promise<ReadonlySet<string>> {
  const held = await registry.privilegesHeld(ALL, signal)
  demand(READING, held)
  return held
}

/** What the changes need that is not held, sorted. */
export function missingPrivileges(changes: readonly RegistrationChange[], held: ReadonlySet<string>): string[] {
  const needed = changes.map(({ verb, table }) => `prv${VERBS[verb]}${REGISTRATION_TABLES[table].schemaName}`)
  return [...new Set(needed)].filter((name) => !held.has(name)).sort()
}

/** @throws CodedError `forbidden` naming every privilege that is missing for the changes */
export function demandPrivileges(changes: readonly RegistrationChange[], held: ReadonlySet<string>): void {
  demand(missingPrivileges(changes, held), held)
}

function demand(needed: readonly string[], held: ReadonlySet<string>): void {
  const missing = needed.filter((name) => !held.has(name))
  if (missing.length === 0) return
  throw new CodedError('forbidden', [
    {
      where: "the application user's roles",
      found: `no ${missing.join(', ')}`,
      expected: 'them, at depth Organization',
      remedy:
        'Add them to a role of the application user; or give it System Administrator for this one step, and take that away again afterwards.',
    },
  ])
}
