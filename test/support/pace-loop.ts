/**
 * The pace of application users against the emulator's limits, both as arithmetic, in time that passes from event to event:
 * minutes of traffic take no time and always go the same way.
 */

import { Allowance, type LimitSettings } from '../../src/emulator/limits.ts'
import { SeededRandom } from '../../src/emulator/random.ts'
import { answeredAtOnce, beginConcurrency, type Concurrency } from '../../src/pace/concurrency.ts'
import type { Load } from '../../src/pace/cost.ts'
import { begin, DATAVERSE_PACE, type Observation, observe, type PaceState } from '../../src/pace/pace.ts'
import { permitsOf } from '../../src/pace/permits.ts'

/** Work without end for every user, on an environment of these figures. */
export interface LoopSettings {
  readonly seed: number
  readonly users: number
  /** Web servers that requests reach in turn; each has an allowance for each user. */
  readonly servers: number
  readonly limits: LimitSettings
  /** Of every request, and of every row; milliseconds of execution. */
  readonly baseMs: number
  readonly rowMs: number
  readonly rows: number
  /** Spread of latencies (log-normal). */
  readonly sigma: number
  readonly hint?: number
  readonly durationMs: number
}

/** What the environment counted. */
export interface LoopFigures {
  readonly acceptedRows: number
  readonly requests: number
  readonly refusals: number
  /** Requests that arrived while a lock-out they had been told of was still running. */
  readonly pushes: number
}

/** The way of a refusal there and back. */
const REFUSAL_MS = 20

const LIMIT_NAMES = { requests: 'requests', 'execution-time': 'execution-time', concurrency: 'concurrency' } as const

interface Happening {
  readonly atMs: number
  readonly order: number
  readonly happen: () => void
}

/** Happenings in order of time; of the same moment in the order in which they were planned. */
class Agenda {
  readonly #heap: Happening[] = []
  #planned = 0
  nowMs = 0

