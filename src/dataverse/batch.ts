/** `$batch`: several requests in one multipart body, and a strict reader of the multipart answer. */

import type { Reply, Request } from './send.ts'

/** One request of a batch. `target` is the absolute path and query, as for a request line. */
export interface BatchPart {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE'
  readonly target: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

/** Requests per batch (Dataverse: `$batch` takes no more). */
export const MAX_PARTS = 1_000

const CRLF = '\r\n'

function partText(part: BatchPart): string {
  const headers: Record<string, string> = { Accept: 'application/json', ...part.headers }
  if (part.body !== undefined) {
    headers['Content-Type'] = 'application/json; type=entry'
    // Optional by the documents, but a server without it was seen to call the body unreadable.
    headers['Content-Length'] = String(Buffer.byteLength(part.body, 'utf8'))
  }
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`)
  return [
    'Content-Type: application/http',
    'Content-Transfer-Encoding: binary',
    '',
    `${part.method} ${part.target} HTTP/1.1`,
    ...lines,
    '',
    part.body ?? '',
  ].join(CRLF)
}

/**
 * Builds the request. `newBoundary` is asked again while its answer occurs in a part. Every
 * part runs and answers for itself, whatever became of the ones before it.
 */
export function batchRequest(
  parts: readonly BatchPart[],
  options: { readonly what: string; readonly repeatable: boolean; readonly newBoundary: () => string },
): Request {
  const texts = parts.map(partText)
  let boundary = options.newBoundary()
  while (texts.some((text) => text.includes(boundary))) boundary = options.newBoundary()
  const body = `${texts.map((text) => `--${boundary}${CRLF}${text}${CRLF}`).join('')}--${boundary}--${CRLF}`
  return {
    method: 'POST',
    path: '$batch',
    headers: {
      'content-type': `multipart/mixed; boundary="${boundary}"`,
      // Reads and writes alike: one part's failure must not leave the others unanswered.
      prefer: 'odata.continue-on-error',
    },
    body,
    repeatable: options.repeatable,
    what: options.what,
  }
}

/** The boundary of a multipart answer, or `undefined` where the answer is something else: then the batch was refused. */
export function boundaryOf(contentType: string | undefined): string | undefined {
  const match = /^multipart\/mixed\s*;(?:[^"]*;)?\s*boundary=(?:"([^"]{1,200})"|([^\s;"]{1,200}))/i.exec(
    contentType ?? '',
  )
  return match?.[1] ?? match?.[2]
}

function headersOf(lines: readonly string[]): Record<string, string> {
  const headers: Record<string, string> = {}
  for (const line of lines) {
    const colon = line.indexOf(':')
    if (colon > 0) headers[line.slice(0, colon).trim().toLowerCase()] = line.slice(colon + 1).trim()
  }
  return headers
}

/** Splits at the first empty line; a block without one is all head. */
function headAndRest(text: string): [head: string[], rest: string] {
  const end = text.indexOf(CRLF + CRLF)
  return end < 0 ? [text.split(CRLF), ''] : [text.slice(0, end).split(CRLF), text.slice(end + 4)]
}

/** One part of the answer, or `undefined` where it is no HTTP response (a change set, a cut-off). */
function parsePart(segment: string): Reply | undefined {
  const [mimeHead, http] = headAndRest(segment)
  if (!/^application\/http\b/i.test(headersOf(mimeHead)['content-type'] ?? '')) return undefined
  const [head, body] = headAndRest(http)
  const status = /^HTTP\/1\.\d (\d{3})(?: |$)/.exec(head[0] ?? '')?.[1]
  if (status === undefined) return undefined
  const headers = headersOf(head.slice(1))
  const length = Number(headers['content-length'] ?? '')
  if (length > 0 && Buffer.byteLength(body, 'utf8') < length) return undefined
  return { status: Number(status), headers, body }
}

/**
 * Reads a batch's answer: one entry per request, in order; a missing or unreadable part is `undefined`, which is never
 * success. `undefined` for the whole where the answer is not multipart, or holds more parts than were asked.
 */
export function parseBatchReply(reply: Reply, expected: number): Array<Reply | undefined> | undefined {
  const boundary = boundaryOf(reply.headers['content-type'])
  if (boundary === undefined) return undefined
  const delimiter = `${CRLF}--${boundary}`
  const text = CRLF + reply.body
  const parts: Array<Reply | undefined> = []
  let at = text.indexOf(delimiter)
  while (at >= 0) {
    const from = at + delimiter.length
    if (text.startsWith('--', from)) return padded(parts, expected)
    const next = text.indexOf(delimiter, from)
    // A part without an end may lack anything, also where it looks whole.
    const segment = next < 0 ? undefined : text.slice(text.indexOf(CRLF, from) + 2, next)
    parts.push(segment === undefined ? undefined : parsePart(segment))
    if (parts.length > expected) return undefined
    at = next
  }
  return padded(parts, expected)
}

const padded = (parts: ReadonlyArray<Reply | undefined>, expected: number): Array<Reply | undefined> =>
  Array.from({ length: expected }, (_, index) => parts[index])
