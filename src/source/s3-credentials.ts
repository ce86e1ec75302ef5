/** Who we are to S3: the SDK's default chain, or a role that is assumed with it. */

import type { S3ClientConfig } from '@aws-sdk/client-s3'
import { fromNodeProviderChain, fromTemporaryCredentials } from '@aws-sdk/credential-providers'

import type { AssumedRole } from '../config/settings.ts'
import { CredentialsTrouble } from './s3-failure.ts'

type Provider = ReturnType<typeof fromNodeProviderChain>
type ClientPlugins = NonNullable<Parameters<typeof fromTemporaryCredentials>[0]['clientPlugins']>

/** The credentials of one client, and the way to have them looked for anew. */
export interface S3Credentials {
  readonly provide: NonNullable<S3ClientConfig['credentials']>
  /** Forgets everything known, files read before included; the next request asks again. */
  forget(): void
}

export interface CredentialSettings {
  readonly region?: string
  readonly assumeRole?: AssumedRole
  readonly logger: NonNullable<S3ClientConfig['logger']>
  /** How the clients of the token service reach it. */
  readonly requestHandler: NonNullable<S3ClientConfig['requestHandler']>
  /** What guards the client of the token service. */
  readonly clientPlugins: ClientPlugins
}

/**
 * The SDK keeps what `provide` gives and asks again five minutes before it expires, so that long runs outlive a role's
 * session. Troubles are thrown as `CredentialsTrouble`. The token service is that of the region, or where
 * `AWS_ENDPOINT_URL_STS` points (AWS: service-specific endpoints).
 */
export function s3Credentials(settings: CredentialSettings): S3Credentials {
  const origin = settings.assumeRole === undefined ? 'credentials' : 'role'
  let current = search(settings, false)
  return {
    provide: async (properties?: Record<string, unknown>) => {
      try {
        return await current(properties)
      } catch (error) {
        throw new CredentialsTrouble(origin, error)
      }
    },
    forget: () => {
      current = search(settings, true)
    },
  }
}

function search(
  { region, assumeRole, logger, clientPlugins, requestHandler }: CredentialSettings,
  ignoreCache: boolean,
): Provider {
  const clientConfig = { logger, requestHandler, ...(region !== undefined && { region }) }
  const chain = fromNodeProviderChain({ logger, ignoreCache, clientConfig })
  if (assumeRole === undefined) return chain
  return fromTemporaryCredentials({
    masterCredentials: chain,
    params: {
      RoleArn: assumeRole.roleArn,
      RoleSessionName: assumeRole.sessionName,
      DurationSeconds: assumeRole.durationSeconds,
      ...(assumeRole.externalId !== undefined && { ExternalId: assumeRole.externalId }),
    },
    // Repeating is the connection's business.
    clientConfig: { ...clientConfig, maxAttempts: 1 },
    clientPlugins,
    logger,
  })
}
