/** What went wrong between us and Google Cloud Storage, read from answers, from Node and from the search for a token. */

import { boundedRetryAfterMs } from './bucket-patience.ts'

/** Who failed: the bucket, or what gives the credentials. */
export type FailureOrigin = 'bucket' | 'credentials'

/** One failure; holds nothing of the answer but words that may be shown. */
export interface Failure {
  readonly origin: FailureOrigin
  /** Google's word (`forbidden`, `invalid_grant`), Node's (`ECONNRESET`), or the name of the error. */
  readonly code: string
  /** Absent where no answer came. */
  readonly status?: number
  /** The permission that the answer names as missing, such as `storage.objects.get`. */
  readonly permission?: string
  /** Whether the answer speaks of an encryption key. */
  readonly aboutKey: boolean
  /** Whether the answer says that who asks has to name a project that pays. */
  readonly aboutPayer: boolean
  /** Whether the answer says that there is no such bucket. */
  readonly aboutBucket: boolean
  /** The server's own `Retry-After`. */
  readonly retryAfterMs: number
  /** The connection broke, was never made or fell silent. */
  readonly network: boolean
}

/** An answer that is not what was asked for. */
export class Refusal extends Error {
  readonly failure: Failure

  constructor(failure: Failure) {
    super(failureText(failure))
    this.name = 'Refusal'
    this.failure = failure
  }
}

/** Raised where no token was to be had, so that this is told from a refusal of the bucket. */
export class CredentialsTrouble extends Error {
  constructor(cause: unknown) {
    super('no credentials', { cause })
    this.name = 'CredentialsTrouble'
  }
}

/** Google: "HTTP status and error codes for JSON", the refusals that pass by themselves. */
const PASSING = new Set(['rateLimitExceeded', 'userRateLimitExceeded', 'backendError', 'internalError'])

/** Codes of Node and undici for sockets, host names, TLS, HTTP parsing; not those of files, arguments or misuse. */
const NETWORK =
  /^(E(?!NOENT|ACCES|ISDIR|NOTDIR)[A-Z0-9]+|EAI_[A-Z]+|HPE_\w+|UND_ERR_(SOCKET|CONNECT_TIMEOUT|HEADERS_TIMEOUT|BODY_TIMEOUT|RESPONSE)|ERR_STREAM_PREMATURE_CLOSE|ERR_(SSL|TLS)_\w+|\w*(CERT|SIGNATURE)\w*)$/

/** Google: permissions are named by service, kind and verb. The domain of an account looks similar. */
const PERMISSION = /(?<![\w@.-])(?:storage|serviceusage|cloudkms)\.[a-zA-Z]+\.[a-zA-Z]+\b/

/** The failure in an answer. Of its text only single known words are kept: Google's messages name accounts. */
export function refusalOf(
  status: number,
  headers: Readonly<Record<string, string | string[] | undefined>>,
  text: string,
): Refusal {
  const error = partAt(parsed(text), 'error')
  const [first] = listAt(error, 'errors')
  const message = textAt(error, 'message') ?? text
  const permission = PERMISSION.exec(message)?.[0]
  return new Refusal({
    origin: 'bucket',
    code: shown(textAt(first, 'reason') ?? textAt(error, 'status') ?? 'refused'),
    status,
    ...(permission !== undefined && { permission }),
    aboutKey: /\b(cloud ?kms|kms key|cryptoKey)/i.test(message),
    aboutPayer: /requester[- ]pays/i.test(message),
    aboutBucket: /bucket does not exist/i.test(message),
    retryAfterMs: boundedRetryAfterMs(textAt(headers, 'retry-after')),
    network: false,
  })
}

/** Keeps what may be shown and acted upon, of whatever was thrown. */
export function failureOf(error: unknown): Failure {
  if (error instanceof Refusal) return error.failure
  if (error instanceof CredentialsTrouble) return { ...tokenFailure(error.cause), origin: 'credentials' }
  const systemCode = textAt(error, 'code') ?? textAt(partAt(error, 'cause'), 'code')
  const network = NETWORK.test(systemCode ?? '')
  return {
    origin: 'bucket',
    code: shown(systemCode ?? textAt(error, 'name') ?? 'Error'),
    aboutKey: false,
    aboutPayer: false,
    aboutBucket: false,
    retryAfterMs: 0,
    network,
  }
}

/** What Google's library throws: an answer of a token service, or trouble before there was one. */
function tokenFailure(error: unknown): Failure {
  const response = partAt(error, 'response')
  const status = partAt(response, 'status')
  const failure = failureOf(error)
  if (/^Could not load the default credentials/.test(textAt(error, 'message') ?? '')) {
    return { ...failure, code: 'NoCredentials', network: false }
  }
  if (typeof status !== 'number') return failure
  const answer = partAt(response, 'data')
  const reason = textAt(answer, 'error') ?? textAt(partAt(answer, 'error'), 'status')
  return { ...failure, code: shown(reason ?? 'refused'), status, network: false }
}

/** Whether the same request may work a little later. A certificate that is not trusted stays so. */
export function mayPass({ network, code, status = 0 }: Failure): boolean {
  if (network) return !/CERT|SIGNATURE/.test(code)
  return PASSING.has(code) || status === 408 || status === 429 || status >= 500
}

/** A failure in a few words: `forbidden (HTTP 403)`. */
export function failureText({ code, status }: Failure): string {
  return status === undefined ? code : `${code} (HTTP ${status})`
}

/** The cause that may be logged: what the library throws carries requests with keys and tokens, this does not. */
export function shownCause(error: unknown): Error {
  const failure = failureOf(error)
  return new Error(`${failure.origin}: ${failureText(failure)}`)
}

const shown = (code: string): string => (/^[\w.-]{1,80}$/.test(code) ? code : 'Error')

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function partAt(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined
}

function textAt(value: unknown, name: string): string | undefined {
  const part = partAt(value, name)
  return typeof part === 'string' ? part : undefined
}

function listAt(value: unknown, name: string): readonly unknown[] {
  const part = partAt(value, name)
  return Array.isArray(part) ? part : []
}
