/** What a message costs by itself is learned from messages of different sizes, whatever the server's load does meanwhile. */

import { describe, expect, it } from 'vitest'
import { SeededRandom } from '../../src/emulator/random.ts'
import { BATCH_SIZE, beginSize, sized } from '../../src/pace/batch-size.ts'
import { learnedCost, type MessageCost, UNKNOWN_COST } from '../../src/pace/message-cost.ts'

const BASE_MS = 100

/** Messages of these sizes in turn, at so many milliseconds a row; the load multiplies what the nth takes. */
function learnedFrom(sizes: readonly number[], rowMs: number, load: (nth: number) => number = () => 1): MessageCost {
  let cost = UNKNOWN_COST
  for (let nth = 0; nth < 2_000; nth += 1) {
    const rows = sizes[nth % sizes.length] ?? 1
    cost = learnedCost(cost, rows, (BASE_MS + rows * rowMs) * load(nth))
  }
  return cost
}

describe('what a bulk message costs by itself', () => {
  it.each([
    [2, 50],
    [5, 20],
    [20, 5],
  ])('of %i ms a row is what %i rows cost, seen in messages and halves of them', (rowMs, rows) => {
    const { rows: found } = learnedFrom([200, 200, 200, 100], rowMs)
    expect(found / rows).toBeGreaterThan(0.8)
    expect(found / rows).toBeLessThan(1.25)
  })

  it('is no other where the server becomes slower by and by, or takes three times as long from one moment on', () => {
    const steady = learnedFrom([200, 200, 200, 100], 2).rows
    const creeping = learnedFrom([200, 200, 200, 100], 2, (nth) => 1 + nth / 500).rows
    const stepped = learnedFrom([200, 200, 200, 100], 2, (nth) => (nth < 1_000 ? 1 : 3)).rows
    expect(creeping / steady).toBeGreaterThan(0.8)
    expect(creeping / steady).toBeLessThan(1.25)
    expect(stepped / steady).toBeGreaterThan(0.8)
    expect(stepped / steady).toBeLessThan(1.25)
  })

  it('stays what it was thought to be while all messages are of one size', () => {
    expect(learnedFrom([80], 20).rows).toBeCloseTo(UNKNOWN_COST.rows, 5)
  })

  it('wanders nowhere while sizes hardly differ, however long answers of a restless server come in', () => {
    const random = new SeededRandom(7)
    let cost = UNKNOWN_COST
    let [least, most] = [cost.rows, cost.rows]
    for (let nth = 0; nth < 60_000; nth += 1) {
      const rows = 45 + (nth % 2)
      cost = learnedCost(cost, rows, (BASE_MS + rows * 20) * random.logNormal(0.25))
      least = Math.min(least, cost.rows)
      most = Math.max(most, cost.rows)
    }
    expect(least).toBeGreaterThan(UNKNOWN_COST.rows / 1.5)
    expect(most).toBeLessThan(UNKNOWN_COST.rows * 1.5)
  })

  it('is between two rows and two hundred, whatever answers say', () => {
    expect(learnedFrom([10, 1_000], 0).rows).toBe(200)
    let cost = UNKNOWN_COST
    // Dearer by the row the larger they are: no server does that, and nothing is made of it.
    for (let nth = 0; nth < 500; nth += 1)
      cost = learnedCost(cost, nth % 2 === 0 ? 10 : 100, nth % 2 === 0 ? 0 : 60_000)
    expect(cost.rows).toBe(2)
  })
})

describe('the size of messages where one of a thousand rows is bad', () => {
  function settledAt(rowMs: number): number {
    let size = beginSize(BATCH_SIZE)
    for (let nth = 0; nth < 3_000; nth += 1) {
      const { rows } = size
      const took = (some: number) => BASE_MS + some * rowMs
      size = sized(BATCH_SIZE, size, { kind: 'done', rows, latencyMs: took(rows) })
      if (nth % 10 !== 9) continue
      const half = Math.ceil(rows / 2)
      size = sized(BATCH_SIZE, size, { kind: 'part-done', rows: half, latencyMs: took(half) })
      // Ten whole messages were done for each that broke, so that one row of a thousand was bad.
      size = sized(BATCH_SIZE, size, { kind: 'bad', rows, bad: (11 * rows) / 1_000 })
    }
    return size.rows
  }

  it.each([
    [2, 224],
    [5, 141],
    [20, 71],
    [60, 41],
  ])('goes by what they cost beside their rows: at %i ms a row %i', (rowMs, rows) => {
    const found = settledAt(rowMs)
    expect(found / rows).toBeGreaterThan(0.8)
    expect(found / rows).toBeLessThan(1.3)
  })

  it('is not counted from the parts of a message, whose rows were counted with it', () => {
    const spoilt = sized(BATCH_SIZE, beginSize(BATCH_SIZE), { kind: 'bad', rows: 1_000, bad: 1 })
    const after = sized(BATCH_SIZE, spoilt, { kind: 'part-done', rows: 500, latencyMs: 1_000 })
    expect([after.seen, after.bad, after.exact]).toEqual([spoilt.seen, spoilt.bad, spoilt.exact])
  })
})
