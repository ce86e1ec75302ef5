/** What every operation on an environment shares: the send stack, the clock, and the door from replies to errors. */

import { fromMilliseconds, type Instant } from '../consent/time.ts'
import type { Clock } from '../lib/clock.ts'
import { CodedError } from '../lib/errors.ts'
import type { Log } from '../lib/log.ts'
import type { ApiRoot } from './api-root.ts'
import { type ApiError, classify, parseApiError } from './errors.ts'
import { isJsonObject, type JsonObject, parseJson } from './json.ts'
import { maskMessage } from './mask.ts'
import type { Retry } from './retry.ts'
import { NoAnswer, type Reply, type Request, type Send } from './send.ts'

export interface Connection {
  readonly root: ApiRoot
  /** The whole stack: repeatable requests are repeated. */
  readonly send: Send
  /** The stack without its retry, for callers that look into a batch before they judge it. */
  readonly sendOnce: Send
  readonly retry: Retry
  readonly clock: Clock
  readonly newBoundary: () => string
  readonly log: Log
}

/** Dataverse's own time of an answer (`Date` header, whole seconds); our clock where a proxy took it away. */
export function answeredAt(reply: Reply, clock: Clock): Instant {
  const ms = Date.parse(reply.headers['date'] ?? '')
  return fromMilliseconds(Number.isNaN(ms) ? clock.now() : ms)
}

/** `HTTP 403 0x80040220`: what a refusal is called in errors and outcomes. */
export const refusalName = (error: ApiError): string =>
  `HTTP ${error.status}${error.code === '' ? '' : ` ${error.code}`}`

function codeOf(error: ApiError): keyof typeof REMEDIES {
  switch (classify(error)) {
    case 'throttled':
    case 'transient':
    case 'ambiguous':
    case 'deadlock':
    case 'shrink':
      return 'dataverse-unavailable'
    case 'authorisation':
      return 'forbidden'
    case 'conflict':
    case 'gone':
    case 'row':
    case 'bulk-unavailable':
    case 'fatal-configuration':
      return 'dataverse-rejects-request'
  }
}

const REMEDIES = {
  'dataverse-unavailable': 'Run again later: the work stays due.',
  forbidden: 'Give the application user the privilege that the message names, or create the application user.',
  'dataverse-rejects-request': 'Compare the mapping with the table, and the instance URL with the environment.',
} as const

/** The error of a request that Dataverse refused as a whole; `values` are what the request held of persons. */
export function refusal(what: string, error: ApiError, values: readonly string[] = []): CodedError {
  const code = codeOf(error)
  const message = maskMessage(error.message, values)
  return new CodedError(code, [
    {
      where: what,
      found: message === '' ? refusalName(error) : `${refusalName(error)} "${message}"`,
      expected: 'Dataverse to carry out the request',
      remedy: REMEDIES[code],
    },
  ])
}

/** The error of a request whose answer never came, or cannot be read. */
export function unanswered(what: string, found: string, options?: ErrorOptions): CodedError {
  const complaint = {
    where: what,
    found,
    expected: 'a whole answer of the Web API',
    remedy: REMEDIES['dataverse-unavailable'],
  }
  return new CodedError('dataverse-unavailable', [complaint], options)
}

/** Runs a read; a `NoAnswer` that outlived all attempts becomes the deferred error that it is. */
export async function answered<T>(what: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof NoAnswer) throw unanswered(what, 'no answer', { cause: error })
    throw error
  }
}

/** The JSON object of a successful reply. @throws CodedError */
export function objectOf(what: string, reply: Reply, values: readonly string[] = []): JsonObject {
  if (reply.status < 200 || reply.status > 299) throw refusal(what, parseApiError(reply.status, reply.body), values)
  const json = parseJson(reply.body)
  if (!isJsonObject(json)) throw unanswered(what, `HTTP ${reply.status} with a body that is not the Web API's`)
  return json
}

/** Reads one JSON object. @throws CodedError */
export async function getObject(
  connection: Connection,
  path: string,
  what: string,
  signal: AbortSignal,
  headers: Readonly<Record<string, string>> = {},
): Promise<JsonObject> {
  const request: Request = { method: 'GET', path, what, repeatable: true, headers, load: { kind: what, rows: 1 } }
  return answered(what, async () => objectOf(what, await connection.send(request, signal)))
}
