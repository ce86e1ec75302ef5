/** What MSAL throws, as one of our errors: a refusal, or a token endpoint that is away for now. */

import { AuthError, type AuthenticationResult, ServerError } from '@azure/msal-node'
import { CodedError, type Complaint } from '../lib/errors.ts'
import type { Grant } from './application-user.ts'
import { NoAnswer } from './send.ts'
import { TokenEndpointAway } from './token-network.ts'

/** MSAL renews a token this long before it expires; a grant says the same. */
const RENEWAL_MARGIN_MS = 300_000

/** A refusal of our own, made where MSAL calls us: it hands errors of its own class on as they are. */
export class TokenRefusal extends AuthError {
  readonly complaint: Complaint

  /** `errorCode` goes to the authority as telemetry, so it tells nothing of this machine. */
  constructor(errorCode: string, complaint: Complaint) {
    super(errorCode, '')
    // MSAL's constructor sets its own prototype on whatever derives from it.
    Object.setPrototypeOf(this, TokenRefusal.prototype)
    this.name = 'TokenRefusal'
    this.complaint = complaint
  }
}

/** MSAL's error with its code, status and Entra's number only: the text holds ids and may echo what was sent. */
export function tokenRefused(error: unknown, remedy: string): CodedError {
  if (error instanceof CodedError) return error
  if (error instanceof TokenRefusal) return new CodedError('token-refused', [error.complaint])
  const code = error instanceof AuthError && /^[\w.-]{1,60}$/.test(error.errorCode) ? error.errorCode : undefined
  const entra = error instanceof AuthError ? /AADSTS\d{4,8}|MSIS\d{4,5}/.exec(error.errorMessage)?.[0] : undefined
  const status = error instanceof ServerError && error.status !== undefined ? `HTTP ${error.status}` : undefined
  const name = code ?? status ?? 'no reason that is known here'
  return new CodedError('token-refused', [
    {
      where: 'authentication',
      found: entra === undefined ? name : `${name} (${entra})`,
      expected: 'a token for the application user',
      remedy,
    },
  ])
}

/** The error of a token request: deferred where the endpoint was away, else refused. */
export function tokenFailure(error: unknown, away: TokenEndpointAway | undefined, remedy: string): Error {
  const cause = away ?? (error instanceof TokenEndpointAway ? error : undefined)
  return cause === undefined ? tokenRefused(error, remedy) : new NoAnswer('token', false, { cause })
}

/** MSAL's answer as a grant. @throws AuthError for an answer without a token. */
export function grantOf(result: AuthenticationResult | null): Grant {
  if (result === null || result.accessToken === '') throw new AuthError('answer_without_token', '')
  const { accessToken, expiresOn, refreshOn } = result
  const expiresAtMs = expiresOn?.getTime() ?? 0
  return {
    token: accessToken,
    expiresAtMs,
    renewAtMs: Math.min(refreshOn?.getTime() ?? Number.POSITIVE_INFINITY, expiresAtMs - RENEWAL_MARGIN_MS),
  }
}
