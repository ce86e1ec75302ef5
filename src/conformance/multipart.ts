/** Writing a multipart batch, and reading the answer to one. */
import type { BatchPart, PartRequest } from './case.ts'

const CRLF = '\r\n'
const BATCH = 'batch_conformance'

/** The content type that goes with `composeBatch`. */
export const BATCH_TYPE = `multipart/mixed; boundary="${BATCH}"`

/** One answer inside a batch's answer; header names in lower case. */
export interface AnswerPart {
  readonly status: number
  readonly headers: ReadonlyMap<string, string>
  readonly contentId: string | undefined
  readonly text: string
}

/** Writes the parts; `root` is the path of the service root, put before relative paths. */
export function composeBatch(parts: readonly BatchPart[], root: string): string {
  const written = parts.map((part, index) => {
    if (!('changeSet' in part)) return request(part, root)
    const boundary = `changeset_${index}`
    const inner = part.changeSet.map((each) => `--${boundary}${CRLF}${request(each, root)}`).join('')
    return `Content-Type: multipart/mixed; boundary="${boundary}"${CRLF}${CRLF}${inner}--${boundary}--${CRLF}`
  })
  return `${written.map((each) => `--${BATCH}${CRLF}${each}`).join('')}--${BATCH}--${CRLF}`
}

function request({ method, path, headers = {}, body, contentId }: PartRequest, root: string): string {
  const url = /^[/$]|^https?:/.test(path) ? path : `${root}/${path}`
  const type = body === undefined ? { Accept: 'application/json' } : { 'Content-Type': 'application/json; type=entry' }
  return [
    'Content-Type: application/http',
    'Content-Transfer-Encoding: binary',
    ...(contentId === undefined ? [] : [`Content-ID: ${contentId}`]),
    '',
    `${method} ${url} HTTP/1.1`,
    ...Object.entries({ ...type, ...headers }).map(([name, value]) => `${name}: ${value}`),
    '',
    body === undefined ? '' : JSON.stringify(body),
    '',
  ].join(CRLF)
}

/** The answers in their order, change sets unfolded; `undefined` where the body is no multipart. */
export function parseBatchAnswer(contentType: string, body: string): AnswerPart[] | undefined {
  const boundary = /^multipart\/mixed;.*?boundary="?([^";]+)/i.exec(contentType)?.[1]
  if (boundary === undefined) return undefined
  const pieces = `${CRLF}${body}`.split(`${CRLF}--${boundary}`).slice(1)
  return pieces
    .filter((piece) => !piece.startsWith('--'))
    .flatMap((piece) => {
      const { headers, rest } = split(piece.replace(/^\r\n/, ''))
      const inner = parseBatchAnswer(headers.get('content-type') ?? '', rest)
      return inner ?? [answer(headers.get('content-id'), rest)]
    })
}

function split(text: string): { readonly headers: Map<string, string>; readonly rest: string } {
  const end = text.indexOf(`${CRLF}${CRLF}`)
  const head = end === -1 ? text : text.slice(0, end)
  const pairs = head.split(CRLF).map((line): [string, string] => {
    const colon = line.indexOf(':')
    return [line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim()]
  })
  return { headers: new Map(pairs), rest: end === -1 ? '' : text.slice(end + 2 * CRLF.length) }
}

function answer(contentId: string | undefined, text: string): AnswerPart {
  const end = text.indexOf(CRLF)
  const { headers, rest } = split(text.slice(end + CRLF.length))
  return { status: Number(/^HTTP\/1\.1 (\d{3})/.exec(text)?.[1] ?? 0), headers, contentId, text: rest.trim() }
}
