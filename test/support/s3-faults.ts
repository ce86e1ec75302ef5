/** A small S3 of our own that can be told to fail: listing, ranged reads, writes and AssumeRole, and a record of all. */

import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

import {
  type Answer,
  errorAnswer,
  type Fault,
  type Operation,
  roleAnswer,
  type SeenRequest,
  type Sending,
  storedAnswer,
  xml,
} from './s3-fault.ts'

export interface S3Faults {
  readonly endpoint: string
  readonly seen: SeenRequest[]
  /** The faults of the coming requests, in turn; `undefined` is none. What is left over fails the test. */
  readonly faults: Readonly<Record<Operation, Array<Fault | undefined>>>
  /** Keys on a page. */
  pageSize: number
  /** Where the bucket lies; requests signed for another region are sent there. */
  region: string | undefined
  /** When roles given from now on expire. */
  roleExpiresAt: Date
  put(key: string, bytes: Uint8Array): string
  read(key: string): Buffer | undefined
  remove(key: string): void
  keys(): string[]
  requests(operation: Operation): SeenRequest[]
  close(): Promise<void>
}

export const BUCKET = 'exports'

export async function startS3Faults(): Promise<S3Faults> {
  const objects = new Map<string, { readonly bytes: Buffer; readonly etag: string; readonly at: Date }>()
  const seen: SeenRequest[] = []
  const faults = { list: [], get: [], put: [], role: [] } as Record<Operation, Array<Fault | undefined>>
  const surprises: string[] = []
  let roles = 0

  const take = (request: IncomingMessage, response: ServerResponse) => {
    receive(request, response).catch((error: unknown) => response.destroy(error instanceof Error ? error : undefined))
  }
  const server = createServer(take).on('checkContinue', take)

  async function receive(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const one = await seenOf(request)
    if (one === undefined) {
      surprises.push(`${request.method} ${request.url}`)
      return finish(errorAnswer(501, 'NotImplemented'), response)
    }
    seen.push(one)
    const elsewhere = wrongRegion(one)
    if (elsewhere !== undefined) return finish(elsewhere, response)
    const fault = faults[one.operation].shift()
    const body = one.operation === 'put' ? await uploaded(request, response, fault, one) : Buffer.alloc(0)
    if (body === undefined) return
    const send = sending(one, response, body)
    finish(fault === undefined ? answerTo(one, body) : fault(answerTo(one, body), send), response)
  }

  /** The body of a put that is to be stored. A fault comes before it is asked for, as with `Expect: 100-continue`. */
  async function uploaded(
    request: IncomingMessage,
    response: ServerResponse,
    fault: Fault | undefined,
    one: SeenRequest,
  ): Promise<Buffer | undefined> {
    if (fault !== undefined) finish(fault(storedAnswer(''), sending(one, response)), response)
    else if (request.headers.expect !== undefined) response.writeContinue()
    return fault === undefined ? bodyOf(request) : undefined
  }

  const sending = (one: SeenRequest, response: ServerResponse, body: Buffer = Buffer.alloc(0)): Sending => ({
    seen: one,
    response,
    answerTo: (changes) => answerTo({ ...one, ...changes }, body),
  })

  function wrongRegion(one: SeenRequest): Answer | undefined {
    if (self.region === undefined || one.operation === 'role' || one.region === self.region) return undefined
    return errorAnswer(301, 'PermanentRedirect', { headers: { 'x-amz-bucket-region': self.region } })
  }

  function answerTo(one: SeenRequest, body: Buffer): Answer {
    switch (one.operation) {
      case 'list':
        return page(one.query)
      case 'get':
        return objectAnswer(one)
      case 'put':
        return storedAnswer(self.put(one.key, body))
      case 'role':
        roles += 1
        return roleAnswer(roles, self.roleExpiresAt)
    }
  }

  function objectAnswer({ key, range, ifMatch }: SeenRequest): Answer {
    const object = objects.get(key)
    if (object === undefined) return errorAnswer(404, 'NoSuchKey')
    if (ifMatch !== undefined && ifMatch !== object.etag) return errorAnswer(412, 'PreconditionFailed')
    const total = object.bytes.length
    const from = Number(/^bytes=(\d+)-$/.exec(range ?? '')?.[1] ?? Number.NaN)
    const headers = { etag: object.etag, 'last-modified': object.at.toUTCString(), 'accept-ranges': 'bytes' }
    if (Number.isNaN(from)) {
      return { status: 200, headers: { ...headers, 'content-length': String(total) }, body: object.bytes }
    }
    if (from >= total) return errorAnswer(416, 'InvalidRange')
    const contentRange = `bytes ${from}-${total - 1}/${total}`
    return {
      status: 206,
      headers: { ...headers, 'content-range': contentRange, 'content-length': String(total - from) },
      body: object.bytes.subarray(from),
    }
  }

  function page(query: URLSearchParams): Answer {
    const after = Buffer.from(query.get('continuation-token') ?? '', 'base64').toString()
    const keys = self.keys().filter((key) => key.startsWith(query.get('prefix') ?? '') && inOrder(after, key) < 0)
    const shown = keys.slice(0, self.pageSize)
    const next = keys.length > shown.length ? Buffer.from(shown.at(-1) ?? '').toString('base64') : undefined
    const encodes = query.get('encoding-type') === 'url'
    const contents = shown.map((key) => {
      const { bytes, etag, at } = objects.get(key) ?? { bytes: Buffer.alloc(0), etag: '', at: new Date(0) }
      return `<Contents><Key>${encodes ? formEncoded(key) : key}</Key><LastModified>${at.toISOString()}</LastModified><ETag>${etag.replaceAll('"', '&quot;')}</ETag><Size>${bytes.length}</Size></Contents>`
    })
    const more = next === undefined ? '' : `<NextContinuationToken>${next}</NextContinuationToken>`
    return xml(
      200,
      `<ListBucketResult><Name>${BUCKET}</Name>${encodes ? '<EncodingType>url</EncodingType>' : ''}<IsTruncated>${next !== undefined}</IsTruncated>${more}${contents.join('')}</ListBucketResult>`,
    )
  }

  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const self: S3Faults = {
    endpoint: `http://127.0.0.1:${port}`,
    seen,
    faults,
    pageSize: 1_000,
    region: undefined,
    roleExpiresAt: new Date(Date.now() + 3_600_000),
    put: (key, bytes) => {
      const etag = `"${createHash('md5').update(bytes).digest('hex')}"`
      objects.set(key, { bytes: Buffer.from(bytes), etag, at: new Date(1_790_000_000_000) })
      return etag
    },
    read: (key) => objects.get(key)?.bytes,
    remove: (key) => objects.delete(key),
    keys: () => [...objects.keys()].sort(inOrder),
    requests: (operation) => seen.filter((one) => one.operation === operation),
    close: async () => {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
      const left = Object.entries(faults).flatMap(([operation, some]) => some.map(() => operation))
      if (surprises.length > 0) throw new Error(`requests that nobody expects: ${surprises.join(', ')}`)
      if (left.length > 0) throw new Error(`faults that nobody met: ${left.join(', ')}`)
    },
  }
  return self
}

