/** Refusals of a token endpoint, in the words of Entra ID or of AD FS. */
import { randomUUID } from 'node:crypto'
import { type ApiReply, jsonReply } from './api-message.ts'

/** Why there is no token. */
export interface Refusal {
  readonly status: number
  /** OAuth's name of it. */
  readonly error: string
  /** Entra's number: the digits after `AADSTS`. */
  readonly code: number
  readonly text: string
}

/** Who is refused: what its client wants to find in the log again, and whose words it expects. */
export interface RefusalContext {
  /** The client's `client-request-id`. */
  readonly correlationId: string | undefined
  /** Milliseconds since the epoch. */
  readonly now: number
  readonly style: 'entra' | 'adfs'
}

/** The client did not prove who it is. */
export const invalidClient = (code: number, text: string): Refusal => ({
  status: 401,
  error: 'invalid_client',
  code,
  text,
})

/** The request itself will not do. */
export const invalidRequest = (code: number, text: string): Refusal => ({
  status: 400,
  error: 'invalid_request',
  code,
  text,
})

/**
 * Entra ID: an OAuth error with `error_codes`, `trace_id`, `correlation_id` and `timestamp`, all of which stand in the
 * description too. AD FS: the two members of OAuth alone, with a number of its own (inferred).
 */
export function refuse(
  { status, error, code, text }: Refusal,
  { correlationId, now, style }: RefusalContext,
): ApiReply {
  if (style === 'adfs') {
    const description = error === 'invalid_client' ? `MSIS9622: Client authentication failed. ${text}` : text
    return oauthReply(status, { error, error_description: description })
  }
  const timestamp = `${new Date(now).toISOString().slice(0, 19).replace('T', ' ')}Z`
  const trace = randomUUID()
  const correlation = correlationId ?? randomUUID()
  const tail = `Trace ID: ${trace} Correlation ID: ${correlation} Timestamp: ${timestamp}`
  return oauthReply(status, {
    error,
    error_description: `AADSTS${code}: ${text} ${tail}`,
    error_codes: [code],
    timestamp,
    trace_id: trace,
    correlation_id: correlation,
    error_uri: `https://login.microsoftonline.com/error?code=${code}`,
  })
}

/** A document of the identity provider; none of its answers may be cached. */
export function oauthReply(status: number, document: object): ApiReply {
  return jsonReply(status, document, { 'Content-Type': 'application/json; charset=utf-8', 'Cache-Control': 'no-store' })
}
