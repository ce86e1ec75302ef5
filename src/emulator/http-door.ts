/** One HTTP request from arrival to answer: who it is for, what strikes it on the wire, what headers it gets back. */
import { randomUUID } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { setTimeout as pause } from 'node:timers/promises'
import { ApiError } from './api-error.ts'
import { type ApiReply, errorReply } from './api-message.ts'
import { CONTROL_PREFIX, control } from './control.ts'
import { tally } from './counters.ts'
import { type FaultAction, TRANSPORT_FAULTS } from './faults.ts'
import { answer, isWrite, messageOf, subjectOf } from './router.ts'
import type { World } from './world.ts'

/** The longest URL of a request that stands alone. */
const MAX_URL = 32_768
/** Figures that the informational limit headers start from. */
const BURST_REQUESTS = 6_000
const BURST_SECONDS = 1_200

/** A request whose body was read. */
export interface Arrival {
  readonly incoming: IncomingMessage
  readonly outgoing: ServerResponse
  readonly body: string
  /** Counts requests from 0; spreads callers without a cookie over the simulated servers. */
  readonly number: number
}

interface Split {
  readonly path: string
  readonly query: string
}

function splitUrl(url: string): Split {
  const at = url.indexOf('?')
  return at === -1 ? { path: url, query: '' } : { path: url.slice(0, at), query: url.slice(at + 1) }
}

/** Answers one request, or breaks its connection where a fault says so. */
export async function serve(world: World, origin: string, arrival: Arrival): Promise<void> {
  const { incoming, outgoing, body } = arrival
  const { path, query } = splitUrl(incoming.url ?? '/')
  const method = incoming.method ?? 'GET'
  try {
    if (path.startsWith(CONTROL_PREFIX)) {
      const below = decodeURIComponent(path.slice(CONTROL_PREFIX.length))
      const reply = await control(world, { method, path: below, query: new URLSearchParams(query), body })
      return send(outgoing, reply, {})
    }
    const message = /\/token$/.test(path)
      ? 'Token'
      : messageOf(method, servicePath(path)?.below ?? path, headersOf(incoming))
    const subject = subjectOf(method, message, incoming.url ?? '/', body)
    const actions = world.state.faults.take(subject, (kind) => TRANSPORT_FAULTS.has(kind))
    if (has(actions, 'reset-before-commit')) return breakOff(outgoing)
    const reply =
      world.tokens.answer({ method, path, body }, origin) ??
      callService(world, origin, arrival, { path, query }, method)
    await deliver(world, arrival, reply, actions)
  } catch (error) {
    // A defect of the emulator must not look like an answer of Dataverse.
    const text = error instanceof Error ? (error.stack ?? error.message) : 'unknown'
    send(outgoing, { status: 599, headers: { 'Content-Type': 'text/plain' }, body: `Emulator defect: ${text}` }, {})
  }
}

function has(actions: readonly FaultAction[], kind: FaultAction['kind']): boolean {
  return actions.some((action) => action.kind === kind)
}

/** The part below `/api/data/v9.x/`, also behind the organization's name of an on-premises URL. */
function servicePath(path: string): { readonly root: string; readonly below: string } | undefined {
  const match = /^((?:\/[\w-]+)?\/api\/data\/v9\.[012])\/(.*)$/s.exec(path)
  return match?.[1] === undefined || match[2] === undefined ? undefined : { root: match[1], below: match[2] }
}

function headersOf(incoming: IncomingMessage): ReadonlyMap<string, string> {
  const headers = new Map<string, string>()
  for (const [name, value] of Object.entries(incoming.headers))
    if (value !== undefined) headers.set(name, String(value))
  return headers
}

function callService(world: World, origin: string, arrival: Arrival, url: Split, method: string): ApiReply {
  const { incoming, body } = arrival
  const { state } = world
  const service = servicePath(url.path)
  if (service === undefined) {
    state.counters.notUnderstood++
    return { status: 404, headers: { 'Content-Type': 'text/html' }, body: '<html><body>Not found</body></html>' }
  }
  state.counters.requests++
  const headers = headersOf(incoming)
  if (isWrite(messageOf(method, service.below, headers), body)) state.counters.writeRequests++
  tally(state.counters.servers, String(serverOf(world, arrival)))
  if ((incoming.url ?? '').length > MAX_URL) return errorReply(414, '', 'The request URL is too long.')
  try {
    const identity = world.tokens.identify(incoming.headers.authorization, origin)
    const reply = answer(state, {
      method,
      path: service.below,
      query: url.query,
      headers,
      body,
      root: `${origin}${service.root}`,
      identity,
      requestId: headers.get('x-ms-client-request-id') ?? randomUUID(),
    })
    if (reply.status === 429) state.counters.throttles++
    return reply
  } catch (error) {
    if (!(error instanceof ApiError)) throw error
    const challenge = `Bearer authorization_uri=${origin}/common/oauth2/authorize, resource_id=${origin}/`
    const reply = errorReply(error.status, error.code, error.message)
    return error.status === 401 ? { ...reply, headers: { ...reply.headers, 'WWW-Authenticate': challenge } } : reply
  }
}

/** The simulated server a caller reaches: the one its affinity cookie names, else the next in turn. */
function serverOf(world: World, { incoming, number }: Arrival): number {
  const pinned = /(?:^|;\s*)ARRAffinity=(\d+)/.exec(incoming.headers.cookie ?? '')?.[1]
  return (pinned === undefined ? number : Number(pinned)) % world.state.settings.servers
}

async function deliver(
  world: World,
  arrival: Arrival,
  reply: ApiReply,
  actions: readonly FaultAction[],
): Promise<void> {
  const { outgoing } = arrival
  if (has(actions, 'reset-after-commit')) return breakOff(outgoing)
  if (has(actions, 'hold-after-commit') && (await world.holds.keep()) === 'reset') return breakOff(outgoing)
  for (const action of actions) if (action.kind === 'slow') await pause(action.ms)
  const headers = serviceHeaders(world, arrival)
  if (has(actions, 'truncate-body')) return truncate(outgoing, reply, headers)
  send(outgoing, reply, headers)
}

function serviceHeaders(world: World, arrival: Arrival): Record<string, string> {
  const { settings, clock, counters } = world.state
  return {
    Date: new Date(clock.now()).toUTCString(),
    'OData-Version': '4.0',
    'x-ms-service-request-id': randomUUID(),
    REQ_ID: randomUUID(),
    'x-ms-dop-hint': String(settings.dopHint),
    'x-ms-ratelimit-burst-remaining-xrm-requests': String(Math.max(0, BURST_REQUESTS - counters.requests)),
    'x-ms-ratelimit-time-remaining-xrm-requests': String(BURST_SECONDS),
    'Set-Cookie': `ARRAffinity=${serverOf(world, arrival)}; Path=/; HttpOnly`,
  }
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
