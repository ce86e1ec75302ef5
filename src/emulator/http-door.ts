/** Requests and answers on the wire: reads a call, sends what came of it, or breaks the connection. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { ApiReply } from './api-message.ts'
import { type Exchange, exchange } from './exchange.ts'
import type { World } from './world.ts'

/** A request whose body was read. */
export interface Arrival {
  readonly incoming: IncomingMessage
  readonly outgoing: ServerResponse
  readonly body: string
}

/** Answers one request, or breaks its connection where a fault says so. */
export async function serve(world: World, origin: string, { incoming, outgoing, body }: Arrival): Promise<void> {
  const { method = 'GET', url = '/' } = incoming
  try {
    finish(outgoing, await exchange(world, origin, { method, url, headers: headersOf(incoming), body }))
  } catch (error) {
    // A defect of the emulator must not look like an answer of Dataverse.
    const text = error instanceof Error ? (error.stack ?? error.message) : 'unknown'
    send(outgoing, { status: 599, headers: { 'Content-Type': 'text/plain' }, body: `Emulator defect: ${text}` }, {})
  }
}

function headersOf(incoming: IncomingMessage): ReadonlyMap<string, string> {
  const headers = new Map<string, string>()
  for (const [name, value] of Object.entries(incoming.headers))
    if (value !== undefined) headers.set(name, String(value))
  return headers
}

function finish(outgoing: ServerResponse, { ending, reply, headers }: Exchange): void {
  if (ending === 'reset' || reply === undefined) breakOff(outgoing)
  else if (ending === 'truncate') truncate(outgoing, reply, headers)
  else send(outgoing, reply, headers)
}

function send(outgoing: ServerResponse, reply: ApiReply, headers: Readonly<Record<string, string>>): void {
  if (outgoing.destroyed) return
  const length = reply.body === undefined ? {} : { 'Content-Length': Buffer.byteLength(reply.body) }
  outgoing.writeHead(reply.status, { ...headers, ...reply.headers, ...length })
  outgoing.end(reply.body)
}

/** Half of what was promised, then the connection goes. */
function truncate(outgoing: ServerResponse, reply: ApiReply, headers: Readonly<Record<string, string>>): void {
  const body = Buffer.from(reply.body ?? '{}')
  outgoing.writeHead(reply.status === 204 ? 200 : reply.status, {
    ...headers,
    ...reply.headers,
    'Content-Length': body.length,
  })
  outgoing.write(body.subarray(0, Math.floor(body.length / 2)), () => breakOff(outgoing))
}

function breakOff(outgoing: ServerResponse): void {
  outgoing.socket?.resetAndDestroy()
}
