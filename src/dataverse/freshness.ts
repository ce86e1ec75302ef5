/** The last moment a request may leave: what was decided on an old read is not sent (semantics §7, freshness). */

import type { Clock } from '../lib/clock.ts'
import { NoAnswer, type Request, type Send } from './send.ts'

/** A request that spoils: after `notAfterMs` (monotonic) it is not sent any more. */
export interface PerishableRequest extends Request {
  readonly notAfterMs?: number
}

/** The request waited too long for its turn and was surely not sent. */
export class TooLate extends NoAnswer {
  constructor(what: string) {
    super(what, false)
    this.name = 'TooLate'
  }
}

const notAfterMsOf = (request: PerishableRequest): number => request.notAfterMs ?? Number.POSITIVE_INFINITY

/** Refuses a spoilt request. It stands below every wrapper that waits, so that no wait is missed. */
export function withFreshness(send: Send, clock: Clock): Send {
  return async (request, signal) => {
    if (clock.monotonic() > notAfterMsOf(request)) throw new TooLate(request.what)
    return send(request, signal)
  }
}
