/** The token endpoint of an identity provider, and the check of bearer tokens at the service's door. */
import { randomBytes } from 'node:crypto'
import { ApiError } from './api-error.ts'
import type { ApiReply } from './api-message.ts'
import { tally } from './counters.ts'
import { discoveryReply } from './entra-discovery.ts'
import { refuteProof } from './entra-proof.ts'
import { invalidClient, invalidRequest, oauthReply, type Refusal, refuse } from './entra-refusal.ts'
import type { Identity } from './identity.ts'
import { statusReply } from './scripted-reply.ts'
import type { DataverseState, Registration } from './state.ts'

interface IssuedToken {
  readonly appId: string
  readonly audience: string
  /** On a clock that no test can shift. */
  readonly expiresAtMs: number
}

/** What the token endpoint needs of an HTTP request; `path` starts with a slash, header names are in lower case. */
export interface AuthRequest {
  readonly method: string
  readonly path: string
  readonly body: string
  readonly headers?: ReadonlyMap<string, string>
}

/** The clocks of an identity provider, which no shift and no scale of the environment touches. */
export interface TokenClocks {
  /** Milliseconds that only grow: tokens age by it. */
  readonly uptime: () => number
  /** Milliseconds since the epoch, by which assertions, secrets and certificates end. */
  readonly now: () => number
}

/** What one application asked for and got; refusals by Entra's code. */
export interface TokenFigures {
  asked: number
  issued: number
  readonly refused: Record<string, number>
}

/** A token endpoint as a request addresses it. */
interface Endpoint {
  readonly tenant: string
  readonly origin: string
  /** The older endpoint names a `resource` instead of a scope and answers numbers as texts. */
  readonly isV1: boolean
}

/** Issues opaque bearer tokens and knows the ones it issued. */
export class TokenOffice {
  readonly #state: DataverseState
  readonly #clocks: TokenClocks
  readonly #issued = new Map<string, IssuedToken>()
  readonly #figures = new Map<string, TokenFigures>()

  constructor(state: DataverseState, clocks: TokenClocks) {
    this.#state = state
    this.#clocks = clocks
  }

  /** Answers discovery and token requests; undefined for any other path. `origin` is this server's. */
  async answer(request: AuthRequest, origin: string): Promise<ApiReply | undefined> {
    const [, tenant, version] = /^\/([\w.-]+)\/oauth2(\/v2\.0)?\/token$/.exec(request.path) ?? []
    if (tenant === undefined) return discoveryReply(request.path, origin)
    return this.#token(request, { tenant, origin, isV1: version === undefined })
  }

  /** Makes every token that was issued so far worthless, as a rotated key would. */
  expireAll(): void {
    this.#issued.clear()
  }

