/** What is learned from answers and refusals: costs, capacities, concurrency, sizes. */
import { describe, expect, it } from 'vitest'
import { SeededRandom } from '../../src/emulator/random.ts'
import {
  BATCH_SIZE,
  type BatchEvent,
  type BatchSize,
  beginSize,
  messagesFor,
  sized,
} from '../../src/pace/batch-size.ts'
import { type Capacity, lowered, tried, UNKNOWN_CAPACITY } from '../../src/pace/capacity.ts'
import { answeredAtOnce, beginConcurrency, type Concurrency } from '../../src/pace/concurrency.ts'
import { classOf, expectedMs, learned, NO_COSTS } from '../../src/pace/cost.ts'
import { EMPTY_READING, readOn, slowdown } from '../../src/pace/reading.ts'

const WINDOW_MS = 300_000

describe('capacity', () => {
  const refusedAt = (held: number, capacity: Capacity = UNKNOWN_CAPACITY, kept = held) =>
    lowered(capacity, { held, kept, documented: 1_200 })
  /** The capacity after so many answers, a second apart, each with all that is allowed in use. */
  function used(capacity: Capacity, answers: number, part = 1): Capacity {
    let after = capacity
    for (let n = 0; n < answers; n += 1) {
      after = tried(after, (after.amount ?? 0) * part, { nowMs: n * 1_000, windowMs: WINDOW_MS })
    }
    return after
  }

  it('is without bound until the first refusal', () => {
    expect(used(UNKNOWN_CAPACITY, 1_000)).toEqual(UNKNOWN_CAPACITY)
  })

  it('is somewhat less than what the window held when it was refused', () => {
    expect(refusedAt(1_000).amount).toBeCloseTo(990)
  })

  it('is what will be left of it when the server lets us in again: a limit that was cut is known at once', () => {
    expect(refusedAt(1_200, UNKNOWN_CAPACITY, 900).amount).toBeCloseTo(0.99 * 900)
  })

  it('is never believed to be less than half of what was held, whatever the server wishes', () => {
    expect(refusedAt(1_200, UNKNOWN_CAPACITY, 0).amount).toBeCloseTo(0.99 * 600)
  })

  it('is not learned from a refusal that others earned', () => {
    expect(refusedAt(11.9)).toEqual(UNKNOWN_CAPACITY)
    expect(refusedAt(12).amount).toBeCloseTo(11.88)
  })

  it('only falls with refusals', () => {
    expect(refusedAt(1_100, refusedAt(1_000)).amount).toBeCloseTo(990)
    expect(refusedAt(500, refusedAt(1_000)).amount).toBeCloseTo(495)
  })

  it('is tried to be more only after 300 answers for each refusal, and only where all of it was used', () => {
    const [once, twice] = [refusedAt(1_000), refusedAt(1_000, refusedAt(1_000))]
    expect(used(once, 300).amount).toBe(once.amount)
    expect(used(once, 301).amount).toBeCloseTo(990 * 1.005)
    expect(used(once, 1_000, 0.96).amount).toBe(once.amount)
    expect(used(twice, 600).amount).toBe(twice.amount)
    expect(used(twice, 601).amount).toBeGreaterThan(twice.amount ?? 0)
  })

  it('finds a limit that was raised tenfold within a window', () => {
    const capacity = { ...refusedAt(100), patience: 0 }
    expect(used(capacity, 290).amount).toBeGreaterThan(1_000)
  })
})

