/** The time one attempt may take. */

import type { Send } from './send.ts'

/** Raised inside an attempt whose time is over; callers see the `NoAnswer` that follows from it. */
class TimeIsUp extends Error {
  constructor(timeoutMs: number) {
    super(`no answer within ${timeoutMs} ms`)
    this.name = 'TimeIsUp'
  }
}

/**
 * Aborts an attempt after `timeoutMs`. An abort by the caller's own signal is told apart: then the signal's reason
 * is thrown, not `NoAnswer`. (`AbortSignal.any` is avoided: on Node 20 it keeps a run-long signal's listeners alive.)
 */
export function withTimeout(send: Send, timeoutMs: number): Send {
  return async (request, signal) => {
    signal.throwIfAborted()
    const attempt = new AbortController()
    const stop = () => attempt.abort(signal.reason)
    const timer = setTimeout(() => attempt.abort(new TimeIsUp(timeoutMs)), timeoutMs)
    signal.addEventListener('abort', stop, { once: true })
    try {
      return await send(request, attempt.signal)
    } catch (error) {
      signal.throwIfAborted()
      throw error
    } finally {
      clearTimeout(timer)
      signal.removeEventListener('abort', stop)
    }
  }
}
