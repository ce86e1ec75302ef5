/** The HTTP client that MSAL asks tokens with: undici, with our timeouts and bounds, and without retries of its own. */

import type { INetworkModule, NetworkRequestOptions, NetworkResponse } from '@azure/msal-node'
import { Agent, request } from 'undici'
import { isSecure } from './api-root.ts'
import { readBody } from './body.ts'

/** The token endpoint did not answer, or answered that it cannot just now: the run is deferred, not misconfigured. */
export class TokenEndpointAway extends Error {
  constructor(why: string, options?: ErrorOptions) {
    super(`token endpoint: ${why}`, options)
    this.name = 'TokenEndpointAway'
  }
}

/** A token answer is a few kilobytes; an authority's metadata some more. */
const MAX_ANSWER_BYTES = 1_048_576

/**
 * MSAL replaces what a network client throws by an error of its own, so `onAway` is told first. Statuses 429 and 5xx
 * are thrown as well: MSAL would remember them and refuse later calls by itself.
 */
export function tokenNetwork(timeoutMs: number, onAway: (away: TokenEndpointAway) => void): INetworkModule {
  const agent = new Agent({ connect: { timeout: timeoutMs }, headersTimeout: timeoutMs, bodyTimeout: timeoutMs })

  async function exchange<T>(method: 'GET' | 'POST', url: string, options?: NetworkRequestOptions) {
    const answer = await request(url, {
      method,
      dispatcher: agent,
      headers: { ...options?.headers, 'accept-encoding': 'gzip' },
      body: options?.body ?? null,
      signal: AbortSignal.timeout(timeoutMs),
    })
    const encoding = answer.headers['content-encoding']
    const text = await readBody(answer.body, encoding?.toString(), MAX_ANSWER_BYTES)
    if (answer.statusCode === 429 || answer.statusCode >= 500) throw new TokenEndpointAway(`HTTP ${answer.statusCode}`)
    const headers = Object.fromEntries(Object.entries(answer.headers).map(([name, value]) => [name, String(value)]))
    const body: T = JSON.parse(text)
    return { headers, body, status: answer.statusCode }
  }

  async function guarded<T>(
    method: 'GET' | 'POST',
    url: string,
    options?: NetworkRequestOptions,
  ): Promise<NetworkResponse<T>> {
    // No passing trouble: MSAL turns it into a refusal of its own, and nothing is sent.
    if (!isSecure(new URL(url))) throw new Error('the token endpoint is plain http and not loopback')
    try {
      return await exchange<T>(method, url, options)
    } catch (cause) {
      const away = cause instanceof TokenEndpointAway ? cause : new TokenEndpointAway('no usable answer', { cause })
      onAway(away)
      throw away
    }
  }

  return {
    sendGetRequestAsync: (url, options) => guarded('GET', url, options),
    sendPostRequestAsync: (url, options) => guarded('POST', url, options),
  }
}
