/** What one record states about a whole set, and when (semantics §3). */

import { describe, expect, it } from 'vitest'

import type { State } from '../../src/consent/state.ts'
import { type Events, setStatementOf } from '../../src/consent/statement.ts'
import { SINCE_EVER } from '../../src/consent/time.ts'
import { event, ids, line, SET, stateFrom } from '../support/consent-samples.ts'

const set = (state: State, events: Events = 'complete') => setStatementOf(state, 'p', 'f', events)

describe('§3 a whole set', () => {
  it('is the ids that come out true, over the least and greatest of their spans', () => {
    const state = stateFrom(line(10, ['a'], SET), line(20, ['b'], SET), line(30, ['a', 'b'], SET))
    /** a since the line of 20 lacked it; b since that of 10. */
    expect(set(state)).toEqual(ids(11, 30, 'a', 'b'))
  })

  it('ends with the latest of its ids', () => {
    const state = stateFrom(line(30, ['a', 'b'], SET), event(5, 6, ['b'], SET), event(8, 9, ['a'], SET))
    /** a by its event; b was refused again by the event of a, and is known again by the line alone. */
    expect(set(state)).toEqual(ids(8, 30, 'a', 'b'))
  })

  it('leaves the spans of refused ids out', () => {
    const state = stateFrom(line(10, ['a', 'b'], SET), line(30, ['b'], SET), line(20, [], SET))
    expect(set(state)).toEqual(ids(21, 30, 'b'))
  })

  it('is sorted by code unit', () => {
    expect(set(stateFrom(line(20, ['B', 'a', 'ä'], SET)))?.ids).toEqual(['B', 'a', 'ä'])
  })

  it('of one stamp is the intersection', () => {
    expect(set(stateFrom(line(10, ['a', 'b'], SET), line(10, ['b', 'c'], SET)))?.ids).toEqual(['b'])
  })

  it('that no line ever stated is none: an event can only refuse', () => {
    expect(set(stateFrom(event(10, 12, ['a'], SET)))).toBeUndefined()
    expect(set(stateFrom())).toBeUndefined()
    expect(setStatementOf(stateFrom(line(10, ['a'], SET)), 'p', 'other', 'complete')).toBeUndefined()
  })

  it('that was always empty is dated by its lines and events', () => {
    expect(set(stateFrom(line(10, [], SET), line(20, [], SET)))).toEqual(ids(SINCE_EVER, 20))
    expect(set(stateFrom(line(20, [], SET), event(12, 14, [], SET)))).toEqual(ids(12, 14))
    expect(set(stateFrom(line(20, [], SET), event(12, 14, [], SET)), 'sparse')).toEqual(ids(12, 20))
  })

  it('that was emptied is dated by the refusals of its ids', () => {
    const state = stateFrom(line(10, ['a'], SET), line(15, ['a', 'b'], SET), line(20, [], SET))
    expect(set(state)).toEqual(ids(16, 20))
  })

  it('loses an id that a newer event lacks, and gains none', () => {
    expect(set(stateFrom(line(20, ['a', 'b'], SET), event(25, 30, ['b'], SET)))).toEqual(ids(25, 30, 'b'))
    expect(set(stateFrom(line(20, ['a'], SET), event(25, 30, ['a', 'b'], SET)))?.ids).toEqual(['a'])
  })

  it('knows ids that only events ever named', () => {
    const state = stateFrom(line(20, [], SET), event(25, 30, ['z'], SET))
    expect(set(state)?.ids).toEqual([])
    expect(set(state)?.hi).toBe(30)
  })
})
