/** Amounts over time: nothing is lost when intervals grow, and there are never more than a fixed number of them. */

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Timeline } from '../../src/lib/timeline.ts'

const WALL_MS = Date.parse('2026-10-23T02:15:00Z')
const open = () => new Timeline(1_000, WALL_MS)
const sum = (amounts: readonly number[] = []) => amounts.reduce((total, one) => total + one, 0)

describe('Timeline', () => {
  it('has nothing to tell before anything was counted', () => {
    expect(open().figures()).toBeUndefined()
  })

  it('counts by the second at first, from the beginning on', () => {
    const timeline = open()
    timeline.add('rows', 1_000, 2)
    timeline.add('rows', 1_999, 3)
    timeline.add('rows', 4_000, 7)
    timeline.add('requests', 500, 1)
    expect(timeline.figures()).toEqual({
      startedAt: '2026-10-23T02:15:00.000Z',
      intervalMs: 1_000,
      series: { rows: [5, 0, 0, 7], requests: [1] },
    })
  })

  it('spreads what came about over time, by shares of the intervals it touches', () => {
    const timeline = open()
    timeline.spread('waited', 1_500, 3_500, 2_000)
    timeline.spread('waited', 3_500, 3_500, 4)
    expect(timeline.figures()?.series).toEqual({ waited: [500, 1_000, 504] })
  })

  it('makes one interval of two when there is no more room', () => {
    const timeline = open()
    for (let second = 0; second < 96; second++) timeline.add('rows', 1_000 + second * 1_000, 1)
    expect(timeline.figures()?.series['rows']).toHaveLength(96)
    timeline.add('rows', 1_000 + 96_000, 5)
    const { intervalMs, series } = timeline.figures() ?? {}
    expect(intervalMs).toBe(2_000)
    expect(series?.['rows']).toEqual([...Array.from({ length: 48 }, () => 2), 5])
  })

  it('keeps every sum within its room, whatever is counted and for however long', () => {
    const moment = fc.integer({ min: 0, max: 40_000_000 })
    const step = fc.record({ from: moment, lasts: fc.integer({ min: 0, max: 4_000_000 }), amount: fc.nat(10_000) })
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 30 }), (steps) => {
        const timeline = open()
        for (const { from, lasts, amount } of steps) timeline.spread('waited', from, from + lasts, amount)
        const amounts = timeline.figures()?.series['waited'] ?? []
        expect(amounts.length).toBeLessThanOrEqual(96)
        expect(sum(amounts)).toBeCloseTo(
          steps.reduce((total, { amount }) => total + amount, 0),
          0,
        )
      }),
    )
  })
})
