/** Tokens by client credentials from Entra ID or AD FS: one MSAL application, one token request at a time. */

import { AuthError, ConfidentialClientApplication, type INetworkModule, type NodeAuthOptions } from '@azure/msal-node'
import { CodedError } from '../lib/errors.ts'
import type { ApiRoot } from './api-root.ts'
import { authorityFor } from './authority.ts'
import { NoAnswer } from './send.ts'
import type { TokenSource } from './token.ts'
import { type TokenEndpointAway, tokenNetwork } from './token-network.ts'

/** A secret that shows itself only when asked: it cannot be logged by accident. */
export interface Secret {
  reveal(): string
}

export type Credential =
  | { readonly kind: 'secret'; readonly secret: Secret }
  | {
      readonly kind: 'certificate'
      /** SHA-256 of the certificate, hex. */
      readonly thumbprintSha256: string
      /** PEM. */
      readonly privateKey: Secret
      /** The certificate chain in PEM, where the authority wants it sent. */
      readonly x5c?: string
    }

export interface AuthenticationSettings {
  readonly tenantId: string
  readonly clientId: string
  readonly credential: Credential
  /** A whole authority URL instead of the one derived from the environment's host; AD FS: `https://…/adfs/`. */
  readonly authority?: string
  /** OpenID metadata of the authority as JSON text, so that it is not asked for. */
  readonly authorityMetadata?: string
  /** Host names of authorities that Microsoft does not know. */
  readonly knownAuthorities?: readonly string[]
  /** Instead of `<environment>/.default`. */
  readonly scope?: string
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
          ...(x5c === undefined ? {} : { x5c }),
        },
      }
    }
  }
}

/** MSAL's error with its code and Entra's number only: the text holds ids and may echo what was sent. */
function refused(error: unknown): CodedError {
  const code = error instanceof AuthError ? error.errorCode : 'unknown'
  const entra = error instanceof AuthError ? /AADSTS\d{4,8}|MSIS\d{4,5}/.exec(error.errorMessage)?.[0] : undefined
  const name = /^[\w.-]{1,60}$/.test(code) ? code : 'unknown'
  return new CodedError('token-refused', [
    {
      where: 'authentication',
      found: entra === undefined ? name : `${name} (${entra})`,
      expected: 'a token for the application user',
      remedy: 'Check tenant, client id, secret or certificate (expired?), and authority.',
    },
  ])
}

/** The one MSAL application: its token cache lives in it. @throws CodedError `token-refused` for unusable credentials. */
function openApplication(settings: AuthenticationSettings, root: ApiRoot, networkClient: INetworkModule) {
  const { authorityMetadata, knownAuthorities } = settings
  try {
    return new ConfidentialClientApplication({
      auth: {
        clientId: settings.clientId,
        authority: settings.authority ?? authorityFor(root.hostname, settings.tenantId),
        ...credentialOptions(settings.credential),
        ...(authorityMetadata === undefined ? {} : { authorityMetadata }),
        ...(knownAuthorities === undefined ? {} : { knownAuthorities: [...knownAuthorities] }),
      },
      system: { networkClient, disableInternalRetries: true },
    })
  } catch (error) {
    throw refused(error)
  }
}

/** Waits for a promise that others share, but no longer than the signal allows. */
function untilAborted<T>(shared: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason)
    const stop = () => reject(signal.reason)
    signal.addEventListener('abort', stop, { once: true })
    shared.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop))
  })
}

/**
 * Opens the token source of one application user. MSAL keeps the token and renews it five minutes early; it does not
 * coalesce callers, so one call at a time goes to it and all wait for the same answer.
 * @throws CodedError `token-refused` here or from `token`; from `token` also `NoAnswer` (nothing was sent to Dataverse).
 */
export function openTokens(settings: AuthenticationSettings, root: ApiRoot, timeoutMs: number): TokenSource {
  let away: TokenEndpointAway | undefined
  const network = tokenNetwork(timeoutMs, (trouble) => {
    away = trouble
  })
  const application = openApplication(settings, root, network)
  const scopes = [settings.scope ?? `${root.origin}/.default`]
  let refusedToken: string | undefined
  let flight: Promise<string> | undefined

  async function ask(skipCache: boolean): Promise<string> {
    away = undefined
    try {
      const result = await application.acquireTokenByClientCredential({ scopes, skipCache })
      if (result === null || result.accessToken === '') throw refused(undefined)
      return result.accessToken
    } catch (error) {
      if (away !== undefined) throw new NoAnswer('token', false, { cause: away })
      throw error instanceof CodedError ? error : refused(error)
    }
  }

  async function acquire(): Promise<string> {
    const token = await ask(false)
    return token === refusedToken ? ask(true) : token
  }

  return {
    token: (signal) => {
      const shared = flight ?? acquire()
      flight = shared
      const land = () => {
        if (flight === shared) flight = undefined
      }
      shared.then(land, land)
      return untilAborted(shared, signal)
    },
    // Many requests may be refused with one token; only the first of them lets a fresh one be fetched. A flight that
    // is under way may bring the refused token, so it is not waited for.
    forget: (token) => {
      if (token === refusedToken) return
      refusedToken = token
      flight = undefined
    },
  }
}
