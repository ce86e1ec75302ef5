/** The books of a sliding window against the plainest way to keep them: everything that was ever entered. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { EMPTY_WINDOW, entered, untilGoneMs, type Window, windowAt } from '../../src/pace/window.ts'

/** Three hundred slices of ten milliseconds. */
const LENGTH = { windowMs: 3_000, slackMs: 7 }
const SLICE_MS = LENGTH.windowMs / 300

interface Entry {
  readonly atMs: number
  readonly requests: number
  readonly seconds: number
}

/** Whole seconds in eighths, so that sums are exact and must be equal. */
const eighths = fc.nat(80).map((n) => n / 8)
const entriesOf = fc
  .array(fc.record({ afterMs: fc.nat(400), requests: fc.nat(3), seconds: eighths }), { maxLength: 60 })
  .map((steps) => {
    let atMs = 0
    return steps.map(({ afterMs, requests, seconds }): Entry => {
      atMs += afterMs
      return { atMs, requests, seconds }
    })
  })

const booksOf = (entries: readonly Entry[]): Window =>
  entries.reduce(
    (window, { atMs, ...what }) => entered(windowAt(window, LENGTH, atMs), LENGTH, atMs, what),
    EMPTY_WINDOW,
  )

function sumOf(entries: readonly Entry[]): { requests: number; seconds: number } {
  const sum = (what: 'requests' | 'seconds') => entries.reduce((total, entry) => total + entry[what], 0)
  return { requests: sum('requests'), seconds: sum('seconds') }
}

describe('the books of a window (Dataverse: service protection limits)', () => {
  it('hold whatever the window may still hold, and nothing that the server surely forgot', () => {
    fc.assert(
      fc.property(entriesOf, fc.nat(9_000), (entries, laterMs) => {
        const nowMs = (entries.at(-1)?.atMs ?? 0) + laterMs
        const { requests, seconds } = windowAt(booksOf(entries), LENGTH, nowMs)
        const ageOf = ({ atMs }: Entry) => nowMs - atMs
        const certain = sumOf(entries.filter((entry) => ageOf(entry) < LENGTH.windowMs + LENGTH.slackMs))
        const possible = sumOf(entries.filter((entry) => ageOf(entry) < LENGTH.windowMs + LENGTH.slackMs + SLICE_MS))
        expect(requests).toBeGreaterThanOrEqual(certain.requests)
        expect(requests).toBeLessThanOrEqual(possible.requests)
        expect(seconds).toBeGreaterThanOrEqual(certain.seconds)
        expect(seconds).toBeLessThanOrEqual(possible.seconds)
      }),
    )
  })

  it('are empty once everything has left', () => {
    fc.assert(
      fc.property(entriesOf, (entries) => {
        const lastMs = entries.at(-1)?.atMs ?? 0
        const nowMs = lastMs + LENGTH.windowMs + LENGTH.slackMs + SLICE_MS
        expect(windowAt(booksOf(entries), LENGTH, nowMs)).toEqual(EMPTY_WINDOW)
      }),
    )
  })

  it('foretell to the millisecond when so much has left', () => {
    fc.assert(
      fc.property(entriesOf, eighths, (entries, amount) => {
        const nowMs = entries.at(-1)?.atMs ?? 0
        const books = booksOf(entries)
        const waitMs = untilGoneMs(books, LENGTH, nowMs, 'seconds', amount)
        expect(Number.isFinite(waitMs)).toBe(amount <= books.seconds)
        if (amount > books.seconds) return
        const goneAt = (ms: number) => books.seconds - windowAt(books, LENGTH, ms).seconds
        expect(goneAt(nowMs + waitMs)).toBeGreaterThanOrEqual(amount)
        if (waitMs > 0) expect(goneAt(nowMs + waitMs - 0.001)).toBeLessThan(amount)
      }),
    )
  })

  it('do not lose what is entered by a clock that steps back', () => {
    const books = entered(entered(EMPTY_WINDOW, LENGTH, 1_000, { requests: 1 }), LENGTH, 500, { requests: 1 })
    expect(windowAt(books, LENGTH, 1_000 + LENGTH.windowMs).requests).toBe(2)
  })
})
