/** What one record states about a yes or no, and when (semantics §3, "a record's statement"). */

import { describe, expect, it } from 'vitest'

import type { Key } from '../../src/consent/key.ts'
import type { State } from '../../src/consent/state.ts'
import { attributeOf, compareAttributes, type Events, statementOf } from '../../src/consent/statement.ts'
import { SINCE_EVER } from '../../src/consent/time.ts'
import {
  event,
  line,
  no,
  PREFERENCE,
  PURPOSE,
  record,
  SET,
  stateFrom,
  VALUE_A,
  yes,
} from '../support/consent-samples.ts'

const KEY: Key = { kind: 'purpose', purpose: 'p' }
const stated = (state: State, events: Events = 'complete') => statementOf(state, KEY, events)

describe('§3 the current value', () => {
  it('is that of the greatest stamp', () => {
    expect(stated(stateFrom(line(10, false), line(20, true)))).toEqual(yes(11, 20))
    expect(stated(stateFrom(line(10, true), line(20, false)))).toEqual(no(11, 20))
  })

  it('is that of the greater version within one instant', () => {
    expect(stated(stateFrom(line(20, false, PURPOSE, 1), line(20, true, PURPOSE, 2)))).toEqual(yes(21, 21))
  })

  it('is the refusal on a tie', () => {
    expect(stated(stateFrom(line(20, false), line(20, true)))?.value).toBe(false)
    expect(stated(stateFrom(line(20, false, PURPOSE, 4), line(20, true, PURPOSE, 4)))?.value).toBe(false)
  })

  it('is none where nobody said anything', () => {
    expect(stated(stateFrom(line(10, true, PREFERENCE)))).toBeUndefined()
    expect(stated(stateFrom())).toBeUndefined()
  })
})

describe('§3 never said by a line', () => {
  it('a refusal counts from its event', () => {
    expect(stated(stateFrom(event(10, 20, false)))).toEqual(no(10, 20))
    expect(stated(stateFrom(event(10, 20, false, PURPOSE, 'e1')))).toEqual({ ...no(10, 20), event: 'e1' })
    expect(stated(stateFrom(event(10, 20, false)), 'sparse')).toEqual(no(10, 20))
  })

  it('a refusal counts although a later event opts in: that one needs a line', () => {
    expect(stated(stateFrom(event(10, 20, false), event(30, 40, true)))).toEqual(no(10, 20))
  })

  it('an opt-in needs a line', () => {
    expect(stated(stateFrom(event(10, 20, true)))).toBeUndefined()
  })
})

describe('§3 prior', () => {
  it('is −∞ where no other value ever stood', () => {
    expect(stated(stateFrom(line(20, true)))).toEqual(yes(SINCE_EVER, 20))
    expect(stated(stateFrom(line(20, false)))).toEqual(no(SINCE_EVER, 20))
  })

  it('is the last stamp of another value', () => {
    expect(stated(stateFrom(line(5, false), line(8, false), line(20, true)))).toEqual(yes(9, 20))
  })

  it('is the lo of an event of another value, never its hi', () => {
    expect(stated(stateFrom(line(20, true), event(5, 15, false)))).toEqual(yes(6, 20))
    expect(stated(stateFrom(line(20, false), event(5, 15, true)))).toEqual(no(6, 20))
  })

  it('is the greater of stamp and event', () => {
    expect(stated(stateFrom(line(20, true), line(10, false), event(5, 15, false)))).toEqual(yes(11, 20))
    expect(stated(stateFrom(line(20, true), line(3, false), event(5, 15, false)))).toEqual(yes(6, 20))
  })

  it('is not later than the asOf of the value', () => {
    expect(stated(stateFrom(line(20, true), event(20, 20, false)))).toEqual(yes(21, 21))
    expect(stated(stateFrom(line(20, true), event(21, 30, false)))).toEqual(no(SINCE_EVER, 30))
  })

  it('of the same instant leaves the first microsecond after it, and hi is never below lo', () => {
    expect(stated(stateFrom(line(20, true, PURPOSE, 1), line(20, false, PURPOSE, 2)))).toEqual(no(21, 21))
  })
})