function finish(answer: Answer | undefined, response: ServerResponse): void {
  if (answer === undefined) return
  response.writeHead(answer.status, answer.headers)
  response.end(answer.body)
}

/** The body of a request, or nothing where it breaks off: what does not arrive whole is not stored (AWS: PutObject). */
async function bodyOf(request: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = []
  try {
    for await (const chunk of request) chunks.push(chunk)
  } catch {
    return undefined
  }
  return Buffer.concat(chunks)
}

async function seenOf(request: IncomingMessage): Promise<SeenRequest | undefined> {
  const { method, url = '/', headers } = request
  const { pathname, searchParams } = new URL(url, 'http://localhost')
  const [, bucket, ...rest] = pathname.split('/')
  const key = rest.map(decodeURIComponent).join('/')
  const operation = operationOf(method, bucket, key)
  if (operation === undefined) return undefined
  const [, accessKeyId, region] = /Credential=([^/]+)\/\d+\/([^/]+)\//.exec(headers.authorization ?? '') ?? []
  const optional = {
    range: headers.range,
    ifMatch: headers['if-match'],
    payer: headers['x-amz-request-payer'],
    contentType: operation === 'put' ? headers['content-type'] : undefined,
    token: headers['x-amz-security-token'],
    accessKeyId,
    region,
  }
  const present = Object.fromEntries(Object.entries(optional).filter(([, value]) => value !== undefined))
  const query = operation === 'role' ? new URLSearchParams(String(await bodyOf(request))) : searchParams
  return { operation, key, query, ...present }
}

function operationOf(method: string | undefined, bucket: string | undefined, key: string): Operation | undefined {
  if (method === 'POST' && bucket === '') return 'role'
  if (bucket === BUCKET && method === 'GET') return key === '' ? 'list' : 'get'
  if (bucket === BUCKET && method === 'PUT' && key !== '') return 'put'
  return undefined
}

/** As S3 encodes the keys of a listing: a blank is a plus. */
const formEncoded = (key: string): string => encodeURIComponent(key).replaceAll('%20', '+')

const inOrder = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b))
