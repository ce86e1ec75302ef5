/** A Didomi API on loopback: sessions, users in pages, the export log. */

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { json } from 'node:stream/consumers'
import { gzipSync } from 'node:zlib'
import { type DidomiFault, DidomiFaults, type DidomiRoute } from './didomi-faults.ts'
import { DidomiSessions } from './didomi-sessions.ts'
import { didomiPage } from './didomi-users.ts'

/** Everything has a default; the defaults are an organization without users. */
export interface DidomiEmulatorOptions {
  /** 0 (the default) takes a free one. */
  readonly port?: number
  readonly organizationId?: string
  readonly key?: string
  readonly secret?: string
  readonly users?: readonly unknown[]
  /** Users of a page; Didomi's own number is 100. */
  readonly pageSize?: number
  /** Default an hour. */
  readonly tokenLifeMs?: number
  /** What the export log holds, by export id. */
  readonly exportLogs?: Readonly<Record<string, readonly unknown[]>>
  /** How the export log comes: in an envelope, or bare. */
  readonly exportLogForm?: 'envelope' | 'bare'
  /** Whether answers carry a `Date`; default true. */
  readonly dated?: boolean
  /** Milliseconds since the epoch; dates answers and ends tokens. */
  readonly now?: () => number
}

/** What the server counted itself: requests by route, sessions opened, refusals for lack of a session, faults. */
export interface DidomiCounters {
  sessions: number
  users: number
  'exports/logs': number
  opened: number
  unauthorised: number
  faults: number
  /** The query of every request for users, in order. */
  readonly queries: string[]
}

/** A running emulator; whoever started it closes it. */
export interface DidomiEmulator {
  /** `http://127.0.0.1:PORT/v1` */
  readonly apiRoot: string
  readonly exportLogUrl: string
  readonly organizationId: string
  readonly key: string
  readonly secret: string
  readonly counters: DidomiCounters
  readonly faults: DidomiFaults
  close(): Promise<void>
}

type Settings = Required<DidomiEmulatorOptions>

interface Reply {
  readonly status: number
  readonly body: unknown
}

