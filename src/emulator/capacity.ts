/** What the environment can bear: which server takes a request, whether it is let in, and how long it is at work. */
import { type ApiReply, errorReply } from './api-message.ts'
import type { Timer } from './clock.ts'
import { Allowance, type Limit, type LimitSettings } from './limits.ts'
import { SeededRandom } from './random.ts'
import type { Foresight } from './request-work.ts'
import { type LockSettings, RowLocks } from './row-locks.ts'
import { type ServiceTimeSettings, serviceMs } from './service-time.ts'

/**
 * In which time Retry-After counts. All of them say the same where the time scale is 1.
 * `environment`: whole seconds of the environment's clock, for a client whose own clock runs as fast as that. `wall`:
 * whole seconds of the machine's clock, for a client that cannot be told; at a scale of 30 up to 30 environment seconds
 * are waited for nothing. `wall-fraction`: the same in milliseconds (`0.234`), which HTTP does not allow and most
 * clients understand.
 */
export type RetryAfterStyle = 'environment' | 'wall' | 'wall-fraction'

/** How the environment behaves under load. */
export interface CapacitySettings {
  /** Undefined: nothing is refused. */
  readonly limits: LimitSettings | undefined
  /** Undefined: every request is done at once, so that no two overlap. */
  readonly serviceTime: ServiceTimeSettings | undefined
  readonly locks: LockSettings
  readonly servers: number
  readonly retryAfter: RetryAfterStyle
  /** How many environment seconds one second of the machine holds. */
  readonly timeScale: number
  /** The same seed gives the same jitter and the same victims to the same requests in the same order. */
  readonly randomSeed: number
}

/** Who asks, and the server that the request has come to. */
export interface Visitor {
  readonly userId: string
  readonly server: number
}

/** The simulated web servers of one environment. */
export class Capacity {
  readonly #settings: CapacitySettings
  readonly #timer: Timer
  readonly #random: SeededRandom
  readonly #locks: RowLocks
  readonly #allowances = new Map<string, Allowance>()
  readonly #atWork: number[]
  #turn = 0

  constructor(settings: CapacitySettings, timer: Timer) {
    this.#settings = settings
    this.#timer = timer
    this.#random = new SeededRandom(settings.randomSeed)
    this.#locks = new RowLocks(() => timer.uptime())
    this.#atWork = Array.from({ length: settings.servers }, () => 0)
  }

  /** The server that an affinity cookie names, else the next in turn. */
  serverFor(cookie: string | undefined): number {
    const pinned = /(?:^|;\s*)ARRAffinity=(\d+)/.exec(cookie ?? '')?.[1]
    return (pinned === undefined ? this.#turn++ : Number(pinned)) % this.#settings.servers
  }

  /** Undefined where the request is let in; then `perform` must follow. Else the answer 429. */
  refuse(visitor: Visitor): ApiReply | undefined {
    const { limits, retryAfter, timeScale } = this.#settings
    if (limits === undefined) return undefined
    const admission = this.#allowance(visitor, limits).arrive(this.#timer.uptime())
    if (admission.admitted) return undefined
    const { code, message } = told(admission.limit, limits)
    const reply = errorReply(429, code, message)
    const wait = retryAfterText(admission.waitMs, retryAfter, timeScale)
    return { ...reply, headers: { ...reply.headers, 'Retry-After': wait } }
  }

  /** What is left to the user on this server; undefined without limits. */
  remaining(visitor: Visitor): ReturnType<Allowance['remaining']> | undefined {
    const { limits } = this.#settings
    return limits === undefined ? undefined : this.#allowance(visitor, limits).remaining(this.#timer.uptime())
  }

  /**
   * Holds the request's rows for its service time and then runs it in one go, so that nothing of it shows before its
   * commit. The victim of a deadlock is not run. Waiting for rows is execution time as well.
   */
  async perform<T>(
    visitor: Visitor,
    foresight: () => Foresight,
    run: () => T,
    victim: (reply: ApiReply) => T,
  ): Promise<T> {
    const { serviceTime } = this.#settings
    if (serviceTime === undefined) {
      this.#complete(visitor, 0)
      return run()
    }
    const { work, rows } = foresight()
    const atWork = (this.#atWork[visitor.server] ?? 0) + 1
    this.#atWork[visitor.server] = atWork
    const ms = serviceMs(work, serviceTime, atWork, this.#random)
    const startedAt = this.#timer.uptime()
    const { taken, release } = await this.#locks.take({ rows, serviceMs: ms }, () => this.#strikes('deadlockRate'))
    const waitedMs = this.#timer.uptime() - startedAt
    await this.#timer.sleep(ms)
    try {
      return taken === 'all' ? run() : victim(deadlock(this.#strikes('rolledBackRate')))
    } finally {
      release()
      this.#atWork[visitor.server] = (this.#atWork[visitor.server] ?? 1) - 1
      this.#complete(visitor, waitedMs + ms)
    }
  }

  #complete(visitor: Visitor, executionMs: number): void {
    const { limits } = this.#settings
    if (limits !== undefined) this.#allowance(visitor, limits).complete(this.#timer.uptime(), executionMs)
  }

  #allowance({ userId, server }: Visitor, limits: LimitSettings): Allowance {
    const name = `${server} ${userId}`
    const known = this.#allowances.get(name) ?? new Allowance(limits)
    this.#allowances.set(name, known)
    return known
  }

  #strikes(rate: keyof LockSettings): boolean {
    return this.#random.next() < this.#settings.locks[rate]
  }
}

/** Code and message of each limit. (Dataverse: service protection API limits.) */
function told(limit: Limit, { requests, executionMs, windowMs, concurrent }: LimitSettings) {
  switch (limit) {
    case 'requests':
      return {
        code: '0x80072322',
        message: `Number of requests exceeded the limit of ${requests} over time window of ${windowMs / 1_000} seconds.`,
      }
    case 'execution-time':
      return {
        code: '0x80072321',
        message: `Combined execution time of incoming requests exceeded limit of ${executionMs.toLocaleString('en-US')} milliseconds over time window of ${windowMs / 1_000} seconds. Decrease number of concurrent requests or reduce the duration of requests and try again later.`,
      }
    case 'concurrency':
      return { code: '0x80072326', message: `Number of concurrent requests exceeded the limit of ${concurrent}.` }
  }
}

function retryAfterText(waitMs: number, style: RetryAfterStyle, timeScale: number): string {
  if (style === 'wall-fraction') return (Math.max(1, Math.ceil(waitMs / timeScale)) / 1_000).toFixed(3)
  const seconds = (style === 'environment' ? waitMs : waitMs / timeScale) / 1_000
  return String(Math.max(1, Math.ceil(seconds)))
}

/** What the victim of a deadlock is told. (Dataverse: troubleshoot bulk operation errors.) */
function deadlock(rolledBack: boolean): ApiReply {
  if (rolledBack) {
    return errorReply(500, '0x80040255', 'The transaction has already been rolled back, so it cannot be used any more.')
  }
  return errorReply(
    500,
    '0x80044150',
    'Generic SQL error. Sql ErrorCode: -2146232060 Sql Number: 1205 Transaction was deadlocked on lock resources with another process and has been chosen as the deadlock victim.',
  )
}
