/** One exchange with Didomi's API, as every layer of the client sees it. */

/** A request. `what` names it in messages and holds no identifier. */
export interface Call {
  readonly what: string
  readonly method: 'GET' | 'POST'
  readonly url: URL
  /** Sent as JSON. */
  readonly body?: unknown
  readonly token?: string
}

/** A whole answer. `json` is absent where the body is no JSON. */
export interface Answer {
  readonly status: number
  readonly json?: unknown
  /** The answer's `Date`, else our clock's time when it came; milliseconds since the epoch. */
  readonly answeredAtMs: number
  /** How long the server asks us to wait, in milliseconds; absent where it does not. */
  readonly retryAfterMs?: number
  /** How long the server's budget of requests is used up, in milliseconds; absent where some is left or nobody counts. */
  readonly restMs?: number
}

/** Sends a call. What cross-cuts (repeating, the session) takes a `Send` and gives a `Send`. */
export type Send = (call: Call, signal: AbortSignal) => Promise<Answer>

/** No whole answer came: refused, reset, cut short, too slow. `why` holds a code or a word, nothing of the exchange. */
export class NoAnswer extends Error {
  readonly why: string

  constructor(why: string, options?: ErrorOptions) {
    super(`no answer: ${why}`, options)
    this.name = 'NoAnswer'
    this.why = why
  }
}
