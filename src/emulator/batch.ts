/** `$batch`: multipart requests run one after the other, change sets all or nothing. */
import { randomUUID } from 'node:crypto'
import { ApiError, badRequest } from './api-error.ts'
import { type ApiReply, type ApiRequest, errorReply } from './api-message.ts'
import { type BatchPart, type InnerRequest, parseBatch } from './batch-parser.ts'
import { parsePreferences } from './query-options.ts'
import { type WriteScope, writerOf } from './row-requests.ts'
import type { DataverseState } from './state.ts'
import { Transaction } from './transaction.ts'

/** Operations that one batch may hold, change sets counted by their parts. */
const MAX_OPERATIONS = 1_000

/** Runs one inner request; the router's own entrance. Refusals are replies already. */
export type RunPart = (request: ApiRequest, scope: WriteScope) => ApiReply

/**
 * Answers a batch. A malformed one is refused as a whole with JSON; else each part answers in order, up to and
 * including the first failure unless `odata.continue-on-error` is preferred.
 */
export function batch(state: DataverseState, request: ApiRequest, run: RunPart): ApiReply {
  const parts = parseBatch(request.headers.get('content-type') ?? '', request.body)
  const operations = parts.reduce((sum, part) => sum + (part.kind === 'single' ? 1 : part.requests.length), 0)
  if (operations > MAX_OPERATIONS) {
    throw badRequest(`The maximum number of operations allowed in a batch is ${MAX_OPERATIONS}.`)
  }
  const { continueOnError } = parsePreferences(request.headers.get('prefer'))
  const answers: string[] = []
  let status = 200
  for (const part of parts) {
    const answer = part.kind === 'single' ? single(request, part.request, run) : changeSet(state, request, part, run)
    answers.push(answer.text)
    if (answer.status < 400 || continueOnError) continue
    status = answer.status
    break
  }
  const boundary = `batchresponse_${randomUUID()}`
  return {
    status,
    headers: { 'Content-Type': `multipart/mixed; boundary=${boundary}` },
    body: multipart(boundary, answers),
  }
}

interface Answer {
  readonly status: number
  readonly text: string
}

function single(outer: ApiRequest, inner: InnerRequest, run: RunPart): Answer {
  const reply = run(toApiRequest(outer, inner, new Map()), {})
  return { status: reply.status, text: httpPart(reply, undefined) }
}

function changeSet(
  state: DataverseState,
  outer: ApiRequest,
  part: Extract<BatchPart, { kind: 'changeset' }>,
  run: RunPart,
): Answer {
  const transaction = new Transaction(state, writerOf(outer))
  const references = new Map<string, string>()
  const answers: string[] = []
  for (const inner of part.requests) {
    let reply: ApiReply
    try {
      reply = run(toApiRequest(outer, inner, references), { transaction, references })
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      reply = errorReply(error.status, error.code, error.message)
    }
    if (reply.status >= 400) {
      transaction.rollback()
      return { status: reply.status, text: nested([httpPart(reply, inner.contentId)]) }
    }
    answers.push(httpPart(reply, inner.contentId))
    const location = reply.headers['OData-EntityId']
    if (location !== undefined) references.set(`$${inner.contentId}`, location)
  }
  transaction.commit()
  return { status: 200, text: nested(answers) }
}

function toApiRequest(outer: ApiRequest, inner: InnerRequest, references: ReadonlyMap<string, string>): ApiRequest {
  let url = inner.url
  const reference = /^(?:.*\/)?(\$[\w-]+)(?=$|[/?])/.exec(url)?.[1]
  if (reference !== undefined && reference !== '$metadata' && reference !== '$batch') {
    const location = references.get(reference)
    if (location === undefined) {
      throw badRequest(`Content-ID Reference: '${reference}' does not exist in the batch context.`)
    }
    url = `${location}${url.slice(url.indexOf(reference) + reference.length)}`
  }
  const local = url.replace(/^https?:\/\/[^/]+/, '')
  const below = local.startsWith('/') ? /^.*?\/api\/data\/v9\.\d\/(.*)$/s.exec(local)?.[1] : local
  if (below === undefined) throw badRequest('The URL of a batch part is outside of the service.')
  const at = below.indexOf('?')
  return {
    ...outer,
    method: inner.method,
    path: at === -1 ? below : below.slice(0, at),
    query: at === -1 ? '' : below.slice(at + 1),
    headers: inner.headers,
    body: inner.body,
  }
}

const PHRASES: Readonly<Record<number, string>> = {
  200: 'OK',
  201: 'Created',
  204: 'No Content',
  304: 'Not Modified',
  400: 'Bad Request',
  403: 'Forbidden',
  404: 'Not Found',
  412: 'Precondition Failed',
  429: 'Too Many Requests',
  500: 'Internal Server Error',
}

function httpPart(reply: ApiReply, contentId: string | undefined): string {
  return [
    'Content-Type: application/http',
    'Content-Transfer-Encoding: binary',
    ...(contentId === undefined ? [] : [`Content-ID: ${contentId}`]),
    '',
    `HTTP/1.1 ${reply.status} ${PHRASES[reply.status] ?? 'Status'}`,
    'OData-Version: 4.0',
    ...(reply.status >= 400 ? [`REQ_ID: ${randomUUID()}`] : []),
    ...Object.entries(reply.headers).map(([name, value]) => `${name}: ${value}`),
    '',
    reply.body ?? '',
  ].join('\r\n')
}

function nested(answers: readonly string[]): string {
  const boundary = `changesetresponse_${randomUUID()}`
  return `Content-Type: multipart/mixed; boundary=${boundary}\r\n\r\n${multipart(boundary, answers)}`
}

function multipart(boundary: string, answers: readonly string[]): string {
  return `${answers.map((answer) => `--${boundary}\r\n${answer}\r\n`).join('')}--${boundary}--\r\n`
}
