/** What is learned from answers and refusals: costs, capacities, concurrency, sizes. */
import { describe, expect, it } from 'vitest'
import { BATCH_SIZE, type BatchEvent, type BatchSize, beginSize, sized } from '../../src/pace/batch-size.ts'
import { type Capacity, lowered, room, tried, UNKNOWN_CAPACITY } from '../../src/pace/capacity.ts'
import { beginConcurrency, type Concurrency, grown, hinted, judged, tooMany } from '../../src/pace/concurrency.ts'
import { type Costs, classOf, dearer, expectedMs, learned, NO_COSTS, readingsBegun } from '../../src/pace/cost.ts'

const WINDOW_MS = 300_000
const at = (windows: number) => ({ nowMs: windows * WINDOW_MS, windowMs: WINDOW_MS })

describe('capacity', () => {
  const refusedAt = (held: number, capacity: Capacity = UNKNOWN_CAPACITY, windows = 0) =>
    lowered(capacity, held, 1_200, at(windows))

  it('is without bound until the first refusal', () => {
    expect(room(UNKNOWN_CAPACITY, 1e9, 5)).toEqual({ permits: Number.POSITIVE_INFINITY, lacking: 0 })
    expect(tried(UNKNOWN_CAPACITY, 1e9, at(9))).toEqual(UNKNOWN_CAPACITY)
  })

  it('is somewhat less than what the window held when it was refused', () => {
    expect(refusedAt(1_000).amount).toBeCloseTo(980)
  })

  it('is not learned from a refusal that others earned', () => {
    expect(refusedAt(11.9)).toEqual(UNKNOWN_CAPACITY)
    expect(refusedAt(12).amount).toBeCloseTo(11.76)
  })

  it('only falls with refusals', () => {
    expect(refusedAt(1_100, refusedAt(1_000)).amount).toBeCloseTo(980)
    expect(refusedAt(500, refusedAt(1_000)).amount).toBeCloseTo(490)
  })

  it('gives room for as many requests as fit whole, and says what is lacking for one', () => {
    const capacity = { ...UNKNOWN_CAPACITY, amount: 100 }
    expect(room(capacity, 70, 10)).toMatchObject({ permits: 3 })
    expect(room(capacity, 95, 10)).toEqual({ permits: 0, lacking: 5 })
    expect(room(capacity, 120, 10)).toEqual({ permits: 0, lacking: 30 })
  })

  it('is tried to be more only after its patience, and only where all of it was used', () => {
    const capacity = refusedAt(1_000)
    expect(tried(capacity, 980, at(0.49))).toEqual(capacity)
    expect(tried(capacity, 900, at(0.5))).toEqual(capacity)
    expect(tried(capacity, 980, at(0.5)).amount).toBeCloseTo(980 * 1.005)
  })

  it('each refusal doubles the patience, up to 64 windows', () => {
    let capacity: Capacity = UNKNOWN_CAPACITY
    const patiences = Array.from({ length: 10 }, (_, n) => {
      capacity = refusedAt(1_000, capacity, n)
      return capacity.tryAtMs / WINDOW_MS - n
    })
    expect(patiences).toEqual([0.5, 1, 2, 4, 8, 16, 32, 64, 64, 64])
  })

  it('the trial after a refusal keeps the patience, one that went well forgets it', () => {
    let capacity = refusedAt(1_000, refusedAt(1_000), 1)
    const { patience } = capacity
    capacity = tried(capacity, 1_000, at(4))
    expect(capacity.patience).toBe(patience)
    capacity = tried(capacity, 1_000, at(5))
    expect(capacity.patience).toBeLessThan(patience)
  })

  it('finds a limit that was raised tenfold within a window', () => {
    let capacity = refusedAt(100)
    let windows = 0.5
    for (; windows < 2 && (capacity.amount ?? 0) < 1_000; windows += 0.001) {
      capacity = tried(capacity, capacity.amount ?? 0, at(windows))
    }
    expect(windows).toBeLessThan(1.5)
  })
})

