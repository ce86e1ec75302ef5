/** The answers of an S3 that can be told to fail, and the ways in which it fails. */

import type { ServerResponse } from 'node:http'

/** What is asked of the server. */
export type Operation = 'list' | 'get' | 'put' | 'role'

/** One request as it came. */
export interface SeenRequest {
  readonly operation: Operation
  readonly key: string
  /** Of a listing its query, of a role its form. */
  readonly query: URLSearchParams
  readonly range?: string
  readonly ifMatch?: string
  readonly payer?: string
  /** Of an object that is put. */
  readonly contentType?: string
  /** The access key and the region of the signature, and the session token. */
  readonly accessKeyId?: string
  readonly region?: string
  readonly token?: string
}

/** An answer before it is sent. */
export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer
}

/** Changes one answer, or sends it in its own way and returns nothing. */
export type Fault = (answer: Answer, send: Sending) => Answer | undefined

export interface Sending {
  readonly seen: SeenRequest
  readonly response: ServerResponse
  /** The answer as it would be to another request. */
  answerTo(changes: Partial<SeenRequest>): Answer
}

/** Answers with an error of S3's form. */
export function refuses(
  status: number,
  code: string,
  { message = 'As scripted.', headers = {} }: { message?: string; headers?: Record<string, string> } = {},
): Fault {
  return () => errorAnswer(status, code, { message, headers })
}

/** Answers with an error of STS's form. */
export function refusesRole(status: number, code: string, message = 'As scripted.'): Fault {
  const body = `<ErrorResponse><Error><Type>Sender</Type><Code>${code}</Code><Message>${message}</Message></Error></ErrorResponse>`
  return () => ({ status, headers: { 'content-type': 'text/xml' }, body: Buffer.from(body) })
}

/** Announces the whole body, gives `bytes` of it and closes the connection; `reset` without a farewell. */
export function breaksAfter(bytes: number, how: 'close' | 'reset' = 'close'): Fault {
  return (answer, { response }) => {
    response.writeHead(answer.status, answer.headers)
    response.write(answer.body.subarray(0, bytes), () => {
      if (how === 'reset') response.socket?.resetAndDestroy()
      else response.socket?.end()
    })
    return undefined
  }
}

/** Gives `bytes` of the body and then nothing; the connection stays. `onStalled` is called once they are sent. */
export function stallsAfter(bytes: number, onStalled: () => void): Fault {
  return (answer, { response }) => {
    response.writeHead(answer.status, answer.headers)
    response.write(answer.body.subarray(0, bytes), onStalled)
    return undefined
  }
}

/** Gives no answer at all. */
export function staysSilent(onAsked: () => void): Fault {
  return () => {
    onAsked()
    return undefined
  }
}

/** Closes the connection instead of an answer. */
export const hangsUp: Fault = (_, { response }) => {
  response.socket?.destroy()
  return undefined
}

/** Takes `bytes` of what is put and closes the connection. */
export function takesOnly(bytes: number): Fault {
  return (_, { response }) => {
    let taken = 0
    response.writeContinue()
    response.req.on('data', (chunk: Buffer) => {
      taken += chunk.length
      if (taken >= bytes) response.socket?.destroy()
    })
    return undefined
  }
}

export function withHeaders(headers: Readonly<Record<string, string>>): Fault {
  return (answer) => ({ ...answer, headers: { ...answer.headers, ...headers } })
}

/** Gives the whole object, as a server does that knows nothing of ranges. */
export const ignoresRange: Fault = (_, { answerTo }) => answerTo({ range: '' })

export function errorAnswer(
  status: number,
  code: string,
  { message = 'No.', headers = {} }: { message?: string; headers?: Record<string, string> } = {},
): Answer {
  const { headers: type, body } = xml(status, `<Error><Code>${code}</Code><Message>${message}</Message></Error>`)
  return { status, headers: { ...type, ...headers }, body }
}

export function roleAnswer(count: number, expiresAt: Date): Answer {
  const credentials = `<AccessKeyId>ASIA${count}</AccessKeyId><SecretAccessKey>secret-${count}</SecretAccessKey><SessionToken>token-${count}</SessionToken><Expiration>${expiresAt.toISOString()}</Expiration>`
  return xml(
    200,
    `<AssumeRoleResponse><AssumeRoleResult><Credentials>${credentials}</Credentials></AssumeRoleResult></AssumeRoleResponse>`,
  )
}

export const storedAnswer = (etag: string): Answer => ({ status: 200, headers: { etag }, body: Buffer.alloc(0) })

export const xml = (status: number, text: string): Answer => ({
  status,
  headers: { 'content-type': 'application/xml' },
  body: Buffer.from(`<?xml version="1.0" encoding="UTF-8"?>${text}`),
})
