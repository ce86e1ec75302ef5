/** A pool of application users whose requests a test answers by hand. */

import { Pacer } from '../../src/dataverse/pacer.ts'
import { type ApplicationUser, openPool, type Pool } from '../../src/dataverse/pool.ts'
import type { Reply, Request } from '../../src/dataverse/send.ts'
import type { Wait } from '../../src/lib/retry.ts'
import { DATAVERSE_PACE, type PaceSettings } from '../../src/pace/pace.ts'
import { type ManualClock, manualClock } from './manual-clock.ts'

/** A request under way. */
export interface UnderWay {
  readonly user: string
  readonly what: string
  reply(reply: Partial<Reply>): Promise<void>
  fail(error: unknown): Promise<void>
}

export class PoolWorld {
  readonly clock: ManualClock = manualClock()
  readonly waits: Wait[] = []
  readonly users: readonly ApplicationUser[]
  readonly pool: Pool
  /** Requests under way, in the order in which they were sent. */
  readonly underWay: UnderWay[] = []
  /** `what` of requests, in the order in which they were sent, under way or not. */
  readonly sent: string[] = []
  /** How requests ended, in that order. */
  readonly ended: string[] = []

  constructor(count: number, pace: Partial<PaceSettings> = {}) {
    this.users = Array.from({ length: count }, (_, index) => this.#user(`user ${index + 1}`, pace))
    const onWait = (wait: Wait) => {
      this.waits.push(wait)
    }
    this.pool = openPool(this.users, { clock: this.clock, onWait })
  }

  /** Asks for a request to be sent, and notes its end. */
  async ask(what: string, more: { signal?: AbortSignal; by?: number } & Partial<Request> = {}): Promise<void> {
    const { signal = new AbortController().signal, by, ...request } = more
    const user = by === undefined ? undefined : this.users[by - 1]
    const send = user === undefined ? this.pool.send : this.pool.sendBy(user)
    void send({ method: 'GET', path: 'x', repeatable: true, what, ...request }, signal).then(
      ({ status, latencyMs }) => this.ended.push(`${what}: ${status} in ${latencyMs} ms`),
      (error: unknown) => this.ended.push(`${what}: ${error instanceof Error ? error.message : 'no error'}`),
    )
    await this.clock.advance(0)
  }

  /** The request under way of this name. */
  of(what: string): UnderWay {
    const found = this.underWay.find((one) => one.what === what)
    if (found === undefined) throw new TypeError(`no request under way is ${what}`)
    return found
  }

  #user(name: string, pace: Partial<PaceSettings>): ApplicationUser {
    const send: ApplicationUser['send'] = ({ what }, signal) =>
      new Promise((resolve, reject) => {
        signal.throwIfAborted()
        const end = (settle: () => void) => {
          this.underWay.splice(this.underWay.indexOf(request), 1)
          settle()
          return this.clock.advance(0)
        }
        const request: UnderWay = {
          user: name,
          what,
          reply: (reply) => end(() => resolve({ status: 200, headers: {}, body: '', ...reply })),
          fail: (error) => end(() => reject(error)),
        }
        signal.addEventListener('abort', () => void request.fail(signal.reason), { once: true })
        this.underWay.push(request)
        this.sent.push(what)
      })
    return { name, send, pacer: new Pacer({ ...DATAVERSE_PACE, ...pace }) }
  }
}
