/** What went wrong between us and S3, read from whatever the SDK throws. */

import { boundedRetryAfterMs } from './bucket-patience.ts'

/** Who failed: the bucket, the token service that was asked for the role, or the search for credentials. */
export type FailureOrigin = 'bucket' | 'role' | 'credentials'

/** One failure; holds nothing of the answer but words that may be shown. */
export interface Failure {
  readonly origin: FailureOrigin
  /** Amazon's word (`AccessDenied`), Node's (`ECONNRESET`), or the name of the error. */
  readonly code: string
  /** Absent where no answer came. */
  readonly status?: number
  /** The permission that the answer names as missing, such as `kms:Decrypt`. */
  readonly permission?: string
  /** Whether the answer speaks of an encryption key. */
  readonly aboutKey: boolean
  /** A limit on how long a role's session may last was exceeded. */
  readonly aboutDuration: boolean
  /** The region in which the bucket lies, where the answer tells. */
  readonly region?: string
  /** The server's own `Retry-After`. */
  readonly retryAfterMs: number
  /** The connection broke, was never made or fell silent. */
  readonly network: boolean
  /** The SDK has set its clock by the server's: the same request may work now. */
  readonly clockCorrected: boolean
}

/** Raised by the credentials provider, so that its refusals are told from those of the bucket. */
export class CredentialsTrouble extends Error {
  readonly origin: 'role' | 'credentials'

  constructor(origin: 'role' | 'credentials', cause: unknown) {
    super(`no credentials from the ${origin === 'role' ? 'role' : 'credential chain'}`, { cause })
    this.name = 'CredentialsTrouble'
    this.origin = origin
  }
}

/** AWS: what S3 and STS call credentials whose time is over. */
const EXPIRED = new Set(['ExpiredToken', 'ExpiredTokenException', 'InvalidToken', 'TokenRefreshRequired'])

/** AWS: S3 "Error responses" and STS: refusals that pass by themselves, beside the statuses 429 and 5xx. */
const PASSING = new Set(['SlowDown', 'RequestTimeout', 'InternalError', 'ServiceUnavailable', 'OperationAborted'])

/** The SDK's names for "there are none". */
const NO_CREDENTIALS = new Set(['CredentialsProviderError', 'TokenProviderError'])

/** Codes of Node for sockets, host names, TLS, HTTP parsing and our own `ESILENT`; not those of files or arguments. */
const NETWORK =
  /^(E(?!NOENT|ACCES|ISDIR|NOTDIR)[A-Z0-9]+|EAI_[A-Z]+|HPE_\w+|ERR_STREAM_PREMATURE_CLOSE|ERR_(SSL|TLS)_\w+|\w*(CERT|SIGNATURE)\w*)$/

/** Keeps what may be shown and acted upon. Only the code, the status and single words of the message are taken. */
export function failureOf(error: unknown): Failure {
  if (error instanceof CredentialsTrouble) {
    const failure = failureOf(error.cause)
    return { ...failure, origin: NO_CREDENTIALS.has(failure.code) ? 'credentials' : error.origin }
  }
  const name = textAt(error, 'name') ?? 'Error'
  const systemCode = textAt(error, 'code')
  const metadata = partAt(error, '$metadata')
  const headers = partAt(partAt(error, '$response'), 'headers')
  const message = textAt(error, 'message') ?? ''
  const network = name === 'TimeoutError' || NETWORK.test(systemCode ?? '')
  const code = network ? (systemCode ?? name) : name
  const status = numberAt(metadata, 'httpStatusCode')
  const permission = /not authorized to perform: ([\w-]+:\w+)/.exec(message)?.[1]
  const region = textAt(headers, 'x-amz-bucket-region') ?? textAt(error, 'Region')
  return {
    origin: NO_CREDENTIALS.has(name) ? 'credentials' : 'bucket',
    code: /^[\w.]{1,80}$/.test(code) ? code : 'Error',
    ...(status !== undefined && !network && { status }),
    ...(permission !== undefined && { permission }),
    aboutKey: /^KMS\./.test(name) || /\bkms\b|customer master key/i.test(message),
    aboutDuration: name === 'ValidationError' && /DurationSeconds/.test(message),
    // It becomes part of a host name.
    ...(region !== undefined && /^[a-z]{2}[a-z0-9-]{1,40}$/.test(region) && { region }),
    retryAfterMs: boundedRetryAfterMs(textAt(headers, 'retry-after')),
    network,
    clockCorrected: partAt(metadata, 'clockSkewCorrected') === true,
  }
}

/** Whether new credentials may help. */
export function isExpired({ code }: Failure): boolean {
  return EXPIRED.has(code)
}

/** Whether the same request may work a little later. A certificate that is not trusted stays so. */
export function mayPass({ network, code, status, clockCorrected }: Failure): boolean {
  if (network) return !/CERT|SIGNATURE/.test(code)
  return clockCorrected || PASSING.has(code) || /throttl/i.test(code) || status === 429 || (status ?? 0) >= 500
}

/** A failure in a few words: `AccessDenied (HTTP 403)`. */
export function failureText({ code, status }: Failure): string {
  return status === undefined ? code : `${code} (HTTP ${status})`
}

/** The cause that may be logged: the SDK's own errors carry signed requests and key ids, this does not. */
export function shownCause(error: unknown): Error {
  const failure = failureOf(error)
  return new Error(`${failure.origin}: ${failureText(failure)}`)
}

function partAt(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined
}

function textAt(value: unknown, name: string): string | undefined {
  const part = partAt(value, name)
  return typeof part === 'string' ? part : undefined
}

function numberAt(value: unknown, name: string): number | undefined {
  const part = partAt(value, name)
  return typeof part === 'number' ? part : undefined
}
