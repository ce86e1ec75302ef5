/** The application users of one environment: each request goes to one that may send it now, or waits for its turn. */

import type { Clock } from '../lib/clock.ts'
import type { Wait } from '../lib/retry.ts'
import type { Load } from '../pace/cost.ts'
import type { Permits } from '../pace/permits.ts'
import { AtOnce, type AtWork } from './at-once.ts'
import type { DeliveryFigures } from './dataverse.ts'
import { DeliveryTimeline } from './delivery-timeline.ts'
import { TooLate } from './freshness.ts'
import type { Pacer } from './pacer.ts'
import { NoAnswer, type Reply, type Send } from './send.ts'

/** One application user: its own token, and its own pace, since limits are counted per user. */
export interface ApplicationUser {
  /** `user 2`: what it is called in logs. */
  readonly name: string
  readonly send: Send
  readonly pacer: Pacer
}

export interface Pool {
  /** Sends by whichever user may first. */
  readonly send: Send
  /** Sends by this one, in its turn. */
  sendBy(user: ApplicationUser): Send
  /** Requests that may be at work at once, all users together. */
  concurrency(): number
  figures(): DeliveryFigures
}

interface Waiting {
  readonly load: Load
  readonly users: readonly ApplicationUser[]
  readonly start: (turn: Turn) => void
}

/** Who may send a request, and the request as one at work. */
interface Turn {
  readonly user: ApplicationUser
  readonly atWork: AtWork
}

/** A wait shorter than this is not worth telling. */
const WORTH_TELLING_MS = 1_000

/** A load that no caller described. */
const UNDESCRIBED: Load = { kind: 'other', rows: 1 }

/**
 * Requests are served in the order they came: an opt-in decided on an old read must not wait behind younger ones. Which
 * user takes one does not matter to its rows: no row is in two requests at once, whoever sends them.
 */
export function openPool(
  users: readonly ApplicationUser[],
  { clock, onWait }: { readonly clock: Clock; readonly onWait: (wait: Wait) => void },
): Pool {
  const atOnce = new AtOnce({
    start: sum(users, ({ pacer }) => pacer.bounds.start),
    most: sum(users, ({ pacer }) => pacer.bounds.most),
    thriftyMs: sum(users, ({ pacer }) => 1_000 * pacer.bounds.documentedSeconds),
    windowMs: Math.max(...users.map(({ pacer }) => pacer.bounds.windowMs)),
  })
  const timeline = new DeliveryTimeline()
  const queue = new Queue(clock, onWait, atOnce, timeline)
  let writeRequests = 0
  let rowsSent = 0
  const sendBy =
    (allowed: readonly ApplicationUser[]): Send =>
    async (request, signal) => {
      const load = request.load ?? UNDESCRIBED
      const { user, atWork } = await queue.turn(load, allowed, signal)
      const { sentAtMs } = atWork
      let answer: Reply | undefined
      writeRequests += request.writes === undefined ? 0 : 1
      rowsSent += request.writes ?? 0
      try {
        answer = await user.send(request, signal)
        const nowMs = clock.monotonic()
        const limit = user.pacer.replied(answer, load, sentAtMs, nowMs, clock.now())
        timeline.replied(answer, request.writes ?? 0, limit, { nowMs, wallMs: clock.now() })
        return { ...answer, latencyMs: nowMs - sentAtMs }
      } catch (error) {
        leave(user, load, sentAtMs, clock.monotonic(), error)
        throw error
      } finally {
        atOnce.ended(atWork, answer, clock.monotonic())
        queue.pump()
      }
    }
  return {
    send: sendBy(users),
    sendBy: (user) => sendBy([user]),
    concurrency: () =>
      Math.min(
        atOnce.allowed,
        sum(users, ({ pacer }) => pacer.mostAtOnce),
      ),
    figures: () => {
      const overTime = timeline.figures()
      return {
        users: users.map(({ name, pacer }) => ({ name, ...pacer.figures })),
        waitedMs: { ...queue.waitedMs },
        rowsSent,
        writeRequests,
        ...(overTime && { overTime }),
      }
    },
  }
}

const sum = (users: readonly ApplicationUser[], of: (user: ApplicationUser) => number): number =>
  users.reduce((total, user) => total + of(user), 0)

/** An attempt without a reply: one that was not made, or ended by us, says nothing about the server. */
function leave({ pacer }: ApplicationUser, load: Load, sentAtMs: number, nowMs: number, error: unknown): void {
  if (error instanceof NoAnswer && !(error instanceof TooLate)) pacer.failed(load, sentAtMs, nowMs)
  else pacer.withdrawn(load, sentAtMs, nowMs)
}

