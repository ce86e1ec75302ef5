/**
 * A Didomi API on this machine: sessions, users in pages, consent events, the catalogue of ids, the export log, over real
 * HTTP and with trouble on demand. Built from Didomi's documentation; where that is silent it does the likelier thing.
 */

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { json } from 'node:stream/consumers'
import { gzipSync } from 'node:zlib'
import { DidomiApi, type DidomiCounters } from './didomi-api.ts'
import { DIDOMI_CONTROL_PREFIX, didomiControl } from './didomi-control.ts'
import { type DidomiFault, DidomiFaults } from './didomi-faults.ts'
import type { ReceivedEvent } from './didomi-inbox.ts'
import type { DidomiPeople } from './didomi-people.ts'
import { type DidomiReply, didomiRefusal } from './didomi-reply.ts'
import { didomiTarget } from './didomi-routes.ts'
import { type DidomiEmulatorOptions, type DidomiSettings, didomiSettings } from './didomi-settings.ts'

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
  /** Users and their events; what exports are made of. */
  readonly people: DidomiPeople
  /** The events that were accepted, in order. */
  readonly received: readonly ReceivedEvent[]
  close(): Promise<void>
}

/** Starts an emulator on 127.0.0.1. Rejects where the port is taken. */
export async function startDidomiEmulator(options: DidomiEmulatorOptions = {}): Promise<DidomiEmulator> {
  const settings = didomiSettings(options)
  const api = new DidomiApi(settings)
  const faults = new DidomiFaults()
  const door = new Door(api, faults)
  const server = createServer((incoming, outgoing) => {
    outgoing.sendDate = false
    void door.serve(incoming, outgoing).catch(() => outgoing.destroy())
  })
  const root = `http://127.0.0.1:${await listen(server, settings.port)}`
  const { organizationId, key, secret } = settings
  return {
    apiRoot: `${root}/v1`,
    exportLogUrl: `${root}/marketplace/exports/logs`,
    organizationId,
    key,
    secret,
    counters: api.counters,
    faults,
    people: api.people,
    received: api.inbox.received,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

function listen(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', () => resolve((server.address() as AddressInfo).port))
  })
}

class Door {
  readonly #api: DidomiApi
  readonly #faults: DidomiFaults
  readonly #settings: DidomiSettings

  constructor(api: DidomiApi, faults: DidomiFaults) {
    this.#api = api
    this.#faults = faults
    this.#settings = api.settings
  }

  /** Answers one request, or does what a fault says. */
  async serve(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const { method = '', url: path = '/', headers } = incoming
    const { pathname, search, searchParams: query } = new URL(path, 'http://127.0.0.1')
    const body = method === 'GET' ? undefined : await bodyOf(incoming)
    if (pathname.startsWith(DIDOMI_CONTROL_PREFIX)) {
      const action = `${method} ${pathname.slice(DIDOMI_CONTROL_PREFIX.length)}`
      return this.#send(incoming, outgoing, didomiControl(this.#api, this.#faults, action, query, body))
    }
    const { counters, sessions } = this.#api
    const target = didomiTarget(method, pathname)
    if (typeof target === 'string') {
      counters.notUnderstood += 1
      return this.#send(incoming, outgoing, didomiRefusal(target === 'unknown' ? 404 : 501))
    }
    counters[target.route] += 1
    if (target.route === 'users') counters.queries.push(search)
    const fault = this.#faults.take(target.route)
    if (fault !== undefined) counters.faults += 1
    if (fault?.kind === 'expire') sessions.expire()
    else if (fault !== undefined && fault.kind !== 'lose') return this.#strike(outgoing, fault)
    const reply = this.#api.answer({ method, target, query, authorization: headers.authorization, body })
    if (fault?.kind === 'lose') outgoing.socket?.resetAndDestroy()
    else this.#send(incoming, outgoing, reply)
  }

  #send({ headers }: IncomingMessage, outgoing: ServerResponse, reply: DidomiReply): void {
    const text = reply.body === undefined ? '' : JSON.stringify(reply.body)
    const packed = String(headers['accept-encoding'] ?? '').includes('gzip') && text.length > 1_000
    outgoing.writeHead(reply.status, {
      ...this.#date(),
      'Content-Type': 'application/json; charset=utf-8',
      ...reply.headers,
      ...(packed ? { 'Content-Encoding': 'gzip' } : {}),
    })
    outgoing.end(packed ? gzipSync(text) : text)
  }

  #strike(outgoing: ServerResponse, fault: Exclude<DidomiFault, { kind: 'expire' | 'lose' }>): void {
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
        const { body } = didomiRefusal(fault.status)
        outgoing.writeHead(fault.status, { ...this.#date(), ...wait }).end(JSON.stringify(body))
      }
    }
  }

  #date(): Record<string, string> {
    const { dated, now } = this.#settings
    return dated ? { Date: new Date(now()).toUTCString() } : {}
  }
}

async function bodyOf(incoming: IncomingMessage): Promise<unknown> {
  try {
    return await json(incoming)
  } catch {
    return undefined
  }
}
