/** The innermost `Send`: HTTP over kept-alive connections, bounded in time and size. */

import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
import type { Agent, Dispatcher } from 'undici'
import { openAgent } from '../lib/egress.ts'
import { retryAfterMs } from '../lib/retry-after.ts'
import { restOf } from './pace.ts'
import { type Answer, type Call, NoAnswer, type Send } from './send.ts'
import { unavailable } from './trouble.ts'

export interface TransportSettings {
  readonly userAgent: string
  /** The time one attempt may take, its body included. */
  readonly timeoutMs: number
  /** Bound of one answer, packed or unpacked. */
  readonly maxAnswerBytes: number
  /** Our clock, in milliseconds since the epoch. */
  readonly now: () => number
}

const gunzipped = promisify(gunzip)

/** Raised where an answer is longer than its bound: asking again would not help. */
class TooLong extends Error {}

/**
 * Opens the connections. Redirects are not followed. The send throws `NoAnswer` where no whole answer came,
 * `didomi-unavailable` for one above the bound, and the reason of the aborted signal.
 */
export function openTransport(settings: TransportSettings): { send: Send; close: () => Promise<void> } {
  const agent = openAgent({ pipelining: 1, headersTimeout: 0, bodyTimeout: 0 })
  const send: Send = async (call, signal) => {
    signal.throwIfAborted()
    const attempt = new AbortController()
    const stop = () => attempt.abort(signal.reason)
    const timer = setTimeout(() => attempt.abort(new NoAnswer('none in time')), settings.timeoutMs)
    signal.addEventListener('abort', stop, { once: true })
    try {
      return await exchange(agent, call, settings, attempt.signal)
    } catch (cause) {
      signal.throwIfAborted()
      if (cause instanceof TooLong)
        throw unavailable(call.what, `an answer longer than ${settings.maxAnswerBytes} bytes`, { cause })
      throw cause instanceof NoAnswer ? cause : new NoAnswer(codeOf(cause), { cause })
    } finally {
      clearTimeout(timer)
      signal.removeEventListener('abort', stop)
    }
  }
  return { send, close: () => agent.close() }
}

/** `ECONNRESET` and the like; messages of the network may hold addresses and are not told. */
function codeOf(cause: unknown): string {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : ''
  return /^[A-Z_]{3,40}$/.test(code) ? code : 'the connection failed'
}

async function exchange(
  agent: Agent,
  { method, url, body, token }: Call,
  { userAgent, maxAnswerBytes, now }: TransportSettings,
  signal: AbortSignal,
): Promise<Answer> {
  const answer = await agent.request({
    origin: url.origin,
    path: `${url.pathname}${url.search}`,
    method,
    headers: {
      accept: 'application/json',
      'accept-encoding': 'gzip',
      'user-agent': userAgent,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    },
    body: body === undefined ? null : JSON.stringify(body),
    signal,
  })
  const text = await readText(answer, maxAnswerBytes)
  const headers = Object.fromEntries(
    ['date', 'retry-after', 'ratelimit'].flatMap((name) => {
      const value = answer.headers[name]
      return typeof value === 'string' ? [[name, value]] : []
    }),
  )
  const answeredAtMs = Date.parse(headers['date'] ?? '')
  const waitMs = retryAfterMs(headers, now())
  const restMs = restOf(headers['ratelimit'])
  const json = parsed(text)
  return {
    status: answer.statusCode,
    ...(json === undefined ? {} : { json }),
    answeredAtMs: Number.isNaN(answeredAtMs) ? now() : answeredAtMs,
    ...(waitMs === undefined ? {} : { retryAfterMs: waitMs }),
    ...(restMs === undefined ? {} : { restMs }),
  }
}

async function readText({ headers, body }: Dispatcher.ResponseData, maxBytes: number): Promise<string> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of body as AsyncIterable<Buffer>) {
    length += chunk.length
    if (length > maxBytes) throw new TooLong()
    chunks.push(chunk)
  }
  const bytes = Buffer.concat(chunks)
  const encoding = headers['content-encoding']
  if (encoding === undefined || encoding === 'identity' || bytes.length === 0) return bytes.toString('utf8')
  if (encoding !== 'gzip') throw new NoAnswer('a content encoding that was not asked for')
  try {
    return (await gunzipped(bytes, { maxOutputLength: maxBytes })).toString('utf8')
  } catch (cause) {
    const tooLong = cause instanceof Error && 'code' in cause && cause.code === 'ERR_BUFFER_TOO_LARGE'
    throw tooLong ? new TooLong() : new NoAnswer('damaged gzip', { cause })
  }
}

/** `undefined` where the text is no JSON, as an error page of a gateway is not. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
