/** Requests and replies as the emulator's handlers see them, whether they came alone or as a part of a batch. */
import type { Identity } from './identity.ts'

/** One Web API request. `path` and `query` are raw (still percent-encoded). */
export interface ApiRequest {
  readonly method: string
  /** Below the service root, without leading slash: `contacts(…)`. */
  readonly path: string
  /** Without the question mark. */
  readonly query: string
  /** Names in lower case. */
  readonly headers: ReadonlyMap<string, string>
  readonly body: string
  /** The absolute URL of the service root, without trailing slash. */
  readonly root: string
  readonly identity: Identity
  /** The caller's `x-ms-client-request-id`, else one of the server's making. */
  readonly requestId: string
}

/** An answer before the service headers are added to it. */
export interface ApiReply {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | undefined
}

/** A reply that carries a JSON document. */
export function jsonReply(status: number, value: unknown, headers: Readonly<Record<string, string>> = {}): ApiReply {
  return {
    status,
    headers: { 'Content-Type': 'application/json; odata.metadata=minimal; charset=utf-8', ...headers },
    body: JSON.stringify(value),
  }
}

/** 204 and nothing else. */
export function emptyReply(headers: Readonly<Record<string, string>> = {}): ApiReply {
  return { status: 204, headers, body: undefined }
}

/** The error body of Dataverse (its Web API: compose HTTP requests and handle errors). */
export function errorReply(
  status: number,
  code: string,
  message: string,
  details: Readonly<Record<string, string>> = {},
): ApiReply {
  return jsonReply(status, { error: { code, message, ...details } })
}