  /** Makes the tokens of one application worthless; how many those were. */
  revoke(appId: string): number {
    let revoked = 0
    for (const [token, issued] of this.#issued) {
      if (issued.appId === appId && this.#issued.delete(token)) revoked++
    }
    return revoked
  }

  /** By application id, also those that nobody registered. */
  figures(): Readonly<Record<string, TokenFigures>> {
    return structuredClone(Object.fromEntries(this.#figures))
  }

  /** Who the bearer is. Throws 401 without a valid token, 403 `0x80072560` where the app has no user here. */
  identify(authorization: string | undefined, origin: string): Identity {
    const token = /^Bearer (.+)$/i.exec(authorization ?? '')?.[1]
    const issued = this.#issued.get(token ?? '')
    if (issued === undefined || issued.expiresAtMs <= this.#clocks.uptime() || !sameHost(issued.audience, origin)) {
      throw new ApiError(401, '', 'Access is denied: the bearer token is missing, expired or for another resource.')
    }
    const identity = this.#state.registrations.get(issued.appId)?.identity
    if (identity === undefined) throw new ApiError(403, '0x80072560', 'The user is not a member of the organization.')
    return identity
  }

  async #token(request: AuthRequest, endpoint: Endpoint): Promise<ApiReply> {
    const { counters, faults } = this.#state
    counters.tokenCalls++
    const form = new URLSearchParams(request.body)
    const figures = this.#figuresOf(form.get('client_id') ?? '')
    figures.asked++
    const subject = { ...request, message: 'Token', target: request.path, isWrite: false, targets: () => 0 }
    const [fault] = faults.take(subject, (kind) => kind === 'token-reject' || kind === 'status')
    if (fault?.kind === 'status') return statusReply(fault)
    const refusal =
      fault === undefined
        ? await this.#refute(request.method, form, endpoint)
        : invalidClient(7000215, 'Invalid client secret provided.')
    const registration = this.#state.registrations.get(form.get('client_id') ?? '')
    if (refusal === undefined && registration !== undefined) {
      figures.issued++
      return this.#issue(registration, audienceIn(form) ?? '', endpoint)
    }
    const { code } = refusal ?? UNKNOWN_APP
    tally(figures.refused, String(code))
    return refuse(refusal ?? UNKNOWN_APP, {
      correlationId: request.headers?.get('client-request-id'),
      now: this.#clocks.now(),
      style: endpoint.tenant === 'adfs' ? 'adfs' : 'entra',
    })
  }

  #figuresOf(appId: string): TokenFigures {
    const known = this.#figures.get(appId)
    if (known !== undefined) return known
    const fresh: TokenFigures = { asked: 0, issued: 0, refused: {} }
    this.#figures.set(appId, fresh)
    return fresh
  }

  async #refute(method: string, form: URLSearchParams, { tenant, origin }: Endpoint): Promise<Refusal | undefined> {
    const { settings, registrations } = this.#state
    if (method !== 'POST') return invalidRequest(900561, 'The endpoint only accepts POST requests.')
    const grant = form.get('grant_type')
    if (grant === null) return invalidRequest(900144, "The request body must contain the parameter: 'grant_type'.")
    if (grant !== 'client_credentials') return UNSUPPORTED_GRANT
    if (settings.tenant !== undefined && tenant !== settings.tenant && tenant !== 'adfs') {
      return invalidRequest(90002, 'Tenant not found.')
    }
    const registration = registrations.get(form.get('client_id') ?? '')
    if (registration === undefined) return UNKNOWN_APP
    const { appId: clientId, credentials } = registration
    const now = this.#clocks.now()
    const unproven = await refuteProof(form, credentials, { clientId, tenant, origin, now })
    if (unproven !== undefined) return unproven
    return audienceIn(form) === undefined ? INVALID_SCOPE : undefined
  }

  #issue({ appId }: Registration, audience: string, { tenant, origin, isV1 }: Endpoint): ApiReply {
    const seconds = this.#state.settings.tokenSeconds
    const expiresAtMs = this.#clocks.uptime() + seconds * 1_000
    const startsAt = Math.floor(this.#clocks.now() / 1_000)
    const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
    const jti = randomBytes(8).toString('hex')
    const claims = { aud: audience, iss: origin, appid: appId, nbf: startsAt, exp: startsAt + seconds, jti }
    const token = `${part({ typ: 'JWT', alg: 'none' })}.${part(claims)}.${randomBytes(16).toString('base64url')}`
    this.#issued.set(token, { appId, audience, expiresAtMs })
    this.#state.counters.tokensIssued++
    const answer = { token_type: 'Bearer', expires_in: seconds, ext_expires_in: seconds, access_token: token }
    if (tenant === 'adfs' || !isV1) return oauthReply(200, answer)
    return oauthReply(200, {
      ...answer,
      expires_in: String(seconds),
      ext_expires_in: String(seconds),
      not_before: String(startsAt),
      expires_on: String(startsAt + seconds),
      resource: audience,
    })
  }
}

const UNKNOWN_APP: Refusal = {
  status: 400,
  error: 'unauthorized_client',
  code: 700016,
  text: 'Application was not found in the directory.',
}

const UNSUPPORTED_GRANT: Refusal = {
  status: 400,
  error: 'unsupported_grant_type',
  code: 70003,
  text: 'Only client_credentials is supported.',
}

const INVALID_SCOPE: Refusal = {
  status: 400,
  error: 'invalid_scope',
  code: 1002012,
  text: "The scope is not valid: client credential flows must have one that ends in '/.default'.",
}

/** What the token is for; `undefined` where a scope is not the default one. */
function audienceIn(form: URLSearchParams): string | undefined {
  const scope = form.get('scope') ?? `${form.get('resource') ?? ''}/.default`
  return scope.endsWith('/.default') ? scope.replace(/\/+\.default$/, '') : undefined
}

function sameHost(audience: string, origin: string): boolean {
  try {
    return new URL(audience).port === new URL(origin).port
  } catch {
    return false
  }
}
