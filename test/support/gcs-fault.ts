/** The answers of a Google Cloud Storage that can be told to fail, and the ways in which it fails. */

import type { ServerResponse } from 'node:http'

/** What is asked of the server; `token` also of what stands in for Google's token services. */
export type Operation = 'list' | 'get' | 'upload' | 'token'

/** One request as it came. */
export interface SeenRequest {
  readonly operation: Operation
  readonly bucket: string
  readonly key: string
  readonly query: URLSearchParams
  readonly range?: string
  readonly acceptEncoding?: string
  readonly authorization?: string
  readonly contentLength?: string
  /** Of an upload. */
  readonly contentType?: string
  /** Of a request for a token: the path and the body. */
  readonly asked?: { readonly path: string; readonly form: URLSearchParams }
  /** Resolves when the answer is over, with whether it was sent to its end. */
  readonly over: Promise<boolean>
}

/** An answer before it is sent. */
export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer
}

/** Changes one answer, or sends it in its own way and returns nothing. */
export type Fault = (answer: Answer, sending: Sending) => Answer | undefined

export interface Sending {
  readonly seen: SeenRequest
  readonly response: ServerResponse
  /** The answer as it would be to another request. */
  answerTo(changes: Partial<SeenRequest>): Answer
}

export function jsonAnswer(status: number, content: unknown, headers: Readonly<Record<string, string>> = {}): Answer {
  const body = Buffer.from(JSON.stringify(content))
  const type = { 'content-type': 'application/json; charset=UTF-8', 'content-length': String(body.length) }
  return { status, headers: { ...type, ...headers }, body }
}

/** An error in the form of Google's JSON API. */
export function errorAnswer(
  status: number,
  reason: string,
  message = 'As scripted.',
  headers: Readonly<Record<string, string>> = {},
): Answer {
  const errors = [{ message, domain: 'global', reason }]
  return jsonAnswer(status, { error: { code: status, message, errors } }, headers)
}

/** Answers with an error of the JSON API. */
export function refuses(
  status: number,
  reason: string,
  { message, headers }: { message?: string; headers?: Record<string, string> } = {},
): Fault {
  return () => errorAnswer(status, reason, message, headers)
}

/** Answers with an error of a token service. */
export function refusesToken(status: number, error: string, description = 'As scripted.'): Fault {
  return () => jsonAnswer(status, { error, error_description: description })
}

/** Announces the whole body, gives `bytes` of it and closes the connection; `reset` without a farewell. */
export function breaksAfter(bytes: number, how: 'close' | 'reset' = 'close'): Fault {
  return (answer, { response }) => {
    response.writeHead(answer.status, answer.headers)
    response.write(answer.body.subarray(0, bytes), () => {
      if (how === 'reset') response.socket?.resetAndDestroy()
      else response.socket?.destroySoon()
    })
    return undefined
  }
}

/** Breaks the connection before any answer. */
export function hangsUp(): Fault {
  return (_, { response }) => {
    response.socket?.resetAndDestroy()
    return undefined
  }
}

/** Gives `bytes` of the answer, then nothing more; `onSilence` is told when they have left. */
export function fallsSilentAfter(bytes: number, onSilence: () => void): Fault {
  return (answer, { response }) => {
    response.writeHead(answer.status, answer.headers)
    response.flushHeaders()
    if (bytes === 0) onSilence()
    else response.write(answer.body.subarray(0, bytes), () => onSilence())
    return undefined
  }
}

/** Never answers; `onSilence` is told that the request is there. */
export function neverAnswers(onSilence: () => void): Fault {
  return () => {
    onSilence()
    return undefined
  }
}

/** Gives the whole object, whatever range was asked for. */
export function ignoresRange(): Fault {
  return (_, { seen, answerTo }) => {
    const { range: _range, ...rest } = seen
    return answerTo({ ...rest, range: '' })
  }
}

/** Gives another range than the one that was asked for. */
export function givesRange(range: string): Fault {
  return (_, { answerTo }) => answerTo({ range })
}

/** Gives what lies there now, whatever version was asked for. */
export function ignoresGeneration(): Fault {
  return (_, { seen, answerTo }) => {
    const query = new URLSearchParams(seen.query)
    query.delete('generation')
    query.delete('ifGenerationMatch')
    return answerTo({ query })
  }
}

/** Changes headers of the answer; `undefined` leaves one out. */
export function withHeaders(changes: Readonly<Record<string, string | undefined>>): Fault {
  return (answer) => {
    const headers: Record<string, string> = {}
    for (const [name, value] of Object.entries({ ...answer.headers, ...changes })) {
      if (value !== undefined) headers[name] = value
    }
    return { ...answer, headers }
  }
}
