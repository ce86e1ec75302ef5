/** The control endpoints below `/__emulator/`: what a test may do to the environment over HTTP, without signing in. */
import { ApiError } from './api-error.ts'
import { type ApiReply, emptyReply, errorReply, jsonReply } from './api-message.ts'
import { askContactability } from './contactability-request.ts'
import { parseFaults, parseHold } from './fault-form.ts'
import { overviewAnswer } from './page/page.ts'
import { parseObject } from './payload.ts'
import { removeColumn, setKeyStatus } from './schema-changes.ts'
import type { EmulatorSeed } from './seed.ts'
import { onWebhooks } from './webhook-control.ts'
import type { World } from './world.ts'

/** Every control path starts with this, so that none can be taken for the Web API. */
export const CONTROL_PREFIX = '/__emulator/'

/** A control request, already split. */
export interface ControlRequest {
  readonly method: string
  /** Below the prefix, percent-decoded, without query. */
  readonly path: string
  readonly query: URLSearchParams
  readonly body: string
}

/** Answers a control request; 404 for an unknown one, and the emulator's own refusals as JSON. */
export async function control(world: World, request: ControlRequest): Promise<ApiReply> {
  try {
    const body = request.body === '' ? {} : JSON.parse(request.body)
    return (await act(world, request, body)) ?? errorReply(404, '', `No control ${request.method} ${request.path}.`)
  } catch (error) {
    if (error instanceof ApiError) return errorReply(error.status, error.code, error.message)
    if (error instanceof SyntaxError) return errorReply(400, '', 'The body is not JSON.')
    throw error
  }
}

async function act(world: World, request: ControlRequest, body: unknown): Promise<ApiReply | undefined> {
  const [action, set, id] = request.path.split('/')
  if (action === 'rows' && set !== undefined) return onRows(world, request, set, id)
  if ((action === 'keys' || action === 'columns') && set !== undefined && id !== undefined) {
    return onSchema(world, request, set, id, body)
  }
  if (action === 'webhooks') return onWebhooks(world.webhooks, request.method, request.path, body)
  switch (`${request.method} ${request.path}`) {
    case 'POST seed':
      world.seed(body as EmulatorSeed)
      return emptyReply()
    case 'POST reset':
      world.reset()
      return emptyReply()
    case 'POST faults':
      world.addFaults(parseFaults(body))
      return emptyReply()
    case 'DELETE faults':
      world.clearFaults()
      return emptyReply()
    case 'GET contactability':
      return jsonReply(200, askContactability(world.state, request.query))
    case 'GET counters':
      return jsonReply(200, world.counters())
    case 'DELETE counters':
      world.resetCounters()
      return emptyReply()
    case 'GET overview':
      return jsonReply(200, overviewAnswer(world, request.query))
    case 'GET journal':
      return jsonReply(200, world.journal(Number(request.query.get('after') ?? 0)))
    case 'POST time':
      return setTime(world, body)
    case 'POST tokens/expire':
      world.tokens.expireAll()
      return emptyReply()
    case 'POST tokens/revoke':
      return jsonReply(200, { revoked: world.tokens.revoke((body as { appId: string }).appId) })
    case 'GET tokens':
      return jsonReply(200, world.tokens.figures())
    case 'POST snapshot':
      world.snapshot(nameIn(body))
      return emptyReply()
    case 'POST restore':
      return world.restore(nameIn(body)) ? emptyReply() : errorReply(404, '', 'No snapshot of that name.')
    default:
      return onHold(world, request, body)
  }
}

function onRows(world: World, request: ControlRequest, set: string, id: string | undefined): ApiReply | undefined {
  const user = request.query.get('user') ?? undefined
  if (request.method === 'GET') {
    return id === undefined ? jsonReply(200, world.rows(set)) : jsonReply(200, world.row(set, id) ?? null)
  }
  if (id === undefined) return undefined
  if (request.method === 'PATCH') world.edit(set, id, parseObject(request.body), user)
  else if (request.method === 'DELETE') world.delete(set, id, user)
  else return undefined
  return emptyReply()
}

/** `PATCH keys/contact/new_OuidKey` with `{status}`, `DELETE columns/contact/new_x`; columns are added by a seed. */
function onSchema(
  world: World,
  request: ControlRequest,
  name: string,
  id: string,
  body: unknown,
): ApiReply | undefined {
  const table = world.state.tableOfSet(name) ?? world.state.table(name)
  const isKey = request.path.startsWith('keys/')
  if (isKey && request.method === 'PATCH') {
    return jsonReply(200, { status: setKeyStatus(table, id, (body as { status?: unknown }).status) })
  }
  if (isKey || request.method !== 'DELETE') return undefined
  removeColumn(table, id)
  return emptyReply()
}

async function onHold(world: World, request: ControlRequest, body: unknown): Promise<ApiReply | undefined> {
  switch (`${request.method} ${request.path}`) {
    case 'POST hold': {
      const { match, nth } = parseHold(body)
      return jsonReply(200, { id: world.hold(match, nth) })
    }
    case 'GET hold/wait':
      return jsonReply(200, { held: await world.holds.wait(Number(request.query.get('id') ?? 1)) })
    case 'POST hold/release': {
      const { id, how } = body as { id?: number; how?: 'answer' | 'reset' }
      world.holds.release(how ?? 'answer', id)
      return emptyReply()
    }
    default:
      return undefined
  }
}

/** `{shiftMs}`, `{freezeAt: ISO text or true}`, `{thaw: true}`; answers the resulting time. */
function setTime(world: World, body: unknown): ApiReply {
  const { shiftMs, freezeAt, thaw } = body as { shiftMs?: number; freezeAt?: string | true; thaw?: boolean }
  const { clock } = world.state
  if (thaw === true) clock.thaw()
  if (freezeAt !== undefined) clock.freeze(freezeAt === true ? clock.now() : Date.parse(freezeAt))
  if (shiftMs !== undefined) clock.shift(shiftMs)
  return jsonReply(200, { now: new Date(clock.now()).toISOString() })
}

function nameIn(body: unknown): string | undefined {
  const { name } = body as { name?: string }
  return name
}