describe('concurrency', () => {
  const BEGUN = beginConcurrency(4, 50)
  const growing = (from: Concurrency, inFlight: number, burst = false, nowMs = WINDOW_MS) =>
    grown({ ...from, answersSinceGrowth: 99 }, { inFlight, burst, nowMs, windowMs: WINDOW_MS })

  it('takes the server’s hint once, within the bound', () => {
    const known = hinted(BEGUN, 8)
    expect(known.allowed).toBe(8)
    expect(hinted(known, 20).allowed).toBe(8)
    expect(hinted(BEGUN, 500).allowed).toBe(50)
    expect(hinted(BEGUN, undefined)).toEqual(BEGUN)
  })

  it('begins within the bound', () => {
    expect(beginConcurrency(4, 2).allowed).toBe(2)
  })

  it('grows only where the present number is used', () => {
    expect(growing(BEGUN, 3).allowed).toBe(5)
    expect(growing(BEGUN, 2).allowed).toBe(4)
  })

  it('grows only after as many answers as may be at work, and never beyond the bound', () => {
    const asked = { inFlight: 3, burst: true, nowMs: WINDOW_MS, windowMs: WINDOW_MS }
    expect(grown({ ...BEGUN, answersSinceGrowth: 3 }, asked).allowed).toBe(4)
    expect(grown({ ...BEGUN, answersSinceGrowth: 4 }, asked).allowed).toBe(6)
    expect(growing(beginConcurrency(49, 50), 48, true).allowed).toBe(50)
  })

  it('searches in steps of a twentieth of a window; a job that fits the window does not wait', () => {
    const once = growing(BEGUN, 3)
    expect(growing(once, 4, false, WINDOW_MS * 1.049).allowed).toBe(once.allowed)
    expect(growing(once, 4, false, WINDOW_MS * 1.05).allowed).toBeGreaterThan(once.allowed)
    expect(growing(once, 4, true, WINDOW_MS).allowed).toBeGreaterThan(once.allowed)
  })

  it('is cut where latencies grew, more where they grew much', () => {
    expect(judged(BEGUN, 1.3, 0).kind).toBe('steady')
    expect(judged(BEGUN, 1.31, 0)).toMatchObject({ kind: 'cut', concurrency: { allowed: 4 * 0.85 } })
    expect(judged(BEGUN, 1.81, 0)).toMatchObject({ kind: 'cut', concurrency: { allowed: 4 * 0.6 } })
  })

  it('is never cut below one, nor grows while it is being cut', () => {
    let concurrency = BEGUN
    // Each cut mends, so none is vain.
    for (let slowdown = 100; slowdown > 2; slowdown *= 0.9) concurrency = judged(concurrency, slowdown, 0).concurrency
    expect(concurrency.allowed).toBe(1)
    expect(growing(concurrency, 1).allowed).toBe(1)
    expect(growing(judged(concurrency, 1.1, 0).concurrency, 1).allowed).toBeGreaterThan(1)
  })

  it('after cuts in vain the server is dearer, and what was cut is given back', () => {
    const kinds: string[] = []
    let concurrency = beginConcurrency(20, 50)
    for (let n = 0; n < 3; n += 1) {
      const judgement = judged(concurrency, 2, n)
      kinds.push(judgement.kind)
      concurrency = judgement.concurrency
    }
    expect(kinds).toEqual(['cut', 'cut', 'dearer'])
    expect(concurrency).toMatchObject({ allowed: 20, cut: undefined })
  })

  it('too many at once bounds it for good', () => {
    const bounded = tooMany({ ...BEGUN, allowed: 40 }, 30)
    expect(bounded).toMatchObject({ allowed: 27, ceiling: 27 })
    expect(growing({ ...bounded, allowed: 26 }, 25, true).allowed).toBe(27)
    expect(tooMany(BEGUN, 1).allowed).toBe(1)
  })
})