/** Requests waiting for a user that may send them. */
class Queue {
  readonly waitedMs: Record<string, number> = {}
  readonly #clock: Clock
  readonly #onWait: (wait: Wait) => void
  readonly #atOnce: AtOnce
  readonly #timeline: DeliveryTimeline
  readonly #waiting: Waiting[] = []
  /** Until when somebody was told that a user waits, by name. */
  readonly #toldUntilMs = new Map<string, number>()
  /** When the queue is looked at next, if nothing happens before. */
  #wakes: { readonly atMs: number; readonly timer: AbortController } | undefined

  constructor(clock: Clock, onWait: (wait: Wait) => void, atOnce: AtOnce, timeline: DeliveryTimeline) {
    this.#clock = clock
    this.#onWait = onWait
    this.#atOnce = atOnce
    this.#timeline = timeline
  }

  /** Resolves with the one of these users that may send this load. Rejects with the signal's reason. */
  turn(load: Load, users: readonly ApplicationUser[], signal: AbortSignal): Promise<Turn> {
    signal.throwIfAborted()
    return new Promise((resolve, reject) => {
      const stop = () => {
        const at = this.#waiting.indexOf(waiting)
        if (at >= 0) this.#waiting.splice(at, 1)
        reject(signal.reason)
        this.pump()
      }
      const waiting: Waiting = {
        load,
        users,
        start: (turn) => {
          signal.removeEventListener('abort', stop)
          resolve(turn)
        },
      }
      signal.addEventListener('abort', stop, { once: true })
      this.#waiting.push(waiting)
      this.pump()
    })
  }

  /** Starts whatever may start; sets the clock for the rest. */
  pump(): void {
    // Whatever ends pumps again.
    for (let first = this.#waiting[0]; first !== undefined && !this.#atOnce.isFull; first = this.#waiting[0]) {
      const nowMs = this.#clock.monotonic()
      const offers = first.users.map((user) => ({ user, permits: user.pacer.permits(first.load, nowMs) }))
      const best = offers.reduce((one, other) => (other.permits.permits > one.permits.permits ? other : one))
      if (best.permits.permits === 0) {
        this.#tell(offers, nowMs)
        this.#wakeAt(nowMs, Math.min(...offers.map(({ permits }) => permits.waitMs)))
        return
      }
      this.#waiting.shift()
      best.user.pacer.sent(first.load, nowMs)
      first.start({ user: best.user, atWork: this.#atOnce.sent(first.load, nowMs) })
    }
    if (this.#waiting.length === 0) this.#wakeNoMore()
  }

  #wakeNoMore(): void {
    this.#wakes?.timer.abort()
    this.#wakes = undefined
  }

  /** A timer that runs out sooner is left alone: to look in vain costs less than to set another. */
  #wakeAt(nowMs: number, waitMs: number): void {
    const atMs = nowMs + Math.ceil(waitMs)
    if (!Number.isFinite(atMs) || (this.#wakes !== undefined && this.#wakes.atMs <= atMs)) return
    this.#wakeNoMore()
    const wakes = { atMs, timer: new AbortController() }
    this.#wakes = wakes
    this.#clock.sleep(atMs - nowMs, wakes.timer.signal).then(
      () => {
        if (this.#wakes !== wakes) return
        this.#wakes = undefined
        this.pump()
      },
      () => {
        // A sooner moment was found, or nothing waits any more.
      },
    )
  }

  #tell(offers: ReadonlyArray<{ user: ApplicationUser; permits: Permits }>, nowMs: number): void {
    for (const { user, permits } of offers) {
      const { cause, waitMs } = permits
      const untilMs = nowMs + waitMs
      const toldMs = this.#toldUntilMs.get(user.name) ?? 0
      // Requests that are kept apart wait for nothing but each other.
      if (cause === undefined || cause === 'kept apart') continue
      if (!Number.isFinite(waitMs) || untilMs <= toldMs) continue
      const fromMs = Math.max(nowMs, toldMs)
      this.waitedMs[cause] = (this.waitedMs[cause] ?? 0) + untilMs - fromMs
      this.#timeline.waits(cause, fromMs, untilMs, { nowMs, wallMs: this.#clock.now() })
      this.#toldUntilMs.set(user.name, untilMs)
      if (waitMs >= WORTH_TELLING_MS) this.#onWait({ what: `${user.name} paused`, waitMs, why: cause })
    }
  }
}
