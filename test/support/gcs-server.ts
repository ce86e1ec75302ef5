/**
 * A Google Cloud Storage on loopback, as far as the adapter asks it: the JSON API's listing, reading and simple upload,
 * and what gives tokens. Written after Google's reference, apart from the adapter; every answer can be made to fail.
 */

import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gunzipSync } from 'node:zlib'

import { type Answer, errorAnswer, type Fault, jsonAnswer, type Operation, type SeenRequest } from './gcs-fault.ts'

interface StoredObject {
  readonly bytes: Buffer
  readonly generation: string
  readonly contentEncoding?: string
  readonly at: Date
}

type Bucket = Map<string, StoredObject>

/** A bucket with a hand on its content. */
export interface GcsBucket {
  readonly bucket: string
  /** Answers the generation. */
  put(key: string, bytes: Uint8Array, options?: { readonly contentEncoding?: string }): string
  read(key: string): Uint8Array | undefined
  remove(key: string): void
  /** Every key, in the order of its bytes. */
  keys(): readonly string[]
}

export interface GcsServer {
  readonly endpoint: string
  /** Every request, in order. */
  readonly seen: readonly SeenRequest[]
  /** What goes wrong: of each operation the next requests, in order. */
  readonly faults: Readonly<Record<Operation, Fault[]>>
  /** Requests to the bucket need one of these tokens, where any is set. */
  readonly tokens: Set<string>
  /** What the token services give, in order; then none. */
  readonly given: string[]
  /** Keys of a page; Google: 1,000. */
  pageSize: number
  /** What becomes of the bytes of an upload on their way. */
  onUpload: (bytes: Buffer) => Buffer
  makeBucket(): GcsBucket
  seenOf(operation: Operation): readonly SeenRequest[]
  close(): Promise<void>
}

/** Larger than any number that JavaScript counts with, so that a rounded generation is found out. */
const FIRST_GENERATION = 9_007_199_254_740_993n