describe('costs', () => {
  const LOAD = { kind: 'UpdateMultiple contact', rows: 100 }
  /** Twenty latencies, spread so that they make a reading. */
  function reading(costs: Costs, latencyMs: number, fromMs: number, load = LOAD) {
    let lesson: ReturnType<typeof learned> = { costs, slowdown: undefined }
    for (let n = 1; n <= 20; n += 1) {
      lesson = learned(lesson.costs, load, latencyMs, { nowMs: fromMs + n * 1_000, windowMs: WINDOW_MS })
    }
    return lesson
  }

  it('loads of one kind within a factor of two are of one class', () => {
    expect(classOf({ kind: 'a', rows: 64 })).toBe(classOf({ kind: 'a', rows: 127 }))
    expect(classOf({ kind: 'a', rows: 64 })).not.toBe(classOf({ kind: 'a', rows: 128 }))
    expect(classOf({ kind: 'a', rows: 64 })).not.toBe(classOf({ kind: 'b', rows: 64 }))
    expect(classOf({ kind: 'a', rows: 0 })).toBe(classOf({ kind: 'a', rows: 1 }))
  })

  it('an unknown class is thought as dear as the dearest known', () => {
    expect(expectedMs(NO_COSTS, 'x/0', 1_000)).toBe(1_000)
    const costs = learned(learned(NO_COSTS, LOAD, 300, at(0)).costs, { kind: 'read', rows: 1 }, 40, at(0)).costs
    expect(expectedMs(costs, 'x/0', 1_000)).toBe(300)
    expect(expectedMs(costs, classOf({ kind: 'read', rows: 1 }), 1_000)).toBe(40)
  })

  it('the mean follows the latencies', () => {
    let costs = NO_COSTS
    for (let n = 0; n < 100; n += 1) costs = learned(costs, LOAD, n < 20 ? 100 : 400, at(0)).costs
    expect(expectedMs(costs, classOf(LOAD), 0)).toBeCloseTo(400, -1)
  })

  it('a reading takes twenty latencies and tells how many times the fastest it was', () => {
    const first = reading(NO_COSTS, 100, 0)
    expect(first.slowdown).toBe(1)
    expect(reading(first.costs, 200, 20_000).slowdown).toBe(2)
    expect(learned(first.costs, LOAD, 999, { nowMs: 21_000, windowMs: WINDOW_MS }).slowdown).toBeUndefined()
  })

  it('a lucky reading counts by half, and the fastest is forgotten after three windows', () => {
    const { costs } = reading(reading(NO_COSTS, 100, 0).costs, 50, 20_000)
    expect(reading(costs, 150, 40_000).slowdown).toBe(2)
    expect(reading(costs, 150, 3.1 * WINDOW_MS).slowdown).toBe(1)
  })

  it('a server that has become dearer is measured by that', () => {
    const known = reading(NO_COSTS, 100, 0).costs
    const costs = dearer(known, 3, { nowMs: 30_000, windowMs: WINDOW_MS })
    expect(reading(costs, 300, 30_000).slowdown).toBe(1)
    expect(reading(readingsBegun(known), 300, 30_000).slowdown).toBe(3)
  })

  it('readings begin anew: what was taken before counts in none', () => {
    let costs = NO_COSTS
    for (let n = 1; n <= 19; n += 1) costs = learned(costs, LOAD, 100, { nowMs: n * 1_000, windowMs: WINDOW_MS }).costs
    const moment = { nowMs: 30_000, windowMs: WINDOW_MS }
    expect(learned(costs, LOAD, 100, moment).slowdown).toBe(1)
    expect(learned(readingsBegun(costs), LOAD, 100, moment).slowdown).toBeUndefined()
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
    expect(sizeAfter({ kind: 'done', rows: 100, latencyMs: 1 }).rows).toBe(200)
    expect(sizeAfter({ kind: 'done', rows: 3, latencyMs: 3 }).rows).toBe(200)
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
  })

  it('bad rows make messages small enough that few break, and are forgotten in time', () => {
    const spoilt = sized(BATCH_SIZE, settled(2, 10), { kind: 'bad', rows: 1_000, bad: 100 })
    expect(spoilt.rows).toBeLessThan(50)
    expect(settled(2, 5, spoilt).rows).toBeLessThan(100)
    expect(settled(2, 5_000, spoilt).rows).toBe(1_000)
  })

  it('is never broken by numbers at the edge', () => {
    expect(sizeAfter({ kind: 'done', rows: 1, latencyMs: 0 }).rows).toBeGreaterThanOrEqual(10)
    expect(sizeAfter({ kind: 'bad', rows: 1, bad: 1 }).rows).toBe(10)
  })
})
