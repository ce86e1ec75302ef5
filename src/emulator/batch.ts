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

/** The router as a batch needs it. */
export interface PartRunner {
  /** Runs one inner request. Refusals are replies already, except that of a batch within a batch. */
  run(request: ApiRequest, scope: WriteScope): ApiReply
  /** Does the edits that somebody else is scripted to make before this request. */
  editBefore(request: ApiRequest): void
}

/**
 * Answers a batch. A malformed one is refused as a whole with JSON; else each part answers in order, up to and
 * including the first failure unless `odata.continue-on-error` is preferred.
 */
export function batch(state: DataverseState, request: ApiRequest, runner: PartRunner): ApiReply {
  const parts = parseBatch(request.headers.get('content-type') ?? '', request.body)
  const operations = parts.reduce((sum, part) => sum + (part.kind === 'single' ? 1 : part.requests.length), 0)
  if (operations > MAX_OPERATIONS) {
    throw badRequest(`The maximum number of operations allowed in a batch is ${MAX_OPERATIONS}.`)
  }
  const { continueOnError } = parsePreferences(request.headers.get('prefer'))
  const outer = { ...request, headers: lentHeaders(state, request) }
  const answers: string[] = []
  let status = 200
  for (const part of parts) {
    const answer = part.kind === 'single' ? single(outer, part.request, runner) : changeSet(state, outer, part, runner)
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

function single(outer: ApiRequest, inner: InnerRequest, { run }: PartRunner): Answer {
  const reply = orRefusal(() => run(toApiRequest(outer, inner, new Map()), {}))
  return { status: reply.status, text: httpPart(reply, undefined) }
}

function changeSet(
  state: DataverseState,
  outer: ApiRequest,
  part: Extract<BatchPart, { kind: 'changeset' }>,
  { run, editBefore }: PartRunner,
): Answer {
  for (const inner of part.requests) orRefusal(() => editBefore(toApiRequest(outer, inner, new Map())))
  const transaction = new Transaction(state, writerOf(outer))
  const references = new Map<string, string>()
  const answers: string[] = []
  for (const inner of part.requests) {
    const reply = orRefusal(() => run(toApiRequest(outer, inner, references), { transaction, references }))
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

/** A part that cannot be addressed is refused alone: what stood before it in the batch is done already. */
function orRefusal<T>(work: () => T): T | ApiReply {
  try {
    return work()
  } catch (error) {
    if (!(error instanceof ApiError)) throw error
    return errorReply(error.status, error.code, error.message)
  }
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
    headers: outer.headers.size === 0 ? inner.headers : new Map([...outer.headers, ...inner.headers]),
    body: inner.body,
  }
}

/** Each part needs its own headers; whether those of the batch hold for its parts as well, nobody knows. */
function lentHeaders(state: DataverseState, { headers }: ApiRequest): ReadonlyMap<string, string> {
  if (state.settings.unknowns.outerHeaders === 'ignored') return new Map()
  return new Map([...headers].filter(([name]) => name === 'prefer' || name.startsWith('mscrm.')))
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