/** Starts the server on a free port of loopback. */
export async function startGcsServer(): Promise<GcsServer> {
  const buckets = new Map<string, Bucket>()
  const state = new ServerState(buckets)
  const server = createServer((request, response) => {
    state.handle(request, response).catch((error: unknown) => response.destroy(error as Error))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return Object.assign(state, {
    endpoint: `http://127.0.0.1:${port}`,
    close: async () => {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  })
}

class ServerState {
  readonly seen: SeenRequest[] = []
  readonly faults: Record<Operation, Fault[]> = { list: [], get: [], upload: [], token: [] }
  readonly tokens = new Set<string>()
  readonly given: string[] = []
  pageSize = 1_000
  onUpload = (bytes: Buffer): Buffer => bytes
  readonly #buckets: Map<string, Bucket>
  #generation = FIRST_GENERATION

  constructor(buckets: Map<string, Bucket>) {
    this.#buckets = buckets
  }

  makeBucket(): GcsBucket {
    const bucket = `bucket-${this.#buckets.size + 1}`
    const objects: Bucket = new Map()
    this.#buckets.set(bucket, objects)
    return {
      bucket,
      put: (key, bytes, { contentEncoding } = {}) => this.#store(objects, key, Buffer.from(bytes), contentEncoding),
      read: (key) => objects.get(key)?.bytes,
      remove: (key) => void objects.delete(key),
      keys: () => sortedKeys(objects),
    }
  }

  seenOf(operation: Operation): readonly SeenRequest[] {
    return this.seen.filter((one) => one.operation === operation)
  }

  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const one = await seenRequest(request, response)
    this.seen.push(one)
    const fault = this.faults[one.operation].shift()
    const answerTo = (changes: Partial<SeenRequest>) => this.#answerTo({ ...one, ...changes })
    // A fault of an upload comes before its body: nothing of it is stored.
    const body = one.operation === 'upload' && fault === undefined ? await bodyOf(request) : Buffer.alloc(0)
    if (body === undefined) return
    const answer = fault === undefined || one.operation !== 'upload' ? this.#answerTo(one, body) : jsonAnswer(200, {})
    const sent = fault === undefined ? answer : fault(answer, { seen: one, response, answerTo })
    // What is not wanted is read all the same: a socket that is not read does not notice that it was closed.
    request.resume()
    if (sent === undefined) return
    response.writeHead(sent.status, sent.headers)
    response.end(sent.body)
  }

  #answerTo(one: SeenRequest, body: Buffer = Buffer.alloc(0)): Answer {
    if (one.operation === 'token') return this.#tokenAnswer(one)
    const token = /^Bearer (.+)$/.exec(one.authorization ?? '')?.[1]
    if (this.tokens.size > 0 && !this.tokens.has(token ?? ''))
      return errorAnswer(401, 'authError', 'Invalid Credentials')
    const objects = this.#buckets.get(one.bucket)
    if (objects === undefined) return errorAnswer(404, 'notFound', 'The specified bucket does not exist.')
    switch (one.operation) {
      case 'list':
        return narrowed(pageAnswer(objects, one.query, this.pageSize), one.query)
      case 'get':
        return mediaAnswer(objects, one)
      case 'upload':
        this.#store(objects, one.key, this.onUpload(body))
        return narrowed(resourceOf(one.key, objects.get(one.key)), one.query)
    }
  }

  #tokenAnswer({ asked }: SeenRequest): Answer {
    const token = this.given.shift()
    if (token === undefined) return jsonAnswer(400, { error: 'invalid_grant', error_description: 'No more tokens.' })
    const metadata = asked?.path.startsWith('/computeMetadata/') ?? false
    const exchange = metadata ? {} : { issued_token_type: 'urn:ietf:params:oauth:token-type:access_token' }
    const content = { access_token: token, expires_in: 3_600, token_type: 'Bearer', ...exchange }
    return jsonAnswer(200, content, { 'metadata-flavor': 'Google' })
  }

  #store(objects: Bucket, key: string, bytes: Buffer, contentEncoding?: string): string {
    this.#generation += 1n
    const generation = String(this.#generation)
    const at = new Date()
    objects.set(key, { bytes, generation, at, ...(contentEncoding !== undefined && { contentEncoding }) })
    return generation
  }
}

function sortedKeys(objects: Bucket): string[] {
  return [...objects.keys()].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
}

async function seenRequest(request: IncomingMessage, response: ServerResponse): Promise<SeenRequest> {
  const url = new URL(request.url ?? '', 'http://localhost')
  const {
    range,
    authorization,
    'accept-encoding': encoding,
    'content-length': length,
    'content-type': type,
  } = request.headers
  const place = /^\/(upload\/)?storage\/v1\/b\/([^/]+)\/o(?:\/([^/]*))?$/.exec(url.pathname)
  const [, upload, bucket = '', key] = place ?? []
  const operation = place === null ? 'token' : upload !== undefined ? 'upload' : key === undefined ? 'list' : 'get'
  const form = operation === 'token' ? new URLSearchParams((await bodyOf(request))?.toString()) : undefined
  return {
    operation,
    bucket: decodeURIComponent(bucket),
    key: upload === undefined ? decodeURIComponent(key ?? '') : (url.searchParams.get('name') ?? ''),
    query: url.searchParams,
    over: once(response, 'close').then(() => response.writableFinished),
    ...(range !== undefined && { range }),
    ...(operation === 'upload' && type !== undefined && { contentType: type }),
    ...(authorization !== undefined && { authorization }),
    ...(length !== undefined && { contentLength: length }),
    ...(typeof encoding === 'string' && { acceptEncoding: encoding }),
    ...(form !== undefined && { asked: { path: url.pathname, form } }),
  }
}

/** The whole body; `undefined` where the connection broke before its end. */
async function bodyOf(request: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = []
  try {
    for await (const chunk of request) chunks.push(chunk)
  } catch {
    return undefined
  }
  return Buffer.concat(chunks)
}

