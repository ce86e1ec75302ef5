/** Checked application users as written → as used: completed, paths absolute, secrets wrapped. */

import { resolve } from 'node:path'
import type { Credential, ManagedIdentitySettings, RegistrationSettings } from '../dataverse/application-user.ts'
import type { AuthenticationSettings } from '../dataverse/authentication.ts'
import { defect } from '../lib/errors.ts'
import {
  type Environment,
  identityChoice,
  platformAuthority,
  registrationParts,
  tokenFileOf,
} from './application-user.ts'
import { type WrittenUser, writtenUsers } from './authentication-schema.ts'
import type { IntegrationDocument } from './document.ts'
import { defaultAuthority, type Instance, parseInstance } from './instance.ts'
import { present } from './present.ts'
import type { WrittenTarget } from './schema.ts'
import { Secret } from './secret.ts'

/** What completes a target: relative paths lie in `folder`; `warn` takes what the operator should know. */
export interface TargetSurroundings {
  readonly env: Environment
  readonly folder: string
  readonly warn: (warning: string) => void
}

/** The one environment of a target, whose rules all hold. */
export function buildInstance({ authentication }: WrittenTarget, { credentials }: IntegrationDocument): Instance {
  const named = writtenUsers(authentication).find(({ instance }) => instance !== undefined)?.instance
  return (
    parseInstance(named ?? credentials.instance ?? '') ??
    defect('config/build', 'an instance that the rules let through')
  )
}

/** The application users of a target, whose rules all hold. */
export function buildAuthentication(
  target: WrittenTarget,
  document: IntegrationDocument,
  instance: Instance,
  surroundings: TargetSurroundings,
): readonly [AuthenticationSettings, ...AuthenticationSettings[]] {
  const users = writtenUsers(target.authentication)
  const registrations = users.filter(({ managedIdentity }) => managedIdentity === undefined)
  const unanswered = registrations.filter(
    (user) => (user.authority ?? platformAuthority(user, surroundings.env)) === undefined,
  )
  if (unanswered.length > 0 && !defaultAuthority(instance, '').known) {
    surroundings.warn(
      `target ${target.name}: the instance's host is of no known cloud, so tokens are asked of the public one; ` +
        'set authentication.authority for an on-premises server',
    )
  }
  const [first, ...rest] = users.map((user) => buildUser(user, document, instance, surroundings))
  return first === undefined ? defect('config/build', 'a target without an application user') : [first, ...rest]
}

function buildUser(
  user: WrittenUser,
  document: IntegrationDocument,
  instance: Instance,
  surroundings: TargetSurroundings,
): RegistrationSettings | ManagedIdentitySettings {
  const { scope } = instance
  if (user.managedIdentity !== undefined) {
    return { credential: { kind: 'managed-identity', identity: identityChoice(user.managedIdentity) }, scope }
  }
  const { tenantId = '', clientId = '' } = registrationParts(user, document, surroundings.env)
  const { authorityMetadata, knownAuthorities } = user
  return present({
    tenantId,
    clientId,
    credential: buildCredential(user, document, surroundings),
    authority: authorityOf(user, instance, tenantId, surroundings.env),
    authorityMetadata: typeof authorityMetadata === 'object' ? JSON.stringify(authorityMetadata) : authorityMetadata,
    knownAuthorities,
    scope,
  })
}

function authorityOf(user: WrittenUser, instance: Instance, tenantId: string, env: Environment): string {
  if (user.authority !== undefined) return user.authority
  const platform = platformAuthority(user, env)
  if (platform === undefined || platform === 'unusable') return defaultAuthority(instance, tenantId).url
  return `${platform.href.replace(/\/+$/, '')}/${encodeURIComponent(tenantId)}`
}

function buildCredential(
  user: WrittenUser,
  { credentials }: IntegrationDocument,
  { env, folder }: TargetSurroundings,
): Credential {
  const { certificate, clientSecret, workloadIdentity } = user
  if (workloadIdentity !== undefined) {
    const tokenFile = tokenFileOf(user, env) ?? defect('config/build', 'a token file that the rules let through')
    return { kind: 'workload-identity', tokenFile: resolve(folder, tokenFile) }
  }
  if (certificate === undefined) {
    return { kind: 'secret', secret: new Secret(clientSecret ?? credentials.client_secret ?? '') }
  }
  return present({
    kind: 'certificate' as const,
    privateKey: new Secret(certificate.privateKey),
    thumbprintSha256: certificate.thumbprintSha256,
    x5c: certificate.x5c === undefined ? undefined : new Secret(certificate.x5c),
  })
}