describe('§3 an event of the value', () => {
  it('dates it', () => {
    expect(stated(stateFrom(line(20, true), event(10, 12, true, PURPOSE, 'e')))).toEqual({ ...yes(10, 12), event: 'e' })
    expect(stated(stateFrom(line(20, false), event(10, 12, false)))).toEqual(no(10, 12))
  })

  it('dates it even where it is newer than the line', () => {
    expect(stated(stateFrom(line(20, true), event(25, 30, true)))).toEqual(yes(25, 30))
  })

  it('begins after prior', () => {
    expect(stated(stateFrom(line(20, true), line(11, false), event(10, 15, true)))).toEqual(yes(12, 15))
    expect(stated(stateFrom(line(20, true), line(5, false), event(10, 15, true)))).toEqual(yes(10, 15))
  })

  it('with hi at prior still dates it, and hi follows lo', () => {
    expect(stated(stateFrom(line(20, true), line(15, false), event(10, 15, true, PURPOSE, 'e')))).toEqual({
      ...yes(16, 16),
      event: 'e',
    })
  })

  it('with hi before prior dates nothing: the span is inexact', () => {
    expect(stated(stateFrom(line(20, true), line(15, false), event(10, 14, true, PURPOSE, 'e')))).toEqual(yes(16, 20))
  })

  it('without an id gives none', () => {
    expect(stated(stateFrom(line(20, true), event(10, 12, true)))).not.toHaveProperty('event')
  })
})

describe('§3 events: sparse', () => {
  it('a refusal may have been repeated up to the line', () => {
    const state = stateFrom(line(20, false), event(10, 12, false, PURPOSE, 'e'))
    expect(stated(state, 'sparse')).toEqual({ ...no(10, 20), event: 'e' })
    expect(stated(state, 'complete')).toEqual({ ...no(10, 12), event: 'e' })
  })

  it('keeps an event that is newer than the line', () => {
    expect(stated(stateFrom(line(20, false), event(22, 25, false)), 'sparse')).toEqual(no(22, 25))
  })

  it('leaves opt-ins alone', () => {
    expect(stated(stateFrom(line(20, true), event(10, 12, true)), 'sparse')).toEqual(yes(10, 12))
  })
})

describe('§3 an event of another value, newer than the line', () => {
  it('refuses from prior to its own hi', () => {
    expect(stated(stateFrom(line(20, true), event(25, 30, false, PURPOSE, 'e')))).toEqual({
      ...no(SINCE_EVER, 30),
      event: 'e',
    })
    expect(stated(stateFrom(line(20, true), line(10, false), event(25, 30, false)))).toEqual(no(11, 30))
  })

  it('refuses where the event began before the line', () => {
    expect(stated(stateFrom(line(20, true), event(15, 30, false)))).toEqual(no(16, 30))
  })

  it('opting in leaves the refusal standing, up to that hi', () => {
    expect(stated(stateFrom(line(20, false), event(25, 30, true, PURPOSE, 'yes')))).toEqual(no(SINCE_EVER, 30))
    expect(stated(stateFrom(line(20, false), event(25, 30, true), event(18, 19, false, PURPOSE, 'no')))).toEqual({
      ...no(SINCE_EVER, 30),
      event: 'no',
    })
  })

  it('goes before an event of the value itself', () => {
    expect(stated(stateFrom(line(20, true), event(19, 40, true), event(25, 30, false)))).toEqual(no(SINCE_EVER, 30))
  })

  it('reaches as far as a refusal that is newer still', () => {
    expect(stated(stateFrom(line(20, false), event(25, 30, true), event(35, 40, false)))).toEqual(no(SINCE_EVER, 40))
  })

  it('counts only when it ends after the line', () => {
    expect(stated(stateFrom(line(20, true), event(15, 20, false)))).toEqual(yes(16, 20))
    expect(stated(stateFrom(line(20, true), event(15, 21, false)))).toEqual(no(16, 21))
  })
})

