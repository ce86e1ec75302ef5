/** A real HTTP server on loopback whose answers a test scripts; it records every request and issues tokens. */

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface Seen {
  readonly method: string
  readonly url: string
  readonly headers: IncomingMessage['headers']
  readonly body: string
}

export type Script = (seen: Seen, response: ServerResponse, index: number) => void

export interface ScriptedDataverse {
  readonly origin: string
  /** Requests below the API root, in order of arrival. */
  readonly seen: Seen[]
  readonly tokensIssued: () => number
  /** Answers the token endpoint gives; the default is a token `t1`, `t2`, … */
  tokenScript: Script | undefined
  close(): Promise<void>
}

/** Answers with JSON (or any text) and the headers that Dataverse always sends. */
export function reply(
  response: ServerResponse,
  status: number,
  body: unknown = '',
  headers: Record<string, string> = {},
) {
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  response.writeHead(status, { 'content-type': 'application/json', 'x-ms-service-request-id': 'r', ...headers })
  response.end(text)
}

export const odataError = (code: string, message: string) => ({ error: { code, message } })

/** A part of a scripted batch answer: status and JSON. */
export type PartAnswer = readonly [status: number, body?: unknown, headers?: Record<string, string>]

export function replyBatch(response: ServerResponse, parts: readonly PartAnswer[], status = 200) {
  const text = parts.map(([code, body, headers = {}]) => {
    const lines = Object.entries({ 'OData-Version': '4.0', ...headers }).map(([name, value]) => `${name}: ${value}`)
    const json = body === undefined ? '' : JSON.stringify(body)
    const head = ['Content-Type: application/http', 'Content-Transfer-Encoding: binary', '', `HTTP/1.1 ${code} Word`]
    return ['--batchresponse_1', ...head, ...lines, '', json, ''].join('\r\n')
  })
  const body = `${text.join('')}--batchresponse_1--\r\n`
  reply(response, status, body, { 'content-type': 'multipart/mixed; boundary=batchresponse_1' })
}

/** The requests inside a batch body: method, target and JSON body. */
export function batchParts(seen: Seen): Array<{ method: string; target: string; head: string; body: string }> {
  const boundary = /boundary="([^"]+)"/.exec(seen.headers['content-type'] ?? '')?.[1] ?? ''
  return seen.body
    .split(`--${boundary}`)
    .slice(1, -1)
    .map((part) => {
      const [, head = '', body = ''] = part.split('\r\n\r\n')
      const [method = '', target = ''] = head.split(' ')
      return { method, target, head, body: body.replace(/\r\n$/, '') }
    })
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk)
  return Buffer.concat(chunks).toString('utf8')
}

export async function startScripted(script: Script): Promise<ScriptedDataverse> {
  let tokens = 0
  const seen: Seen[] = []
  const server = createServer(async (request, response) => {
    const one: Seen = {
      method: request.method ?? '',
      url: request.url ?? '',
      headers: request.headers,
      body: await bodyOf(request),
    }
    if (one.url.startsWith('/token')) {
      tokens += 1
      if (scripted.tokenScript !== undefined) return scripted.tokenScript(one, response, tokens - 1)
      // Late enough for concurrent callers to meet on a cold cache.
      await new Promise((resolve) => setImmediate(resolve))
      return reply(response, 200, { token_type: 'Bearer', expires_in: 3_600, access_token: `t${tokens}` })
    }
    seen.push(one)
    script(one, response, seen.length - 1)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address() as AddressInfo
  const scripted: ScriptedDataverse = {
    origin: `http://127.0.0.1:${address.port}`,
    seen,
    tokensIssued: () => tokens,
    tokenScript: undefined,
    close: () => {
      server.closeAllConnections()
      return new Promise((resolve) => server.close(() => resolve()))
    },
  }
  return scripted
}
