/** The HTTP client that MSAL asks tokens with: undici, with our timeouts and bounds, and without retries of its own. */

import { AuthError, type INetworkModule, type NetworkRequestOptions, type NetworkResponse } from '@azure/msal-node'
import { request } from 'undici'
import { openAgent } from '../lib/egress.ts'
import { isSecure } from './api-root.ts'
import { readBody } from './body.ts'

/**
 * The token endpoint did not answer, or answered that it cannot just now: the run is deferred, not misconfigured. An
 * error of MSAL's class, which MSAL hands on as it is; any other it replaces by one of its own.
 */
export class TokenEndpointAway extends AuthError {
  constructor(why: string, options?: ErrorOptions) {
    super('token_endpoint_away', '', why)
    // MSAL's constructor sets its own prototype on whatever derives from it.
    Object.setPrototypeOf(this, TokenEndpointAway.prototype)
    this.name = 'TokenEndpointAway'
    if (options?.cause !== undefined) this.cause = options.cause
  }
}

/** A token answer is a few kilobytes; an authority's metadata some more. */
const MAX_ANSWER_BYTES = 1_048_576

/** Azure: the metadata service of a virtual machine, on plain http only. */
const METADATA_ADDRESS = '169.254.169.254'

/**
 * May a managed identity's endpoint be asked there? Where any token endpoint may, and at the metadata address over plain
 * http: that address has no TLS, but it is link-local, so no router forwards it (RFC 3927, section 7) and the host of the
 * virtual machine itself answers; the token comes no farther than that. Exactly this address, and for identities of the
 * machine alone: what else is on the link may be somebody else's.
 */
export function isIdentityEndpoint(url: URL): boolean {
  return isSecure(url) || (url.protocol === 'http:' && url.hostname === METADATA_ADDRESS)
}

export interface TokenNetworkOptions {
  /** Which addresses are asked; by default those that `isSecure` names. */
  readonly isAllowed?: (url: URL) => boolean
  /** Statuses that mean "not just now", beside 429 and 5xx. */
  readonly passing?: readonly number[]
  /** Told of every trouble before MSAL is, since of some requests MSAL hides it. */
  readonly onAway?: (away: TokenEndpointAway) => void
}

/** Statuses 429, 5xx and `passing` are thrown: MSAL would remember them and refuse later calls by itself. */
export function tokenNetwork(timeoutMs: number, options: TokenNetworkOptions = {}): INetworkModule {
  const { isAllowed = isSecure, passing = [], onAway = () => {} } = options
  const agent = openAgent({ connect: { timeout: timeoutMs }, headersTimeout: timeoutMs, bodyTimeout: timeoutMs })

  async function exchange<T>(method: 'GET' | 'POST', url: string, sent?: NetworkRequestOptions) {
    const answer = await request(url, {
      method,
      dispatcher: agent,
      headers: { ...sent?.headers, 'accept-encoding': 'gzip' },
      body: sent?.body ?? null,
      signal: AbortSignal.timeout(timeoutMs),
    })
    const { statusCode } = answer
    const encoding = answer.headers['content-encoding']
    const text = await readBody(answer.body, encoding?.toString(), MAX_ANSWER_BYTES)
    if (statusCode === 429 || statusCode >= 500 || passing.includes(statusCode)) {
      throw new TokenEndpointAway(`HTTP ${statusCode}`)
    }
    const headers = Object.fromEntries(Object.entries(answer.headers).map(([name, value]) => [name, String(value)]))
    const body: T = JSON.parse(text)
    return { headers, body, status: statusCode }
  }

  async function guarded<T>(
    method: 'GET' | 'POST',
    url: string,
    sent?: NetworkRequestOptions,
  ): Promise<NetworkResponse<T>> {
    // No passing trouble: it is a refusal, and nothing is sent.
    if (!isAllowed(new URL(url))) throw new AuthError('token_endpoint_is_plain_http', '')
    try {
      return await exchange<T>(method, url, sent)
    } catch (cause) {
      const away = cause instanceof TokenEndpointAway ? cause : new TokenEndpointAway('no usable answer', { cause })
      onAway(away)
      throw away
    }
  }

  return {
    sendGetRequestAsync: (url, sent) => guarded('GET', url, sent),
    sendPostRequestAsync: (url, sent) => guarded('POST', url, sent),
  }
}
