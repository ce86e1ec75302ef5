/** An app registration's tokens by client credentials, from Entra ID or AD FS: one MSAL application, whose cache keeps them. */

import { ConfidentialClientApplication, type INetworkModule, type NodeAuthOptions } from '@azure/msal-node'
import type { ApiRoot } from './api-root.ts'
import type { Credential, GrantToken, RegistrationSettings } from './application-user.ts'
import { authorityFor } from './authority.ts'
import { readFederatedToken } from './federated-token.ts'
import { type TokenEndpointAway, tokenNetwork } from './token-network.ts'
import { grantOf, tokenFailure, tokenRefused } from './token-refusal.ts'

const REMEDIES: Readonly<Record<Credential['kind'], string>> = {
  secret: 'Check tenant, client id, secret (expired?), and authority.',
  certificate: 'Check tenant, client id, certificate (expired?), and authority.',
  'workload-identity':
    'Check tenant, client id, and that the registration has a federated credential for issuer, subject and audience of the token.',
}

function credentialOptions(credential: Credential): Partial<NodeAuthOptions> {
  switch (credential.kind) {
    case 'secret':
      return { clientSecret: credential.secret.reveal() }
    case 'certificate': {
      const { thumbprintSha256, privateKey, x5c } = credential
      return {
        clientCertificate: {
          thumbprintSha256: thumbprintSha256.replace(/:/g, ''),
          privateKey: privateKey.reveal(),
          ...(x5c === undefined ? {} : { x5c: x5c.reveal() }),
        },
      }
    }
    case 'workload-identity':
      return { clientAssertion: () => readFederatedToken(credential.tokenFile) }
  }
}

function openApplication(settings: RegistrationSettings, root: ApiRoot, networkClient: INetworkModule) {
  const { authorityMetadata, knownAuthorities, credential } = settings
  try {
    return new ConfidentialClientApplication({
      auth: {
        clientId: settings.clientId,
        authority: settings.authority ?? authorityFor(root.hostname, settings.tenantId),
        ...credentialOptions(credential),
        ...(authorityMetadata === undefined ? {} : { authorityMetadata }),
        ...(knownAuthorities === undefined ? {} : { knownAuthorities: [...knownAuthorities] }),
      },
      system: { networkClient, disableInternalRetries: true },
    })
  } catch (error) {
    throw tokenRefused(error, REMEDIES[credential.kind])
  }
}

/**
 * Opens a registration; `scope` ends in `/.default`. Calls must not overlap: they share what the network last told.
 * @throws CodedError `token-refused` for unusable credentials.
 */
export function openRegistration(
  settings: RegistrationSettings,
  root: ApiRoot,
  scope: string,
  timeoutMs: number,
): GrantToken {
  let away: TokenEndpointAway | undefined
  // MSAL takes a metadata request that broke for an authority that does not exist, so the network itself is asked.
  const network = tokenNetwork(timeoutMs, {
    onAway: (trouble) => {
      away = trouble
    },
  })
  const application = openApplication(settings, root, network)
  const remedy = REMEDIES[settings.credential.kind]
  return async (fresh) => {
    away = undefined
    try {
      const result = await application.acquireTokenByClientCredential({ scopes: [scope], skipCache: fresh })
      return grantOf(result)
    } catch (error) {
      throw tokenFailure(error, away, remedy)
    }
  }
}
