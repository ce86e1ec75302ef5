/** One request to Dataverse and its reply. Everything cross-cutting (token, timeout, retry, pace) wraps a `Send`. */

import type { Load } from '../pace/cost.ts'

export interface Request {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE'
  /** Below the API root, already percent-encoded (`contacts?$select=…`), or an absolute `nextLink` of the same origin. */
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  /**
   * May the request be sent again when it is not known whether it was applied? Reads and refusals: yes.
   * Opt-ins: no, they are read and guarded again (semantics §7).
   */
  readonly repeatable: boolean
  /** What the request is, for logs and errors: `UpdateMultiple contact ×100`. Never an identifier. */
  readonly what: string
  /** What it asks of the server, for its pace. */
  readonly load?: Load
  /** Rows that it writes; absent for reads. */
  readonly writes?: number
}

export interface Reply {
  readonly status: number
  /** Header names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  /** From its turn to the whole answer, by our clock. */
  readonly latencyMs?: number
}

/**
 * Sends one request. Every HTTP answer is a reply, whatever its status.
 * @throws CodedError `token-refused`, or `NoAnswer` where no whole answer came.
 */
export type Send = (request: Request, signal: AbortSignal) => Promise<Reply>

/** No whole answer came: the connection broke or time ran out. `sent` is false only if surely nothing was delivered. */
export class NoAnswer extends Error {
  readonly sent: boolean

  constructor(what: string, sent: boolean, options?: ErrorOptions) {
    super(`${what}: no answer`, options)
    this.name = 'NoAnswer'
    this.sent = sent
  }
}
