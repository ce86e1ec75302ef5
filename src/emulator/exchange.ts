/** One request from arrival to answer, without a socket: who it is for, what strikes it, what headers it gets back. */
import { randomUUID } from 'node:crypto'
import { ApiError } from './api-error.ts'
import { type ApiReply, errorReply } from './api-message.ts'
import type { Visitor } from './capacity.ts'
import { isoSeconds } from './clock.ts'
import { CONTROL_PREFIX, control } from './control.ts'
import { tally } from './counters.ts'
import { type FaultAction, TRANSPORT_FAULTS } from './faults.ts'
import { page } from './page/page.ts'
import { foresee } from './request-work.ts'
import { answer, isWrite, messageOf, subjectOf } from './router.ts'
import { statusReply, tooLargeReply } from './scripted-reply.ts'
import type { World } from './world.ts'

/** The longest URL of a request that stands alone. */
const MAX_URL = 32_768
/** Figures that the informational limit headers start from where no limits are set. */
const BURST_REQUESTS = 6_000
const BURST_SECONDS = 1_200

/** A request whose body was read; header names in lower case. */
export interface Call {
  readonly method: string
  /** Path and query, percent-encoded. */
  readonly url: string
  readonly headers: ReadonlyMap<string, string>
  readonly body: string
}

/** What goes back; `reply` is undefined where the connection is reset without a word. */
export interface Exchange {
  readonly ending: 'answer' | 'truncate' | 'reset'
  readonly reply: ApiReply | undefined
  /** To be sent with the reply's own. */
  readonly headers: Readonly<Record<string, string>>
}

const RESET: Exchange = { ending: 'reset', reply: undefined, headers: {} }

interface Split {
  readonly path: string
  readonly query: string
}

function splitUrl(url: string): Split {
  const at = url.indexOf('?')
  return at === -1 ? { path: url, query: '' } : { path: url.slice(0, at), query: url.slice(at + 1) }
}

/** Answers one call at `origin`, or says that its connection breaks. Rejects for a defect of the emulator alone. */
export async function exchange(world: World, origin: string, call: Call): Promise<Exchange> {
  const { method, body } = call
  const { path, query } = splitUrl(call.url)
  if (path.startsWith(CONTROL_PREFIX)) {
    const below = decodeURIComponent(path.slice(CONTROL_PREFIX.length))
    const reply = await control(world, { method, path: below, query: new URLSearchParams(query), body })
    return { ending: 'answer', reply, headers: {} }
  }
  const shown = page(world, { method, path, query: new URLSearchParams(query) })
  if (shown !== undefined) return { ending: 'answer', reply: shown, headers: {} }
  const service = servicePath(path)
  const message = /\/token$/.test(path) ? 'Token' : messageOf(method, service?.below ?? path, call.headers)
  const subject = subjectOf(method, message, call.url, body)
  const actions = world.state.faults.take(subject, (kind) => TRANSPORT_FAULTS.has(kind))
  await changeBefore(world, actions)
  if (has(actions, 'too-large-above')) return deliver(world, undefined, tooLargeReply(), actions)
  const resets = has(actions, 'reset-before-commit')
  if (service !== undefined) {
    const visit = openVisit(world, origin, call, { ...service, query })
    const reply = await callService(world, visit, resets)
    return reply === undefined ? RESET : deliver(world, visit, reply, actions)
  }
  if (resets) return RESET
  const reply =
    (await world.tokens.answer({ method, path, body, headers: call.headers }, origin)) ?? unknownPath(world, call)
  return deliver(world, undefined, reply, actions)
}

function has(actions: readonly FaultAction[], kind: FaultAction['kind']): boolean {
  return actions.some((action) => action.kind === kind)
}

/** Does what scripted faults do to the environment before this call. Throws where the control endpoints refuse it. */
async function changeBefore(world: World, actions: readonly FaultAction[]): Promise<void> {
  for (const action of actions) {
    if (action.kind !== 'control-before') continue
    const { path, query } = splitUrl(action.path)
    const body = action.body === undefined ? '' : JSON.stringify(action.body)
    const request = { method: action.method, path: decodeURIComponent(path), query: new URLSearchParams(query), body }
    const reply = await control(world, request)
    if (reply.status >= 400) throw new Error(`A scripted ${action.method} ${action.path} was refused: ${reply.body}`)
  }
}

/** The part below `/api/data/v9.x/`, also behind the organization's name of an on-premises URL. */
function servicePath(path: string): { readonly root: string; readonly below: string } | undefined {
  const match = /^((?:\/[\w-]+)?\/api\/data\/v9\.[012])\/(.*)$/s.exec(path)
  return match?.[1] === undefined || match[2] === undefined ? undefined : { root: match[1], below: match[2] }
}