describe('concurrency', () => {
  const LOAD = { kind: 'UpdateMultiple contact', rows: 100 }

  /**
   * An environment that works on `able` requests at once, more taking longer in proportion, and each somewhat longer or
   * shorter; answers come one after the other, and each is followed by the next request.
   */
  class Environment {
    concurrency: Concurrency
    nowMs = 0
    tried: number[] = []
    #sent = 0
    readonly #atWork: Array<{ sentAtMs: number; endsAtMs: number }> = []

    readonly #jitter: () => number

    constructor(start: number, most = 200, thriftyMs = 0, jitter?: () => number) {
      this.concurrency = beginConcurrency(start, most, thriftyMs)
      this.#jitter = jitter ?? (() => 0.9 + 0.2 * ((this.#sent++ * 0.618034) % 1))
    }

    run(answers: number, able: number, more: { hint?: number; idle?: boolean } = {}): this {
      for (let n = 0; n < answers; n += 1) {
        const { allowed } = this.concurrency
        while (this.#atWork.length < (more.idle ? allowed - 1 : allowed)) {
          const tookMs = 5_000 * this.#jitter() * Math.max(1, (this.#atWork.length + 1) / able)
          this.#atWork.push({ sentAtMs: this.nowMs, endsAtMs: this.nowMs + tookMs })
        }
        this.#atWork.sort((one, other) => one.endsAtMs - other.endsAtMs)
        const full = this.#atWork.length >= allowed
        const first = this.#atWork.shift()
        if (first === undefined) throw new TypeError('nothing is at work')
        this.nowMs = first.endsAtMs
        const { hint } = more
        const answer = { load: LOAD, sentAtMs: first.sentAtMs, full, ...(hint === undefined ? {} : { hint }) }
        this.concurrency = answeredAtOnce(this.concurrency, answer, { nowMs: this.nowMs, windowMs: WINDOW_MS })
        if (this.concurrency.allowed !== allowed) this.tried.push(this.concurrency.allowed)
      }
      return this
    }
  }

  it('begins within the bounds', () => {
    expect(beginConcurrency(4, 2, 0).allowed).toBe(2)
    expect(beginConcurrency(0, 2, 0).allowed).toBe(1)
  })

  it('takes the server’s hint once, within the bound', () => {
    const environment = new Environment(4, 50).run(1, 100, { hint: 8 })
    expect(environment.concurrency.allowed).toBe(8)
    expect(environment.run(1, 100, { hint: 20 }).concurrency.allowed).toBe(8)
    expect(new Environment(4, 50).run(1, 100, { hint: 500 }).concurrency.allowed).toBe(50)
  })

  it('is doubled while that brings more rows, up to the bound', () => {
    expect(new Environment(4, 50).run(300, 1_000).tried.slice(0, 4)).toEqual([8, 16, 32, 50])
  })

  it('is taken back where more at once is no more done, and found within a few rounds', () => {
    const { tried } = new Environment(4).run(60, 8)
    expect(tried.slice(0, 3)).toEqual([8, 16, 8])
  })

  it('is seldom taken for well by chance where more at once is no more done, and seldom given up where it is', () => {
    const seeds = Array.from({ length: 500 }, (_, at) => at + 1)
    const triedBy = (seed: number, able: number) => {
      const random = new SeededRandom(seed)
      return new Environment(4, 50, 1e9, () => random.logNormal(0.25)).run(120, able).tried
    }
    const part = (able: number, fits: (tried: readonly number[]) => boolean) =>
      seeds.filter((seed) => fits(triedBy(seed, able))).length / seeds.length
    // A server that does eight at once: sixteen are tried and found to be of no use; one that does all that it gets.
    expect(part(8, (tried) => tried.slice(0, 3).join() === '8,16,8')).toBeGreaterThan(0.95)
    expect(part(1_000, (tried) => tried.includes(50))).toBeGreaterThan(0.95)
  })

  it('is not kept by chance either once seconds may be short', () => {
    const seeds = Array.from({ length: 500 }, (_, at) => at + 1)
    const atMost = seeds.map((seed) => {
      const random = new SeededRandom(seed)
      return Math.max(...new Environment(8, 50, 1e9, () => random.logNormal(0.25)).run(400, 8).tried.slice(1))
    })
    // Sixteen are tried first; then twelve, and eighteen only where twelve seemed to be well.
    expect(atMost.filter((most) => most > 12).length / seeds.length).toBeLessThan(0.05)
  })

  it('tells nothing where fewer were at work than might be', () => {
    expect(new Environment(4).run(500, 1_000, { idle: true }).tried).toEqual([])
  })

  it('stays near what the server can do at once', () => {
    const environment = new Environment(4).run(2_000, 20)
    const late = environment.tried.slice(-6)
    expect(Math.min(...late)).toBeGreaterThanOrEqual(13)
    expect(Math.max(...late)).toBeLessThanOrEqual(36)
  })

  it('comes down where fewer do as much, and goes up again', () => {
    const environment = new Environment(64).run(6_000, 10)
    expect(environment.concurrency.allowed).toBeLessThanOrEqual(32)
    expect(environment.run(8_000, 60).concurrency.allowed).toBeGreaterThanOrEqual(40)
  })

  it('takes no second of execution for little while what a window is documented to hold is not used up', () => {
    const ANSWERS = 3_000
    // At twelve a server that can do nine does an eighth more than at eight, and takes a third longer for each row.
    const partAtMore = (thriftyMs: number) => {
      let concurrency = beginConcurrency(8, 200, thriftyMs)
      let nowMs = 0
      let atMore = 0
      for (let n = 0; n < ANSWERS; n += 1) {
        const sentAtMs = nowMs
        nowMs += 5_000 * Math.max(1, concurrency.allowed / 9)
        const answer = { load: LOAD, sentAtMs, full: true }
        concurrency = answeredAtOnce(concurrency, answer, { nowMs, windowMs: WINDOW_MS })
        if (concurrency.allowed >= 12) atMore += 1
      }
      return atMore / ANSWERS
    }
    expect(partAtMore(1e9)).toBeLessThan(0.2)
    expect(partAtMore(0)).toBeGreaterThan(0.6)
  })
})

