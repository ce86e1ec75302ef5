/** The innermost `Send`: HTTP/1.1 over a keep-alive pool to the one origin of an environment. */

import { DecoratorHandler, type Dispatcher } from 'undici'
import { openAgent } from '../lib/egress.ts'
import { type ApiRoot, requestTarget } from './api-root.ts'
import { readBody } from './body.ts'
import { NoAnswer, type Reply, type Send } from './send.ts'

export interface TransportSettings {
  readonly root: ApiRoot
  /** Sockets; at least as many as requests run at once, else the pool would queue behind our own limit. */
  readonly connections: number
  readonly connectTimeoutMs: number
  /** Bound of one answer, packed or unpacked. */
  readonly maxReplyBytes: number
  /** Throws where nothing may be written any more; asked as a write is handed to its socket. */
  readonly permit?: () => void
}

/** Whether a request has been handed to a socket; filled in by the pool. */
interface Departure {
  sent: boolean
  /** Asked at that very moment: throws where the request must not leave any more. */
  readonly permit?: () => void
  refused?: unknown
}

/** Notes the moment undici starts to write a request: before it, surely nothing was delivered. */
class DepartureHandler extends DecoratorHandler {
  readonly #handler: Dispatcher.DispatchHandler
  readonly #departure: Departure

  constructor(handler: Dispatcher.DispatchHandler, departure: Departure) {
    super(handler)
    this.#handler = handler
    this.#departure = departure
  }

  onRequestStart(controller: Dispatcher.DispatchController, context: unknown): void {
    try {
      this.#departure.permit?.()
      this.#departure.sent = true
    } catch (error) {
      this.#departure.refused = error
    }
    this.#handler.onRequestStart?.(controller, context)
    if (!this.#departure.sent) controller.abort(new Error('the request may not leave'))
  }
}

const isDeparture = (opaque: unknown): opaque is Departure =>
  typeof opaque === 'object' && opaque !== null && 'sent' in opaque

/** Header lines as one record; a repeated header's values are joined as HTTP says. `set-cookie` is dropped unread. */
function flatten(headers: Record<string, string | string[] | undefined>): Record<string, string> {
  const flat: Record<string, string> = {}
  for (const [name, value] of Object.entries(headers)) {
    // A returned affinity cookie would pin us to one web server and its limits (Dataverse: parallel requests).
    if (value === undefined || name === 'set-cookie') continue
    flat[name] = Array.isArray(value) ? value.join(', ') : value
  }
  return flat
}

/**
 * Opens the pool. Redirects are not followed and cookies not kept; answers may come packed with gzip.
 * The send it returns throws `NoAnswer` where no whole answer came, be it for the signal; `sent` is false only if
 * the request never reached a socket. What `permit` throws is thrown on, and then nothing was sent.
 */
export function openTransport(settings: TransportSettings): { send: Send; close: () => Promise<void> } {
  const agent = openAgent({
    connections: settings.connections,
    pipelining: 1,
    connect: { timeout: settings.connectTimeoutMs },
    // The timeout of a request is `withTimeout`'s: one place decides, and it knows the request.
    headersTimeout: 0,
    bodyTimeout: 0,
  })
  const watched = agent.compose((dispatch) => (options, handler) => {
    const opaque: unknown = 'opaque' in options ? options.opaque : undefined
    return dispatch(options, isDeparture(opaque) ? new DepartureHandler(handler, opaque) : handler)
  })

  const send: Send = async (request, signal): Promise<Reply> => {
    const target = requestTarget(settings.root, request.path)
    // Between the caller's decision and this socket there may be a connection to make, or a paused process.
    const permit = request.writes === undefined ? undefined : settings.permit
    const departure: Departure = { sent: false, ...(permit && { permit }) }
    try {
      const answer = await watched.request({
        origin: settings.root.origin,
        method: request.method,
        path: target,
        headers: { ...request.headers, 'accept-encoding': 'gzip' },
        body: request.body ?? null,
        signal,
        opaque: departure,
      })
      const headers = flatten(answer.headers)
      const body = await readBody(answer.body, headers['content-encoding'], settings.maxReplyBytes)
      return { status: answer.statusCode, headers, body }
    } catch (cause) {
      if (departure.refused !== undefined) throw departure.refused
      throw new NoAnswer(request.what, departure.sent, { cause })
    }
  }
  return { send, close: () => agent.close() }
}