/** Starts an emulator on 127.0.0.1. Rejects where the port is taken. */
export async function startDidomiEmulator(options: DidomiEmulatorOptions = {}): Promise<DidomiEmulator> {
  const settings: Settings = {
    port: 0,
    organizationId: 'acme',
    key: 'emulated-key',
    secret: 'emulated-secret',
    users: [],
    pageSize: 100,
    tokenLifeMs: 3_600_000,
    exportLogs: {},
    exportLogForm: 'envelope',
    dated: true,
    now: () => Date.now(),
    ...options,
  }
  const api = new Api(settings)
  const server = createServer((incoming, outgoing) => {
    outgoing.sendDate = false
    void api.serve(incoming, outgoing).catch(() => outgoing.destroy())
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(settings.port, '127.0.0.1', resolve)
  })
  const { port } = server.address() as AddressInfo
  const { organizationId, key, secret } = settings
  return {
    apiRoot: `http://127.0.0.1:${port}/v1`,
    exportLogUrl: `http://127.0.0.1:${port}/marketplace/exports/logs`,
    organizationId,
    key,
    secret,
    counters: api.counters,
    faults: api.faults,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

class Api {
  readonly counters: DidomiCounters = {
    sessions: 0,
    users: 0,
    'exports/logs': 0,
    opened: 0,
    unauthorised: 0,
    faults: 0,
    queries: [],
  }
  readonly faults = new DidomiFaults()
  readonly #settings: Settings
  readonly #sessions: DidomiSessions

  constructor(settings: Settings) {
    this.#settings = settings
    this.#sessions = new DidomiSessions(settings, settings.tokenLifeMs, settings.now)
  }

  /** Answers one request, or does what a fault says. */
  async serve(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const url = new URL(incoming.url ?? '/', 'http://127.0.0.1')
    const route = routeOf(incoming.method ?? '', url.pathname)
    if (route === undefined) return this.#send(incoming, outgoing, refusal(404, 'NotFound'))
    this.counters[route] += 1
    if (route === 'users') this.counters.queries.push(url.search)
    const fault = this.faults.take(route)
    if (fault !== undefined) this.counters.faults += 1
    if (fault?.kind === 'expire') this.#sessions.expire()
    else if (fault !== undefined) return this.#strike(outgoing, fault)
    const reply = route === 'sessions' ? this.#openSession(await bodyOf(incoming)) : this.#answer(route, incoming, url)
    this.#send(incoming, outgoing, reply)
  }

  /** Didomi: a wrong key answers 400. */
  #openSession(request: unknown): Reply {
    const token = this.#sessions.open(request)
    if (token === undefined) return refusal(400, 'BadRequest')
    this.counters.opened += 1
    return { status: 201, body: { access_token: token } }
  }

  #answer(route: Exclude<DidomiRoute, 'sessions'>, { headers }: IncomingMessage, { searchParams }: URL): Reply {
    if (!this.#sessions.admits(headers.authorization)) {
      this.counters.unauthorised += 1
      return refusal(401, 'NotAuthenticated')
    }
    const { organizationId, users, pageSize, exportLogs, exportLogForm } = this.#settings
    if (searchParams.get('organization_id') !== organizationId) return refusal(403, 'Forbidden')
    if (route === 'users') {
      const page = didomiPage(users, searchParams, pageSize)
      return page === undefined ? refusal(400, 'BadRequest') : { status: 200, body: page }
    }
    const data = exportLogs[searchParams.get('export_id') ?? ''] ?? []
    return { status: 200, body: exportLogForm === 'bare' ? data : { total: data.length, limit: 100, skip: 0, data } }
  }

  #send({ headers }: IncomingMessage, outgoing: ServerResponse, { status, body }: Reply): void {
    const text = JSON.stringify(body)
    const packed = String(headers['accept-encoding'] ?? '').includes('gzip') && text.length > 1_000
    outgoing.writeHead(status, {
      ...this.#date(),
      'Content-Type': 'application/json; charset=utf-8',
      ...(packed ? { 'Content-Encoding': 'gzip' } : {}),
    })
    outgoing.end(packed ? gzipSync(text) : text)
  }

  #strike(outgoing: ServerResponse, fault: Exclude<DidomiFault, { kind: 'expire' }>): void {
    switch (fault.kind) {
      case 'hold':
        return
      case 'reset':
        outgoing.socket?.resetAndDestroy()
        return
      case 'truncate':
        outgoing.writeHead(200, { ...this.#date(), 'Content-Length': 1_000 })
        outgoing.write('{"data":[', () => outgoing.socket?.resetAndDestroy())
        return
      case 'malformed':
        outgoing.writeHead(200, this.#date()).end('{"data":[{"id":')
        return
      case 'other':
        outgoing.writeHead(200, this.#date()).end(JSON.stringify(fault.body))
        return
      case 'long':
        outgoing.writeHead(200, this.#date()).end(Buffer.alloc(fault.bytes, ' '))
        return
      case 'status': {
        const wait = fault.retryAfter === undefined ? {} : { 'Retry-After': fault.retryAfter }
        const { body } = refusal(fault.status, 'Fault')
        outgoing.writeHead(fault.status, { ...this.#date(), ...wait }).end(JSON.stringify(body))
      }
    }
  }

  #date(): Record<string, string> {
    const { dated, now } = this.#settings
    return dated ? { Date: new Date(now()).toUTCString() } : {}
  }
}

function routeOf(method: string, path: string): DidomiRoute | undefined {
  if (method === 'POST' && path === '/v1/sessions') return 'sessions'
  if (method === 'GET' && path === '/v1/consents/users') return 'users'
  return method === 'GET' && path === '/marketplace/exports/logs' ? 'exports/logs' : undefined
}

/** Didomi: the body of every error. */
const refusal = (status: number, name: string): Reply => ({
  status,
  body: { code: status, name, message: `${name} (emulated)`, errors: {} },
})

async function bodyOf(incoming: IncomingMessage): Promise<unknown> {
  try {
    return await json(incoming)
  } catch {
    return undefined
  }
}