describe('readings', () => {
  const LOAD = { kind: 'UpdateMultiple contact', rows: 100 }
  const READ = { kind: 'read', rows: 1 }

  it('tell how many times as long the same rows took', () => {
    const before = readOn(readOn(EMPTY_READING, LOAD, 1_000), LOAD, 3_000)
    expect(slowdown(before, readOn(EMPTY_READING, LOAD, 3_000))).toBe(1.5)
    expect(slowdown(before, readOn(EMPTY_READING, { ...LOAD, rows: 120 }, 3_600))).toBe(1.5)
  })

  it('compare like with like: reads are no messages', () => {
    const before = readOn(readOn(EMPTY_READING, LOAD, 1_000), READ, 10)
    const after = readOn(readOn(EMPTY_READING, LOAD, 1_000), READ, 30)
    expect(slowdown(before, after)).toBeCloseTo(1_030 / 1_010)
    expect(slowdown(before, readOn(EMPTY_READING, { kind: '$batch contact', rows: 100 }, 1))).toBeUndefined()
  })
})

describe('costs', () => {
  const LOAD = { kind: 'UpdateMultiple contact', rows: 100 }

  it('loads of one kind within a factor of two are of one class', () => {
    expect(classOf({ kind: 'a', rows: 64 })).toBe(classOf({ kind: 'a', rows: 127 }))
    expect(classOf({ kind: 'a', rows: 64 })).not.toBe(classOf({ kind: 'a', rows: 128 }))
    expect(classOf({ kind: 'a', rows: 64 })).not.toBe(classOf({ kind: 'b', rows: 64 }))
    expect(classOf({ kind: 'a', rows: 0 })).toBe(classOf({ kind: 'a', rows: 1 }))
  })

  it('an unknown class is thought as dear as the dearest known', () => {
    expect(expectedMs(NO_COSTS, 'x/0', 1_000)).toBe(1_000)
    const costs = learned(learned(NO_COSTS, LOAD, 300), { kind: 'read', rows: 1 }, 40)
    expect(expectedMs(costs, 'x/0', 1_000)).toBe(300)
    expect(expectedMs(costs, classOf({ kind: 'read', rows: 1 }), 1_000)).toBe(40)
  })

  it('the mean follows the latencies', () => {
    let costs = NO_COSTS
    for (let n = 0; n < 100; n += 1) costs = learned(costs, LOAD, n < 20 ? 100 : 400)
    expect(expectedMs(costs, classOf(LOAD), 0)).toBeCloseTo(400, -1)
  })
})

