/** The receiver of Dataverse's webhooks: over HTTP comes which row was touched, and once the inbox has it the answer is 204. */

import { createHash, timingSafeEqual } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerOptions, type ServerResponse } from 'node:http'
import { createServer as createSecureServer, Server as SecureServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { Secret } from '../config/secret.ts'
import type { WebhookSettings } from '../config/settings.ts'
import type { Guid } from '../dataverse/dataverse.ts'
import { CodedError } from '../lib/errors.ts'
import type { Log } from '../lib/log.ts'
import type { Inbox } from './inbox.ts'
import { parseWebhookEvent } from './payload.ts'
import { type Refusal, readBody } from './request-body.ts'

/** What came of the events so far; nothing else is ever said of them. */
export interface ReceiverCounts {
  /** In the inbox, durably. */
  accepted: number
  /** Written by ourselves: dropped. */
  own: number
  /** Of tables that no target maps: dropped. */
  strange: number
  unauthorised: number
  malformed: number
  tooLarge: number
  /** Answered 503: the inbox did not take them. */
  failed: number
}

/** Certificate (with its chain) and key, in PEM. */
export interface Certificate {
  readonly cert: string
  readonly key: string
}

export interface ReceiverParts {
  readonly inbox: Pick<Inbox, 'add'>
  /** Resolves where the inbox can be written to. */
  readonly writable: () => Promise<void>
  readonly settings: Omit<WebhookSettings, 'tls'>
  /** Without it plain HTTP is spoken. */
  readonly tls?: Certificate
  /** Logical names of the tables whose events count. */
  readonly tables: ReadonlySet<string>
  readonly log: Log
  /** Milliseconds on a clock that never jumps. */
  readonly monotonic: () => number
}

export interface Receiver {
  readonly port: number
  readonly counts: Readonly<ReceiverCounts>
  /** Connections from now on are met with this certificate. @throws CodedError `config-invalid`, and the old one stays */
  renew(certificate: Certificate): void
  /** No longer ready, and no new connection; resolves when what was under way is answered, or given up. */
  drain(): Promise<void>
}

/** What is older is broken. */
const PROTOCOL = { minVersion: 'TLSv1.2' } as const
/** A header is a few hundred bytes: whoever takes longer over it holds a connection open. */
const HEADERS_MS = 10_000
const KEEP_ALIVE_MS = 30_000
/** How often slow requests are looked for. */
const CHECK_MS = 2_000
/** What is under way when draining begins has this long to be answered. */
const DRAIN_MS = 8_000
/** A look at the inbox costs a commit, and anybody may ask. */
const LOOK_MS = 2_000

/** Listens until it is drained. @throws CodedError `config-invalid` where it cannot listen or the certificate is unusable */
export async function openReceiver(parts: ReceiverParts): Promise<Receiver> {
  const { settings, log } = parts
  const desk = new Desk(parts)
  const server = makeServer(parts, (request, response) => void desk.answer(request, response))
  server.maxConnections = settings.connections
  await listen(server, settings)
  const { port } = server.address() as AddressInfo
  return {
    port,
    counts: desk.counts,
    renew: (certificate) =>
      usableOr(() => server instanceof SecureServer && server.setSecureContext({ ...certificate, ...PROTOCOL })),
    async drain() {
      desk.draining = true
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      server.closeIdleConnections()
      const timer = setTimeout(() => server.closeAllConnections(), DRAIN_MS)
      await closed
      clearTimeout(timer)
      log.info({ ...desk.counts }, 'drained')
    },
  }
}

type Listener = (request: IncomingMessage, response: ServerResponse) => void

function makeServer({ tls, settings: { requestTimeoutMs } }: ReceiverParts, listener: Listener): Server {
  const options: ServerOptions = {
    requestTimeout: requestTimeoutMs,
    headersTimeout: Math.min(HEADERS_MS, requestTimeoutMs),
    keepAliveTimeout: KEEP_ALIVE_MS,
    connectionsCheckingInterval: CHECK_MS,
  }
  if (tls === undefined) return createServer(options, listener)
  return usableOr(() => createSecureServer({ ...options, ...tls, ...PROTOCOL, handshakeTimeout: HEADERS_MS }, listener))
}

/** OpenSSL's message may quote the key file. */
function usableOr<T>(work: () => T): T {
  try {
    return work()
  } catch {
    throw unusable('tls', 'a certificate and a key that do not go together, or are no PEM', 'Check both files.')
  }
}

async function listen(server: Server, { host, port }: Pick<WebhookSettings, 'host' | 'port'>): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => {
      const code = 'code' in error ? String(error.code) : error.name
      reject(unusable('host', `${code} at port ${port}`, 'Choose an address of this machine and a free port.'))
    })
    server.listen(port, host, resolve)
  })
}

