import { describe, expect, it } from 'vitest'
import { type BatchPart, batchRequest, boundaryOf, parseBatchReply } from '../../src/dataverse/batch.ts'
import type { Reply } from '../../src/dataverse/send.ts'

const HOSTILE = `'+/#%&?* \r\n--b1\r\n--b1-- é😀 "quoted" \\ ${'x'.repeat(400)}`

const PARTS: readonly BatchPart[] = [
  {
    method: 'PATCH',
    target: '/api/data/v9.2/contacts(1)',
    headers: { 'If-Match': '*' },
    body: JSON.stringify({ a: HOSTILE }),
  },
  { method: 'GET', target: '/api/data/v9.2/contacts?$select=a' },
]

const build = (parts: readonly BatchPart[], ...boundaries: string[]) =>
  batchRequest(parts, { what: 'test', repeatable: true, newBoundary: () => boundaries.shift() ?? 'none-left' })

describe('building a batch (Dataverse: execute batch operations)', () => {
  it('writes CRLF, absolute paths, and the length in bytes', () => {
    const { body = '', headers = {} } = build(PARTS, 'b2')
    expect(headers['content-type']).toBe('multipart/mixed; boundary="b2"')
    expect(body.replace(/\r\n/g, '')).not.toMatch(/[\r\n]/)
    expect(body).toContain(`Content-Length: ${Buffer.byteLength(JSON.stringify({ a: HOSTILE }))}\r\n`)
    expect(body).toContain(
      'GET /api/data/v9.2/contacts?$select=a HTTP/1.1\r\nAccept: application/json\r\n\r\n\r\n--b2--\r\n',
    )
    expect(body).toContain(`\r\n\r\n${JSON.stringify({ a: HOSTILE })}\r\n--b2\r\n`)
  })

  it('takes another boundary while one occurs in a part', () => {
    expect(build(PARTS, 'b1', 'quoted', 'b3').headers?.['content-type']).toBe('multipart/mixed; boundary="b3"')
  })
})

const part = (status: string, json = '', headers = '') =>
  `--r\r\nContent-Type: application/http\r\n\r\n${status}\r\nOData-Version: 4.0\r\n${headers}\r\n${json}\r\n`

const answer = (body: string, type = 'multipart/mixed; boundary=r'): Reply => ({
  status: 200,
  headers: { 'content-type': type },
  body,
})

describe('reading a batch answer', () => {
  const ok = part('HTTP/1.1 200 OK', '{"a":1}')
  const bad = part('HTTP/1.1 400 Bad Request', '{"error":{}}')

  it('takes the boundary from the answer, quoted or not', () => {
    expect(boundaryOf('multipart/mixed; boundary="a b"')).toBe('a b')
    expect(boundaryOf('multipart/mixed; charset=utf-8; boundary=x_1')).toBe('x_1')
    expect(boundaryOf('Multipart/Mixed;boundary=x')).toBe('x')
    expect(boundaryOf('application/json')).toBeUndefined()
    expect(boundaryOf(undefined)).toBeUndefined()
  })

  it('gives one reply per request, in order', () => {
    const parsed = parseBatchReply(answer(`${ok}${bad}--r--`), 2)
    expect(parsed?.map((reply) => reply?.status)).toEqual([200, 400])
    expect(parsed?.[0]).toMatchObject({ body: '{"a":1}', headers: { 'odata-version': '4.0' } })
  })

  it('a missing, cut-off or unreadable part is undefined, never success', () => {
    const statuses = (body: string, expected: number) =>
      parseBatchReply(answer(body), expected)?.map((reply) => reply?.status)
    expect(statuses(`${ok}--r--`, 3)).toEqual([200, undefined, undefined])
    expect(statuses(`${ok}${bad}`.slice(0, -4), 2)).toEqual([200, undefined])
    expect(statuses(ok, 1)).toEqual([undefined])
    expect(statuses('', 1)).toEqual([undefined])
    expect(statuses(`${part('HTTP/1.1 banana')}${ok}--r--`, 2)).toEqual([undefined, 200])
    expect(statuses('--r\r\nContent-Type: multipart/mixed; boundary=c\r\n\r\n--c--\r\n--r--', 1)).toEqual([undefined])
    expect(statuses(`${part('HTTP/1.1 200 OK', '{"a', 'Content-Length: 99\r\n')}--r--`, 1)).toEqual([undefined])
  })

  it('refuses an answer with more parts than requests, and one that is no batch answer', () => {
    expect(parseBatchReply(answer(`${ok}${ok}--r--`), 1)).toBeUndefined()
    expect(parseBatchReply(answer('{"error":{}}', 'application/json'), 1)).toBeUndefined()
  })
})
