/** The token endpoint of an identity provider, and the check of bearer tokens at the service's door. */
import { randomBytes } from 'node:crypto'
import { ApiError } from './api-error.ts'
import { type ApiReply, jsonReply } from './api-message.ts'
import type { Identity } from './identity.ts'
import { statusReply } from './scripted-reply.ts'
import type { DataverseState, Registration } from './state.ts'

interface IssuedToken {
  readonly appId: string
  readonly audience: string
  /** On a clock that no test can shift. */
  readonly expiresAtMs: number
}

/** What the token endpoint needs of an HTTP request; `path` starts with a slash. */
export interface AuthRequest {
  readonly method: string
  readonly path: string
  readonly body: string
}

/** Issues opaque bearer tokens and knows the ones it issued. */
export class TokenOffice {
  readonly #state: DataverseState
  /** Milliseconds that only grow: tokens do not age when a test shifts the environment's clock. */
  readonly #uptime: () => number
  readonly #issued = new Map<string, IssuedToken>()

  constructor(state: DataverseState, uptime: () => number) {
    this.#state = state
    this.#uptime = uptime
  }

  /** Answers discovery and token requests; undefined for any other path. `origin` is this server's. */
  answer(request: AuthRequest, origin: string): ApiReply | undefined {
    const { path } = request
    if (path === '/common/discovery/instance') return discovery(origin)
    const configuration = /^\/([\w.-]+)\/v2\.0\/\.well-known\/openid-configuration$/.exec(path)?.[1]
    if (configuration !== undefined) return openIdConfiguration(origin, configuration)
    const tenant = /^\/([\w.-]+)\/oauth2(?:\/v2\.0)?\/token$/.exec(path)?.[1]
    return tenant === undefined ? undefined : this.#token(request, tenant, origin)
  }

  /** Makes every token that was issued so far worthless, as a rotated key would. */
  expireAll(): void {
    this.#issued.clear()
  }

  /** Who the bearer is. Throws 401 without a valid token, 403 `0x80072560` where the app has no user here. */
  identify(authorization: string | undefined, origin: string): Identity {
    const token = /^Bearer (.+)$/i.exec(authorization ?? '')?.[1]
    const issued = this.#issued.get(token ?? '')
    if (issued === undefined || issued.expiresAtMs <= this.#uptime() || !sameHost(issued.audience, origin)) {
      throw new ApiError(401, '', 'Access is denied: the bearer token is missing, expired or for another resource.')
    }
    const identity = this.#state.registrations.get(issued.appId)?.identity
    if (identity === undefined) throw new ApiError(403, '0x80072560', 'The user is not a member of the organization.')
    return identity
  }

  #token(request: AuthRequest, tenant: string, origin: string): ApiReply {
    const { counters, faults, settings } = this.#state
    counters.tokenCalls++
    const subject = { ...request, message: 'Token', target: request.path, isWrite: false, targets: () => 0 }
    for (const action of faults.take(subject, (kind) => kind === 'token-reject' || kind === 'status')) {
      if (action.kind === 'status') return statusReply(action)
      return refusal(401, 'invalid_client', 'AADSTS7000215: Invalid client secret provided.')
    }
    const form = new URLSearchParams(request.body)
    if (request.method !== 'POST' || form.get('grant_type') !== 'client_credentials') {
      return refusal(400, 'unsupported_grant_type', 'AADSTS70003: Only client_credentials is supported.')
    }
    if (settings.tenant !== undefined && tenant !== settings.tenant && tenant !== 'adfs') {
      return refusal(400, 'invalid_request', `AADSTS90002: Tenant not found.`)
    }
    const registration = this.#state.registrations.get(form.get('client_id') ?? '')
    if (registration === undefined) {
      return refusal(400, 'unauthorized_client', 'AADSTS700016: Application was not found in the directory.')
    }
    if (!proves(form, registration)) {
      return refusal(401, 'invalid_client', 'AADSTS7000215: Invalid client secret provided.')
    }
    const scope = form.get('scope') ?? `${form.get('resource') ?? ''}/.default`
    if (!scope.endsWith('/.default')) return refusal(400, 'invalid_scope', 'AADSTS70011: The scope is not valid.')
    return this.#issue(registration, scope.replace(/\/+\.default$/, ''), origin)
  }

  #issue({ appId }: Registration, audience: string, origin: string): ApiReply {
    const seconds = this.#state.settings.tokenSeconds
    const expiresAtMs = this.#uptime() + seconds * 1_000
    const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
    const claims = { aud: audience, iss: origin, appid: appId, jti: randomBytes(8).toString('hex') }
    const token = `${part({ typ: 'JWT', alg: 'none' })}.${part(claims)}.${randomBytes(16).toString('base64url')}`
    this.#issued.set(token, { appId, audience, expiresAtMs })
    this.#state.counters.tokensIssued++
    return jsonReply(200, { token_type: 'Bearer', expires_in: seconds, ext_expires_in: seconds, access_token: token })
  }
}

/** A secret must be right; an assertion's signature is not checked, only that one is there. */
function proves(form: URLSearchParams, registration: Registration): boolean {
  const assertion = form.get('client_assertion')
  if (assertion !== null) {
    return (
      assertion.split('.').length === 3 &&
      form.get('client_assertion_type') === 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'
    )
  }
  return form.get('client_secret') === registration.secret
}

function sameHost(audience: string, origin: string): boolean {
  try {
    return new URL(audience).port === new URL(origin).port
  } catch {
    return false
  }
}

function refusal(status: number, error: string, description: string): ApiReply {
  return jsonReply(status, {
    error,
    error_description: description,
    error_codes: [Number(/\d+/.exec(description)?.[0])],
  })
}

function openIdConfiguration(origin: string, tenant: string): ApiReply {
  return jsonReply(200, {
    token_endpoint: `${origin}/${tenant}/oauth2/v2.0/token`,
    authorization_endpoint: `${origin}/${tenant}/oauth2/v2.0/authorize`,
    end_session_endpoint: `${origin}/${tenant}/oauth2/v2.0/logout`,
    jwks_uri: `${origin}/${tenant}/discovery/v2.0/keys`,
    issuer: `${origin}/${tenant}/v2.0`,
    token_endpoint_auth_methods_supported: ['client_secret_post', 'private_key_jwt'],
  })
}

function discovery(origin: string): ApiReply {
  const { host } = new URL(origin)
  return jsonReply(200, {
    tenant_discovery_endpoint: `${origin}/common/v2.0/.well-known/openid-configuration`,
    'api-version': '1.1',
    metadata: [{ preferred_network: host, preferred_cache: host, aliases: [host] }],
  })
}
