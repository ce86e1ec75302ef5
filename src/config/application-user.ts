/** One application user: what the settings, the environment and the document say of it together. */

import type { WrittenUser } from './authentication-schema.ts'
import type { IntegrationDocument } from './document.ts'
import { parseSecureUrl } from './secure-url.ts'

/** The process's environment. */
export type Environment = Readonly<Record<string, string | undefined>>

/** What an app registration goes by; a part that nobody names is absent. */
export interface RegistrationParts {
  readonly tenantId: string | undefined
  readonly clientId: string | undefined
}

/**
 * Tenant and client: the settings' own; for a workload identity then what its platform set (Azure: workload identity
 * webhook), because that names whom the token was issued for; then the document's.
 */
export function registrationParts(
  user: WrittenUser,
  { credentials }: IntegrationDocument,
  env: Environment,
): RegistrationParts {
  const platform = (name: string) => (user.workloadIdentity === undefined ? undefined : variable(env, name))
  return {
    tenantId: user.tenantId ?? platform('AZURE_TENANT_ID') ?? credentials.tenant_id,
    clientId: user.clientId ?? platform('AZURE_CLIENT_ID') ?? credentials.client_id,
  }
}

/** The path of a workload's federated token, as far as somebody names one. */
export function tokenFileOf(user: WrittenUser, env: Environment): string | undefined {
  return user.workloadIdentity?.tokenFile ?? variable(env, 'AZURE_FEDERATED_TOKEN_FILE')
}

/** The authority's address that a workload's platform names: `undefined` where it names none, `'unusable'` where it is no https URL. */
export function platformAuthority(user: WrittenUser, env: Environment): URL | 'unusable' | undefined {
  const text = variable(env, 'AZURE_AUTHORITY_HOST')
  if (user.workloadIdentity === undefined || user.authority !== undefined || text === undefined) return undefined
  const url = parseSecureUrl(text)
  return url?.protocol === 'https:' ? url : 'unusable'
}

/** Which identity of the machine is meant, in the words of the ports. */
export function identityChoice({ clientId, resourceId, objectId }: NonNullable<WrittenUser['managedIdentity']>) {
  if (clientId !== undefined) return { clientId }
  if (resourceId !== undefined) return { resourceId }
  return objectId === undefined ? ('system-assigned' as const) : { objectId }
}

/** A text by which two users that are one and the same are told; `undefined` where there is none yet. */
export function userKey(user: WrittenUser, document: IntegrationDocument, env: Environment): string | undefined {
  if (user.managedIdentity === undefined) return registrationParts(user, document, env).clientId?.toLowerCase()
  const choice = identityChoice(user.managedIdentity)
  return (typeof choice === 'string' ? choice : Object.values(choice).join()).toLowerCase()
}

function variable(env: Environment, name: string): string | undefined {
  const value = env[name]?.trim()
  return value === '' ? undefined : value
}