describe('§3 value ids of a set key', () => {
  const value = (state: State, id = 'a', events: Events = 'complete') =>
    statementOf(state, { ...VALUE_A, value: id }, events)

  it('read every set as "V in S"', () => {
    const state = stateFrom(line(10, ['a', 'b'], SET), line(20, ['b'], SET))
    expect(value(state, 'a')).toEqual(no(11, 20))
    expect(value(state, 'b')).toEqual(yes(SINCE_EVER, 20))
    expect(value(state, 'never-heard-of')).toEqual(no(SINCE_EVER, 20))
  })

  it('are whole ids, not parts of text', () => {
    expect(value(stateFrom(line(10, ['ab'], SET)), 'a')?.value).toBe(false)
    expect(value(stateFrom(line(10, [], SET)), '')?.value).toBe(false)
  })

  it('take the newest of several sets that hold it, and the newest of those that lack it', () => {
    const state = stateFrom(
      line(10, ['a'], SET),
      line(30, ['a', 'b'], SET),
      line(20, ['a', 'c'], SET),
      line(5, ['b'], SET),
      line(8, ['c'], SET),
    )
    expect(value(state)).toEqual(yes(9, 30))
  })

  it('tie as the intersection', () => {
    const state = stateFrom(line(10, ['a', 'b'], SET), line(10, ['b', 'c'], SET))
    expect(['a', 'b', 'c'].map((id) => value(state, id)?.value)).toEqual([false, true, false])
  })

  it('are dated by events of sets', () => {
    const state = stateFrom(line(20, ['a'], SET), event(12, 15, ['a', 'b'], SET, 'e'), event(8, 9, ['a'], SET, 'old'))
    expect(value(state)).toEqual({ ...yes(12, 15), event: 'e' })
    expect(value(state, 'b')).toEqual(no(13, 20))
  })

  it('never said: a set that lacks the id refuses, one that holds it needs a line', () => {
    const state = stateFrom(event(10, 12, ['a'], SET))
    expect(value(state, 'a')).toBeUndefined()
    expect(value(state, 'b')).toEqual(no(10, 12))
  })

  it('widen refusals where events are sparse', () => {
    const state = stateFrom(line(20, ['b'], SET), event(10, 12, [], SET))
    expect(value(state, 'a', 'sparse')).toEqual(no(10, 20))
    expect(value(state, 'a')).toEqual(no(10, 12))
  })
})

describe('§3 attributes', () => {
  const attribute = (asOf: number, value: string, version = -1) =>
    record({ asOf, version, attributes: [['country', value]] })

  it('are stated from the stamp of the last other value, else −∞, to asOf', () => {
    expect(attributeOf(stateFrom(attribute(10, 'FR')), 'country')).toEqual({
      json: '"FR"',
      stamp: [10, -1],
      lo: SINCE_EVER,
      hi: 10,
    })
    expect(attributeOf(stateFrom(attribute(10, 'FR'), attribute(20, 'DE', 7)), 'country')).toEqual({
      json: '"DE"',
      stamp: [20, 7],
      lo: 10,
      hi: 20,
    })
    expect(attributeOf(stateFrom(attribute(10, 'FR')), 'metadata/country')).toBeUndefined()
  })

  it('compare by stamp, then by canonical JSON', () => {
    const of = (asOf: number, version: number, json: string) => ({
      stamp: [asOf, version] as const,
      json,
      lo: 0,
      hi: 0,
    })
    expect(compareAttributes(of(2, 0, '"a"'), of(1, 9, '"b"'))).toBe(1)
    expect(compareAttributes(of(1, 0, '"b"'), of(1, 1, '"a"'))).toBe(-1)
    expect(compareAttributes(of(1, 1, '"b"'), of(1, 1, '"a"'))).toBe(1)
    expect(compareAttributes(of(1, 1, '"a"'), of(1, 1, '"a"'))).toBe(0)
  })
})
