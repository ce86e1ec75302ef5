/** Signing in to an environment and sending one request to it, with nothing in between: no retry, no redirect. */
import { type Dispatcher, request } from 'undici'
import type { CaseRequest } from './case.ts'
import { type AnswerPart, BATCH_TYPE, composeBatch, parseBatchAnswer } from './multipart.ts'

/** An answer as it came. Header names in lower case. */
export interface Answer {
  readonly status: number
  readonly headers: ReadonlyMap<string, string>
  readonly text: string
  /** The parsed body; undefined where it is not JSON. */
  readonly json: unknown
  /** Of a batch's answer. */
  readonly parts: readonly AnswerPart[] | undefined
}

/** How an environment is reached. */
export interface CallerSettings {
  /** The environment's origin, without trailing slash. */
  readonly url: string
  /** Gives a bearer token, afresh for each request. */
  readonly token: () => Promise<string>
  readonly dispatcher: Dispatcher
  readonly signal: AbortSignal
}

/** Patience with one answer, in milliseconds; the service itself gives up on a request after two minutes. */
const PATIENCE_MS = 150_000

/** Where the Web API begins, below the origin. */
export const SERVICE_ROOT = '/api/data/v9.2'

/** Sends requests of cases to one environment. */
export class Caller {
  readonly #settings: CallerSettings

  constructor(settings: CallerSettings) {
    this.#settings = settings
  }

  /** Sends a request whose placeholders are filled. Rejects where no answer comes, or the URL leads elsewhere. */
  async send(spec: CaseRequest): Promise<Answer> {
    const { url, dispatcher, token } = this.#settings
    const target = new URL(this.#urlOf(spec))
    // A link in an answer decides where our token goes: nowhere else than to the environment.
    if (target.origin !== new URL(url).origin) throw new Error('a link leads to another origin')
    const headers: Record<string, string> = {
      accept: 'application/json',
      'odata-maxversion': '4.0',
      'odata-version': '4.0',
      authorization: `Bearer ${await token()}`,
    }
    const body = bodyOf(spec)
    if (body !== undefined) headers['content-type'] = spec.batch === undefined ? 'application/json' : BATCH_TYPE
    for (const [name, value] of Object.entries(spec.headers ?? {})) headers[name.toLowerCase()] = value
    if (headers['authorization'] === '') delete headers['authorization']
    const reply = await request(this.#urlOf(spec), {
      method: spec.method as Dispatcher.HttpMethod,
      headers,
      body: body ?? null,
      dispatcher,
      signal: this.#settings.signal,
      headersTimeout: PATIENCE_MS,
      bodyTimeout: PATIENCE_MS,
    })
    return answerOf(reply.statusCode, reply.headers, await reply.body.text())
  }

  #urlOf({ path, query = {}, padding }: CaseRequest): string {
    const { url } = this.#settings
    const base = /^https?:/.test(path) ? path : path.startsWith('/') ? `${url}${path}` : `${url}${SERVICE_ROOT}/${path}`
    const pairs = Object.entries(query).map(([name, value]) => `${name}=${encodeURIComponent(value)}`)
    const padded = `${base}${padding?.text.repeat(padding.times) ?? ''}`
    return pairs.length === 0 ? padded : `${padded}${padded.includes('?') ? '&' : '?'}${pairs.join('&')}`
  }
}

function bodyOf(spec: CaseRequest): string | undefined {
  if (spec.batch !== undefined) return composeBatch(spec.batch, SERVICE_ROOT)
  return spec.text ?? (spec.body === undefined ? undefined : JSON.stringify(spec.body))
}

function answerOf(status: number, raw: Readonly<Record<string, string | string[] | undefined>>, text: string): Answer {
  const headers = new Map(
    Object.entries(raw).flatMap(([name, value]): [string, string][] =>
      value === undefined ? [] : [[name.toLowerCase(), Array.isArray(value) ? value.join(', ') : value]],
    ),
  )
  const type = headers.get('content-type') ?? ''
  return { status, headers, text, json: parsed(text), parts: parseBatchAnswer(type, text) }
}

/** The text as JSON, or undefined. */
export function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
