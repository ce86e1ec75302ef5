/** Reading a multipart batch body, as strictly as the service does. */
import { ApiError, badPayload, badRequest } from './api-error.ts'

/** One HTTP request inside a batch; header names in lower case. */
export interface InnerRequest {
  readonly method: string
  readonly url: string
  readonly headers: ReadonlyMap<string, string>
  readonly body: string
  /** Empty outside of change sets. */
  readonly contentId: string
}

/** A part of a batch: one request, or a change set of several. */
export type BatchPart =
  | { readonly kind: 'single'; readonly request: InnerRequest }
  | { readonly kind: 'changeset'; readonly requests: readonly InnerRequest[] }

/** The URL of a part may have this many characters: twice what a lone GET may have. */
const MAX_INNER_URL = 65_536
const CRLF = '\r\n'

/** Throws 400 for anything that is not a well-formed multipart/mixed batch with CRLF line ends. */
export function parseBatch(contentType: string, body: string): BatchPart[] {
  const contentIds = new Set<string>()
  return splitParts(boundaryOf(contentType), body).map((part) => {
    const { headers, rest } = splitHeaders(part)
    const type = headers.get('content-type') ?? ''
    if (!type.startsWith('multipart/mixed')) return { kind: 'single', request: innerRequest(headers, rest, '') }
    const requests = splitParts(boundaryOf(type), rest).map((inner) => changeSetRequest(inner, contentIds))
    return { kind: 'changeset', requests }
  })
}

function changeSetRequest(part: string, contentIds: Set<string>): InnerRequest {
  const { headers, rest } = splitHeaders(part)
  if ((headers.get('content-type') ?? '').startsWith('multipart/mixed'))
    throw badRequest('Nested change sets are not allowed.')
  const contentId = headers.get('content-id')
  if (contentId === undefined) throw badRequest('Content-ID header not present in the batch request.')
  if (contentIds.has(contentId)) throw badRequest(`The Content-ID '${contentId}' is used twice in the batch.`)
  contentIds.add(contentId)
  const request = innerRequest(headers, rest, contentId)
  if (request.method === 'GET') throw badRequest('A change set must not contain a GET request.')
  return request
}

function boundaryOf(contentType: string): string {
  const match = /^multipart\/mixed\s*;.*?boundary=(?:"([^"]+)"|([^;\s]+))/i.exec(contentType)
  const boundary = match?.[1] ?? match?.[2]
  if (boundary === undefined) throw badRequest('The batch has no multipart/mixed content type with a boundary.')
  return boundary
}

function splitParts(boundary: string, body: string): string[] {
  const pieces = `${CRLF}${body}`.split(`${CRLF}--${boundary}`)
  const end = pieces.at(-1)
  if (pieces.length < 3 || end === undefined || !end.startsWith('--')) {
    throw badRequest('The batch body is not a complete multipart message with CRLF line ends.')
  }
  return pieces.slice(1, -1).map((piece) => {
    if (!piece.startsWith(CRLF)) throw badRequest('A boundary of the batch body is malformed.')
    return piece.slice(CRLF.length)
  })
}

function splitHeaders(part: string): { readonly headers: Map<string, string>; readonly rest: string } {
  const headers = new Map<string, string>()
  const end = part.startsWith(CRLF) ? 0 : part.indexOf(`${CRLF}${CRLF}`)
  // A part without body may lend its empty line to the boundary that follows.
  if (end === -1 && (part === '' || part.endsWith(CRLF))) return splitHeaders(`${part}${CRLF}`)
  if (end === -1) throw badRequest('The headers of a batch part do not end with an empty line.')
  for (const line of part.slice(0, end).split(CRLF)) {
    if (line === '') continue
    const colon = line.indexOf(':')
    if (colon < 1) throw badRequest('A header line of a batch part is malformed.')
    headers.set(line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim())
  }
  return { headers, rest: part.slice(end + (end === 0 ? CRLF.length : 2 * CRLF.length)) }
}

function innerRequest(outer: ReadonlyMap<string, string>, text: string, contentId: string): InnerRequest {
  if (outer.get('content-type')?.startsWith('application/http') !== true) {
    throw badRequest('A batch part must be of content type application/http.')
  }
  if (outer.get('content-transfer-encoding') !== 'binary') {
    throw badRequest("A batch part needs the header 'Content-Transfer-Encoding: binary'.")
  }
  const lineEnd = text.indexOf(CRLF)
  const line = /^([A-Z]+) (\S+) HTTP\/1\.1$/.exec(text.slice(0, Math.max(lineEnd, 0)))
  if (line?.[1] === undefined || line[2] === undefined)
    throw badRequest('The request line of a batch part is malformed.')
  if (line[2].length > MAX_INNER_URL) throw new ApiError(414, '', 'The URL of a batch part is too long.')
  const afterLine = text.slice(lineEnd + CRLF.length)
  const { headers, rest } = splitHeaders(afterLine)
  const method = line[1]
  return { method, url: line[2], headers, body: bodyOf(headers, rest), contentId }
}

function bodyOf(headers: ReadonlyMap<string, string>, rest: string): string {
  const declared = headers.get('content-length')
  if (declared === undefined) return rest
  const bytes = Buffer.from(rest)
  if (Number(declared) > bytes.length)
    throw badPayload('The stream is not readable: Content-Length is beyond the part.')
  return bytes.subarray(0, Number(declared)).toString()
}