function unusable(key: string, found: string, remedy: string): CodedError {
  const expected = 'a receiver that can listen'
  return new CodedError('config-invalid', [{ where: `reverse.webhook.${key}`, found, expected, remedy }])
}

/** Answers requests one by one. */
class Desk {
  readonly counts: ReceiverCounts = {
    accepted: 0,
    own: 0,
    strange: 0,
    unauthorised: 0,
    malformed: 0,
    tooLarge: 0,
    failed: 0,
  }
  draining = false
  readonly #parts: ReceiverParts
  readonly #ownUsers: ReadonlySet<Guid>
  readonly #digests: readonly Buffer[]
  /** Whether the last event failed. */
  #broken = false
  #look: { readonly atMs: number; readonly ready: Promise<boolean> } | undefined

  constructor(parts: ReceiverParts) {
    this.#parts = parts
    this.#ownUsers = new Set(parts.settings.ownUsers)
    this.#digests = parts.settings.secrets.map(digestOf)
  }

  async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const status = await this.#statusOf(request)
    // Nobody waits any more: the connection broke or ran out of time.
    if (response.destroyed) return
    if (this.draining) response.setHeader('connection', 'close')
    if (status === 405) response.setHeader('allow', 'POST')
    response.writeHead(status).end()
  }

  async #statusOf(request: IncomingMessage): Promise<number> {
    const { method = '', url = '' } = request
    const path = url.split('?', 1)[0]
    const looks = method === 'GET' || method === 'HEAD'
    if (looks && path === '/healthz') return 200
    if (looks && path === '/readyz') return (await this.#isReady()) ? 200 : 503
    if (path !== this.#parts.settings.path) return 404
    if (method !== 'POST') return 405
    return this.#take(request)
  }

  async #take(request: IncomingMessage): Promise<number> {
    const { settings, tables, inbox } = this.#parts
    if (!this.#isDataverse(request.headers[settings.header])) return this.#refused('unauthorised')
    const body = await readBody(request, settings.maxBodyBytes)
    if (!(body instanceof Uint8Array)) return this.#refused(body)
    const event = parseWebhookEvent(body)
    if (event === undefined) return this.#refused('malformed')
    if (event.writer !== undefined && this.#ownUsers.has(event.writer)) return this.#dropped('own')
    if (!tables.has(event.row.table)) return this.#dropped('strange')
    try {
      await inbox.add([event.row])
    } catch (error) {
      return this.#failed(error)
    }
    this.#broken = false
    this.counts.accepted++
    return 204
  }

  /** Digests are of one length, and all are compared: the time tells nothing. */
  #isDataverse(given: string | string[] | undefined): boolean {
    const digest = digest256(typeof given === 'string' ? given : '')
    return this.#digests.map((secret) => timingSafeEqual(secret, digest)).includes(true)
  }

  #refused(refusal: Refusal | 'unauthorised'): number {
    this.counts[refusal]++
    return { unauthorised: 401, malformed: 400, tooLarge: 413 }[refusal]
  }

  #dropped(why: 'own' | 'strange'): number {
    this.counts[why]++
    return 204
  }

  /** 503 is one of the answers after which Dataverse asks once more. */
  #failed(error: unknown): number {
    this.counts.failed++
    this.#look = undefined
    const why = error instanceof CodedError ? error.message : 'an unexpected error'
    // Once: as long as it lasts every event fails, and the counts tell how many.
    if (!this.#broken) this.#parts.log.error({ failed: this.counts.failed }, `the inbox does not take events: ${why}`)
    this.#broken = true
    return 503
  }

  async #isReady(): Promise<boolean> {
    if (this.draining) return false
    const { writable, monotonic } = this.#parts
    const nowMs = monotonic()
    if (this.#look === undefined || nowMs - this.#look.atMs > LOOK_MS) {
      const ready = writable().then(
        () => true,
        () => false,
      )
      this.#look = { atMs: nowMs, ready }
    }
    return this.#look.ready
  }
}

const digest256 = (text: string): Buffer => createHash('sha256').update(text).digest()
const digestOf = (secret: Secret): Buffer => digest256(secret.reveal())