function unknownPath({ state }: World, { method, url }: Call): ApiReply {
  state.counters.notUnderstood++
  state.notUnderstood.note({ at: isoSeconds(state.clock.now()), method, url, what: 'the path' })
  return { status: 404, headers: { 'Content-Type': 'text/html' }, body: '<html><body>Not found</body></html>' }
}

/** A call to the Web API, at the server it has come to. */
interface Visit {
  readonly call: Call
  readonly origin: string
  readonly root: string
  readonly below: string
  readonly query: string
  readonly server: number
  /** Set once the caller is known. */
  visitor: Visitor | undefined
}

function openVisit(
  world: World,
  origin: string,
  call: Call,
  url: { readonly root: string; readonly below: string; readonly query: string },
): Visit {
  return { call, origin, ...url, server: world.capacity.serverFor(call.headers.get('cookie')), visitor: undefined }
}

/** Undefined where the connection is reset, which leaves no trace but the time that the work took. */
async function callService(world: World, visit: Visit, resets: boolean): Promise<ApiReply | undefined> {
  const { state, capacity } = world
  const { call, origin, root, below, query } = visit
  const { method, headers, body } = call
  const { counters } = state
  if (!resets) {
    counters.requests++
    state.traffic.request(world.timer.uptime())
    if (isWrite(messageOf(method, below, headers), body)) counters.writeRequests++
    tally(counters.servers, String(visit.server))
  }
  try {
    if (call.url.length > MAX_URL) return resets ? undefined : errorReply(414, '', 'The request URL is too long.')
    const identity = world.tokens.identify(headers.get('authorization'), origin)
    const visitor = { userId: identity.userId, server: visit.server }
    visit.visitor = visitor
    const refused = capacity.refuse(visitor)
    const request = { method, path: below, query, headers, body, root: `${origin}${root}`, identity }
    const requestId = headers.get('x-ms-client-request-id') ?? randomUUID()
    const run = () => (resets ? undefined : answer(state, { ...request, requestId }))
    const reply =
      refused ??
      (await capacity.perform<ApiReply | undefined>(
        visitor,
        () => foresee(state, request),
        run,
        (victim) => victim,
      ))
    if (resets) return undefined
    if (reply?.status === 429) {
      counters.throttles++
      const code = /"code":"(\w*)"/.exec(reply.body ?? '')?.[1] ?? ''
      state.traffic.throttle(world.timer.uptime(), code, identity.userId, visit.server)
    }
    return reply
  } catch (error) {
    if (!(error instanceof ApiError)) throw error
    if (resets) return undefined
    const challenge = `Bearer authorization_uri=${origin}/common/oauth2/authorize, resource_id=${origin}/`
    const reply = errorReply(error.status, error.code, error.message)
    return error.status === 401 ? { ...reply, headers: { ...reply.headers, 'WWW-Authenticate': challenge } } : reply
  }
}

async function deliver(
  world: World,
  visit: Visit | undefined,
  reply: ApiReply,
  actions: readonly FaultAction[],
): Promise<Exchange> {
  if (has(actions, 'reset-after-commit')) return RESET
  if (has(actions, 'hold-after-commit') && (await world.holds.keep()) === 'reset') return RESET
  for (const action of actions) if (action.kind === 'slow') await world.timer.sleep(action.ms)
  const ending = has(actions, 'truncate-body') ? 'truncate' : 'answer'
  const lost = actions.find((action) => action.kind === 'status-after-commit')
  return { ending, reply: lost === undefined ? reply : statusReply(lost), headers: serviceHeaders(world, visit) }
}

function serviceHeaders(world: World, visit: Visit | undefined): Record<string, string> {
  const { settings, clock, counters } = world.state
  const common = { Date: new Date(clock.now()).toUTCString(), 'x-ms-service-request-id': randomUUID() }
  if (visit === undefined) return common
  const left = visit.visitor === undefined ? undefined : world.capacity.remaining(visit.visitor)
  const requests = left?.requests ?? Math.max(0, BURST_REQUESTS - counters.requests)
  const seconds = left === undefined ? BURST_SECONDS : left.executionMs / 1_000
  return {
    ...common,
    'OData-Version': '4.0',
    REQ_ID: randomUUID(),
    'x-ms-dop-hint': String(settings.dopHint),
    'x-ms-ratelimit-burst-remaining-xrm-requests': String(requests),
    'x-ms-ratelimit-time-remaining-xrm-requests': String(seconds),
    'Set-Cookie': `ARRAffinity=${visit.server}; Path=/; HttpOnly`,
  }
}
