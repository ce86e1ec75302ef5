/** Tokens of an identity that Azure gives this machine, from the endpoint the platform names or from the metadata address. */

import { ManagedIdentityApplication, type ManagedIdentityIdParams } from '@azure/msal-node'
import type { GrantToken, IdentityChoice, ManagedIdentitySettings } from './application-user.ts'
import { isIdentityEndpoint, tokenNetwork } from './token-network.ts'
import { grantOf, tokenFailure, tokenRefused } from './token-refusal.ts'

const REMEDY =
  'Check that this machine has the managed identity, and that the identity is an application user of the environment.'

/**
 * Azure: 404 and 410 while an identity is made ready or the metadata service is updated, 408 where it is busy; all
 * pass. (An identity that is not assigned is a 400.)
 */
const PASSING_STATUSES: readonly number[] = [404, 408, 410]

function idParams(identity: IdentityChoice): ManagedIdentityIdParams | undefined {
  if (identity === 'system-assigned') return undefined
  if ('clientId' in identity) return { userAssignedClientId: identity.clientId }
  if ('resourceId' in identity) return { userAssignedResourceId: identity.resourceId }
  return { userAssignedObjectId: identity.objectId }
}

/**
 * Opens a managed identity. MSAL finds the endpoint in the process's environment (App Service, Container Apps, Arc, …;
 * else the metadata address of a virtual machine) at the first request, and keeps it, our network and the tokens for the
 * whole process: so the network is that of the identity opened first, and tells what is wrong by what it throws alone.
 * @throws CodedError `token-refused` for an endpoint in the environment that is no URL.
 */
export function openManagedIdentity(
  { credential }: ManagedIdentitySettings,
  scope: string,
  timeoutMs: number,
): GrantToken {
  const managedIdentityIdParams = idParams(credential.identity)
  const networkClient = tokenNetwork(timeoutMs, { isAllowed: isIdentityEndpoint, passing: PASSING_STATUSES })
  const application = openApplication({
    ...(managedIdentityIdParams === undefined ? {} : { managedIdentityIdParams }),
    system: { networkClient, disableInternalRetries: true },
  })
  return async (fresh) => {
    try {
      return grantOf(await application.acquireToken({ resource: scope, forceRefresh: fresh }))
    } catch (error) {
      throw tokenFailure(error, undefined, REMEDY)
    }
  }
}

function openApplication(configuration: ConstructorParameters<typeof ManagedIdentityApplication>[0]) {
  try {
    return new ManagedIdentityApplication(configuration)
  } catch (error) {
    throw tokenRefused(error, REMEDY)
  }
}
