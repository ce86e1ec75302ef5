/** What is left of a state after an erasure is the state of what was said after it (semantics §8.9). */

import fc from 'fast-check'
import { expect, it } from 'vitest'
import { textAfter } from '../../src/consent/after.ts'
import { joinTexts, stateOf, stateText } from '../../src/consent/state.ts'
import type { UserRecord } from '../../src/record/record.ts'
import { userRecord } from '../support/consent-arbitraries.ts'

const EMPTY = stateText({ said: new Map(), events: new Map(), attributes: new Map() })

/** What the record says after the instant, dropped line by line and event by event. */
function recordAfter(record: UserRecord, until: number): UserRecord {
  const events = record.events.filter(({ hi }) => hi > until)
  return record.asOf > until ? { ...record, events } : { ...record, events, statements: [], attributes: [] }
}

const text = (records: readonly UserRecord[]): string => records.map((one) => stateText(stateOf(one))).reduce(joinTexts)

it('§8.9 it makes no difference whether statements are dropped before they are joined or afterwards', () => {
  fc.assert(
    fc.property(fc.array(userRecord, { minLength: 1, maxLength: 6 }), fc.nat(), (records, pick) => {
      const times = records.flatMap(({ asOf, events }) => [asOf, ...events.map(({ hi }) => hi)])
      const until = (times[pick % times.length] ?? 0) - (pick % 2)
      const before = text(records.map((record) => recordAfter(record, until)))
      expect(textAfter(text(records), until) ?? EMPTY).toBe(before)
      // And again, in whatever pieces: what was dropped stays dropped.
      const half = Math.ceil(records.length / 2)
      const pieces = [records.slice(0, half), records.slice(half)].filter((piece) => piece.length > 0)
      expect(pieces.map((piece) => textAfter(text(piece), until) ?? EMPTY).reduce(joinTexts)).toBe(before)
    }),
    { numRuns: 500 },
  )
})

it('§8.9 a state that was all said later is the very text', () => {
  fc.assert(
    fc.property(fc.array(userRecord, { minLength: 1, maxLength: 4 }), (records) => {
      const whole = text(records)
      expect(textAfter(whole, Number.NEGATIVE_INFINITY) ?? EMPTY).toBe(whole)
      expect(textAfter(whole, Number.POSITIVE_INFINITY)).toBeUndefined()
    }),
  )
})