  plan(atMs: number, happen: () => void): void {
    this.#heap.push({ atMs, order: this.#planned++, happen })
    let at = this.#heap.length - 1
    while (at > 0 && this.#isBefore(at, (at - 1) >> 1)) at = this.#swap(at, (at - 1) >> 1)
  }

  /** Lets everything happen up to and including `untilMs`. */
  run(untilMs: number): void {
    for (let first = this.#heap[0]; first !== undefined && first.atMs <= untilMs; first = this.#heap[0]) {
      this.#removeFirst()
      this.nowMs = Math.max(this.nowMs, first.atMs)
      first.happen()
    }
  }

  #removeFirst(): void {
    const last = this.#heap.pop()
    if (last === undefined || this.#heap.length === 0) return
    this.#heap[0] = last
    for (let at = 0; ; ) {
      const [left, right] = [2 * at + 1, 2 * at + 2]
      const least = right < this.#heap.length && this.#isBefore(right, left) ? right : left
      if (least >= this.#heap.length || !this.#isBefore(least, at)) return
      at = this.#swap(at, least)
    }
  }

  #isBefore(one: number, other: number): boolean {
    const [a, b] = [this.#heap[one], this.#heap[other]]
    if (a === undefined || b === undefined) return false
    return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order)
  }

  #swap(one: number, other: number): number {
    const [a, b] = [this.#heap[one], this.#heap[other]]
    if (a !== undefined && b !== undefined) [this.#heap[one], this.#heap[other]] = [b, a]
    return other
  }
}

/** Lets all users work as fast as they find well. */
export function runLoop(settings: LoopSettings): LoopFigures {
  const { users, servers, limits, durationMs } = settings
  const agenda = new Agenda()
  const random = new SeededRandom(settings.seed)
  const figures = { acceptedRows: 0, requests: 0, refusals: 0, pushes: 0 }
  const { start, most, documentedSeconds } = DATAVERSE_PACE
  const together: Together = {
    concurrency: beginConcurrency(start * users, most * users, documentedSeconds * 1_000 * users),
    atWork: 0,
    pump: () => {},
  }
  const loops: Loop[] = []
  let turn = 0
  for (let user = 0; user < users; user += 1) {
    const allowances = Array.from({ length: servers }, () => new Allowance(limits))
    const next = () => allowances[turn++ % servers] ?? new Allowance(limits)
    loops.push(new Loop(settings, { agenda, random, next, figures, together }))
  }
  together.pump = () => {
    for (const loop of loops) loop.pump()
  }
  together.pump()
  agenda.run(durationMs)
  return figures
}

/** What all users have in common. */
interface Together {
  concurrency: Concurrency
  atWork: number
  pump: () => void
}

interface Surroundings {
  readonly together: Together
  readonly agenda: Agenda
  readonly random: SeededRandom
  readonly next: () => Allowance
  readonly figures: { -readonly [figure in keyof LoopFigures]: number }
}

/** One application user at work. */
class Loop {
  readonly #settings: LoopSettings
  readonly #around: Surroundings
  readonly #load: Load
  #state: PaceState = begin(DATAVERSE_PACE)
  #wakesAtMs = Number.POSITIVE_INFINITY
  #toldUntilMs = 0

  constructor(settings: LoopSettings, around: Surroundings) {
    this.#settings = settings
    this.#around = around
    this.#load = { kind: 'UpdateMultiple contact', rows: settings.rows }
  }

  /** Sends whatever may be sent, and comes back when more may be. */
  pump(): void {
    const { agenda, together } = this.#around
    while (together.atWork < together.concurrency.allowed) {
      const { permits, waitMs } = permitsOf(DATAVERSE_PACE, this.#state, this.#load, agenda.nowMs)
      if (permits > 0) {
        this.#send()
        continue
      }
      const wakesAtMs = agenda.nowMs + Math.ceil(waitMs)
      if (Number.isFinite(waitMs) && (wakesAtMs < this.#wakesAtMs || this.#wakesAtMs <= agenda.nowMs)) {
        this.#wakesAtMs = wakesAtMs
        agenda.plan(wakesAtMs, () => this.pump())
      }
      return
    }
  }

  #send(): void {
    const { agenda, random, next, figures, together } = this.#around
    const { baseMs, rowMs, rows, sigma } = this.#settings
    const sentAtMs = agenda.nowMs
    this.#see({ kind: 'sent', load: this.#load })
    figures.requests += 1
    if (sentAtMs < this.#toldUntilMs) figures.pushes += 1
    const allowance = next()
    const admission = allowance.arrive(sentAtMs)
    if (!admission.admitted) {
      figures.refusals += 1
      const wishMs = Math.ceil(admission.waitMs / 1_000) * 1_000
      const limit = LIMIT_NAMES[admission.limit]
      agenda.plan(sentAtMs + REFUSAL_MS, () => {
        this.#toldUntilMs = Math.max(this.#toldUntilMs, agenda.nowMs - REFUSAL_MS + admission.waitMs)
        this.#see({ kind: 'refused', load: this.#load, sentAtMs, limit, wishMs })
        together.pump()
      })
      return
    }
    // A mean of one: the spread must not change what is possible.
    const executionMs = (baseMs + rows * rowMs) * random.logNormal(sigma) * Math.exp((-sigma * sigma) / 2)
    agenda.plan(sentAtMs + executionMs, () => {
      allowance.complete(agenda.nowMs, executionMs)
      figures.acceptedRows += rows
      this.#see({ kind: 'answered', load: this.#load, sentAtMs })
      together.pump()
    })
  }

  #see(observation: Observation): void {
    const { agenda, together } = this.#around
    const { nowMs } = agenda
    this.#state = observe(DATAVERSE_PACE, this.#state, observation, nowMs)
    const full = together.atWork >= together.concurrency.allowed
    together.atWork += observation.kind === 'sent' ? 1 : -1
    if (observation.kind !== 'answered') return
    const { hint } = this.#settings
    const answer = { load: this.#load, sentAtMs: observation.sentAtMs, full, ...(hint === undefined ? {} : { hint }) }
    const moment = { nowMs, windowMs: DATAVERSE_PACE.windowMs }
    together.concurrency = answeredAtOnce(together.concurrency, answer, moment)
  }
}
