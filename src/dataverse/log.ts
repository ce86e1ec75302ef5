/** What the Dataverse client says while it works: request names, states, times and Dataverse's request ids; no rows. */

import type { Clock } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import type { Send } from './send.ts'

/** Logs every request with its status and the id that Microsoft's support asks for. */
export function withLog(send: Send, log: Log, clock: Clock): Send {
  return async (request, signal) => {
    const startedAtMs = clock.monotonic()
    const fields = () => ({ what: request.what, ms: Math.round(clock.monotonic() - startedAtMs) })
    try {
      const reply = await send(request, signal)
      const requestId = reply.headers['x-ms-service-request-id'] ?? reply.headers['req_id']
      log.debug({ ...fields(), status: reply.status, requestId }, 'dataverse request')
      return reply
    } catch (error) {
      log.debug({ ...fields(), failed: error instanceof Error ? error.name : 'unknown' }, 'dataverse request')
      throw error
    }
  }
}