describe('the size of a bulk message (Dataverse: bulk operations)', () => {
  const sizeAfter = (...events: readonly BatchEvent[]): BatchSize =>
    events.reduce((size, event) => sized(BATCH_SIZE, size, event), beginSize(BATCH_SIZE))
  /** Full messages at so many milliseconds a row. */
  function settled(rowMs: number, messages: number, from: BatchSize = beginSize(BATCH_SIZE)): BatchSize {
    let size = from
    for (let n = 0; n < messages; n += 1) {
      size = sized(BATCH_SIZE, size, { kind: 'done', rows: size.rows, latencyMs: size.rows * rowMs })
    }
    return size
  }

  it.each([
    [2, 1_000],
    [5, 1_000],
    [20, 250],
    [60, 83],
    [200, 25],
    [5_000, 10],
  ])('at %i ms a row it settles at %i rows: five seconds, from 10 to 1,000', (rowMs, rows) => {
    const { rows: found } = settled(rowMs, 60)
    expect(Math.abs(found - rows)).toBeLessThanOrEqual(Math.max(1, rows * 0.02))
  })

  it('at most doubles from one message to the next; one that was not full says little', () => {
    expect(sizeAfter({ kind: 'done', rows: 25, latencyMs: 1 }).rows).toBe(50)
    expect(sizeAfter({ kind: 'done', rows: 3, latencyMs: 3 }).rows).toBe(50)
  })

  it('is not cut by one message that took thrice as long, as if it had queued; by one that took four times, it is', () => {
    const { rows } = settled(20, 60)
    const rowsAfter = (times: number) =>
      sized(BATCH_SIZE, settled(20, 60), { kind: 'done', rows, latencyMs: times * BATCH_SIZE.targetMs }).rows
    expect(rowsAfter(3)).toBeGreaterThan(0.9 * rows)
    expect(rowsAfter(4)).toBe(Math.floor(rows / 4))
  })

  it('is halved by a timeout of the database or a body too long, and not forgotten at once', () => {
    const halved = sized(BATCH_SIZE, settled(2, 10), { kind: 'too-large', rows: 1_000 })
    expect(halved.rows).toBe(500)
    const next = settled(2, 1, halved).rows
    expect(next).toBeGreaterThan(500)
    expect(next).toBeLessThan(550)
    expect(settled(2, 60, halved).rows).toBe(1_000)
  })

  it('is never below the least', () => {
    let size = beginSize(BATCH_SIZE)
    for (let n = 0; n < 20; n += 1) size = sized(BATCH_SIZE, size, { kind: 'too-large', rows: size.rows })
    expect(size.rows).toBe(10)
    expect(messagesFor(size, 100)).toBe(10)
  })

  it('bad rows make messages small enough that few break, and are forgotten in time', () => {
    const spoilt = sized(BATCH_SIZE, settled(2, 10), { kind: 'bad', rows: 1_000, bad: 100 })
    expect(spoilt.rows).toBeLessThan(50)
    expect(settled(2, 5, spoilt).rows).toBeLessThan(100)
    expect(settled(2, 5_000, spoilt).rows).toBe(1_000)
  })

  it('rows are divided into messages as near to it as may be, none of them above what was too large', () => {
    const { rows } = settled(20, 60)
    expect(messagesFor(settled(20, 60), rows)).toBe(1)
    expect(messagesFor(settled(20, 60), Math.floor(1.4 * rows))).toBe(1)
    expect(messagesFor(settled(20, 60), Math.ceil(1.6 * rows))).toBe(2)
    expect(messagesFor(settled(20, 60), 1)).toBe(1)
    expect(messagesFor(settled(2, 10), 1_001)).toBe(2)
    const halved = sized(BATCH_SIZE, settled(20, 60), { kind: 'too-large', rows })
    expect(messagesFor(halved, 2 * halved.rows)).toBe(2)
    expect(rows / messagesFor(halved, rows)).toBeLessThanOrEqual(halved.ceiling)
  })

  it('is never broken by numbers at the edge', () => {
    expect(sizeAfter({ kind: 'done', rows: 1, latencyMs: 0 }).rows).toBeGreaterThanOrEqual(10)
    expect(sizeAfter({ kind: 'bad', rows: 1, bad: 1 }).rows).toBe(10)
  })
})