function mediaAnswer(objects: Bucket, { key, query, range, acceptEncoding }: SeenRequest): Answer {
  const object = objects.get(key)
  const generation = query.get('generation')
  if (object === undefined || (generation !== null && generation !== object.generation)) {
    return errorAnswer(404, 'notFound', `No such object: ${key}`)
  }
  const match = query.get('ifGenerationMatch')
  if (match !== null && match !== object.generation) return errorAnswer(412, 'conditionNotMet')
  const headers = {
    'x-goog-generation': object.generation,
    'x-goog-stored-content-encoding': object.contentEncoding ?? 'identity',
    'x-goog-stored-content-length': String(object.bytes.length),
  }
  if (object.contentEncoding !== 'gzip') return partAnswer(object.bytes, headers, range)
  // Google: decompressive transcoding, for everybody who does not take gzip; ranges are then ignored.
  if (!/\bgzip\b/.test(acceptEncoding ?? '')) return { status: 200, headers, body: gunzipSync(object.bytes) }
  return partAnswer(object.bytes, { ...headers, 'content-encoding': 'gzip' }, range)
}

function partAnswer(bytes: Buffer, headers: Readonly<Record<string, string>>, range = ''): Answer {
  const total = bytes.length
  const [, first, last] = /^bytes=(\d+)-(\d*)$/.exec(range) ?? []
  if (first === undefined) return { status: 200, headers: { ...headers, 'content-length': String(total) }, body: bytes }
  const [from, to] = [Number(first), last === undefined || last === '' ? total - 1 : Number(last)]
  if (from >= total) return errorAnswer(416, 'requestedRangeNotSatisfiable')
  const length = { 'content-range': `bytes ${from}-${to}/${total}`, 'content-length': String(to + 1 - from) }
  return { status: 206, headers: { ...headers, ...length }, body: bytes.subarray(from, to + 1) }
}

function resourceOf(key: string, object: StoredObject | undefined): Readonly<Record<string, unknown>> {
  if (object === undefined) return {}
  return {
    kind: 'storage#object',
    name: key,
    generation: object.generation,
    metageneration: '1',
    contentType: 'application/octet-stream',
    size: String(object.bytes.length),
    md5Hash: createHash('md5').update(object.bytes).digest('base64'),
    timeCreated: object.at.toISOString(),
    updated: object.at.toISOString(),
  }
}

function pageAnswer(objects: Bucket, query: URLSearchParams, pageSize: number): Readonly<Record<string, unknown>> {
  const after = Buffer.from(query.get('pageToken') ?? '', 'base64')
  const prefix = query.get('prefix') ?? ''
  const keys = sortedKeys(objects).filter(
    (key) => key.startsWith(prefix) && Buffer.compare(after, Buffer.from(key)) < 0,
  )
  const size = Math.min(pageSize, Number(query.get('maxResults') ?? pageSize))
  const shown = keys.slice(0, size)
  const more = keys.length > shown.length
  return {
    kind: 'storage#objects',
    ...(shown.length > 0 && { items: shown.map((key) => resourceOf(key, objects.get(key))) }),
    ...(more && { nextPageToken: Buffer.from(shown.at(-1) ?? '').toString('base64') }),
  }
}

/** Google: `fields` leaves out of an answer what it does not name, as in `items(name,size),nextPageToken`. */
function narrowed(content: Readonly<Record<string, unknown>>, query: URLSearchParams): Answer {
  const fields = query.get('fields')
  if (fields === null) return jsonAnswer(200, content)
  const inner = /(\w+)\(([^)]*)\)/.exec(fields)
  const top = fields.replace(/\([^)]*\)/g, '').split(',')
  const kept = pick(content, top)
  const items = inner?.[1] === undefined ? undefined : content[inner[1]]
  if (!Array.isArray(items)) return jsonAnswer(200, kept)
  return jsonAnswer(200, { ...kept, items: items.map((item) => pick(item, (inner?.[2] ?? '').split(','))) })
}

function pick(content: Readonly<Record<string, unknown>>, names: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(Object.entries(content).filter(([name]) => names.includes(name)))
}
