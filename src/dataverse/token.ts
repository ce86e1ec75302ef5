/** The bearer token on a request, and what a 401 means. */

import { CodedError } from '../lib/errors.ts'
import type { Send } from './send.ts'

/** Where tokens come from. `forget` drops a token that Dataverse refused; the next one asked for is then fresh. */
export interface TokenSource {
  token(signal: AbortSignal): Promise<string>
  forget(refused: string): void
}

/**
 * Puts the token on each attempt, read anew each time: it may have been renewed while the request waited. A 401
 * forgets the token and tries once more; a second one is final. (Nothing was applied: a 401 comes before any work.)
 * @throws CodedError `unauthenticated`; what the token source throws.
 */
export function withToken(send: Send, tokens: TokenSource): Send {
  return async (request, signal) => {
    const attempt = (token: string) =>
      send({ ...request, headers: { ...request.headers, authorization: `Bearer ${token}` } }, signal)

    const token = await tokens.token(signal)
    const reply = await attempt(token)
    if (reply.status !== 401) return reply
    tokens.forget(token)
    const again = await attempt(await tokens.token(signal))
    if (again.status !== 401) return again
    throw new CodedError('unauthenticated', [
      {
        where: request.what,
        found: 'HTTP 401 twice, the second time with a fresh token',
        expected: 'Dataverse to accept tokens of the configured authority and client',
        remedy: 'Check the instance URL, the tenant, and that the application user exists and is enabled.',
      },
    ])
  }
}
