/** The state of a record: every part a maximum (semantics §3). */

import { describe, expect, it } from 'vitest'

import {
  canonicalJson,
  compareMarks,
  join,
  joinTexts,
  parseState,
  stateOf,
  stateText,
} from '../../src/consent/state.ts'
import { event, eventStatement, line, PURPOSE, record, SET, stateFrom } from '../support/consent-samples.ts'

const attribute = (asOf: number, value: string | number, version = -1) =>
  record({ asOf, version, attributes: [['country', value]] })

describe('stateOf', () => {
  it('§3 said, events and attributes of one line', () => {
    const state = stateOf(
      record({
        asOf: 50,
        version: 3,
        statements: [
          [PURPOSE, false],
          [SET, ['a', 'b']],
        ],
        events: [eventStatement({ lo: 10, hi: 20, id: 'e' })],
        attributes: [['metadata/a', { b: [1, null], a: 'x' }]],
      }),
    )
    expect(state.said).toEqual(
      new Map([
        [PURPOSE, new Map([['false', [50, 3]]])],
        [SET, new Map([['a,b', [50, 3]]])],
      ]),
    )
    expect(state.events).toEqual(new Map([[PURPOSE, new Map([['true', [20, 10, 'e']]])]]))
    expect(state.attributes).toEqual(new Map([['metadata/a', [[50, 3, '{"a":"x","b":[1,null]}']]]]))
  })

  it.each([
    ['hi', { hi: 30, lo: 5, id: 'a' }, { hi: 20, lo: 20, id: 'z' }],
    ['lo', { hi: 30, lo: 6, id: 'a' }, { hi: 30, lo: 5, id: 'z' }],
    ['id', { hi: 30, lo: 6, id: 'b' }, { hi: 30, lo: 6, id: 'a' }],
  ])('§3 of two events of one value the greater %s stays', (_, greater, lesser) => {
    const expected = new Map([[PURPOSE, new Map([['true', [greater.hi, greater.lo, greater.id]]])]])
    for (const events of [
      [greater, lesser],
      [lesser, greater],
    ]) {
      expect(stateOf(record({ events: events.map(eventStatement) })).events).toEqual(expected)
    }
  })

  it('§3 events of both values are kept apart', () => {
    const events = [eventStatement({ choice: true }), eventStatement({ choice: false, lo: 11, hi: 11 })]
    expect(stateOf(record({ events })).events.get(PURPOSE)).toEqual(
      new Map([
        ['true', [10, 10, '']],
        ['false', [11, 11, '']],
      ]),
    )
  })
})

describe('join', () => {
  it('§3 said keeps the greatest (asOf, version) of each value', () => {
    const state = stateFrom(
      line(50, true, PURPOSE, 1),
      line(40, true, PURPOSE, 9),
      line(50, true, PURPOSE, 2),
      line(45, false),
    )
    expect(state.said.get(PURPOSE)).toEqual(
      new Map([
        ['true', [50, 2]],
        ['false', [45, -1]],
      ]),
    )
  })

  it('§3 a join leaves its arguments as they were', () => {
    const [a, b] = [stateOf(line(50, true)), stateOf(line(60, true))]
    const before = stateText(a)
    join(a, b)
    expect(stateText(a)).toBe(before)
  })

  it('§3 attributes keep the greatest (asOf, version, canonical JSON) and the last other value', () => {
    const state = stateFrom(attribute(10, 'FR'), attribute(20, 'DE'), attribute(30, 'DE'), attribute(25, 'IT'))
    expect(state.attributes.get('country')).toEqual([
      [30, -1, '"DE"'],
      [25, -1, '"IT"'],
    ])
    expect(stateFrom(attribute(10, 'FR'), attribute(10, 'FR', 2), attribute(10, 'DE', 1)).attributes).toEqual(
      new Map([
        [
          'country',
          [
            [10, 2, '"FR"'],
            [10, 1, '"DE"'],
          ],
        ],
      ]),
    )
    expect(stateFrom(attribute(10, 'a'), attribute(10, 'b')).attributes.get('country')).toEqual([
      [10, -1, '"b"'],
      [10, -1, '"a"'],
    ])
  })

  it('§3 sets that no question can reach any more are pruned', () => {
    const sets = stateFrom(line(10, ['a'], SET), line(20, ['a', 'b'], SET), line(30, [], SET), line(40, ['c'], SET))
    /** Newest with a and b: 20. Newest with c: 40. Newest without a, b: 40; without c: 30. The one of 10 answers nothing. */
    expect([...(sets.said.get(SET)?.keys() ?? [])].sort()).toEqual(['', 'a,b', 'c'])
    const events = stateFrom(event(10, 10, ['a'], SET), event(20, 20, ['a', 'b'], SET), event(30, 30, ['b'], SET))
    /** Newest without b: the one of 10. */
    expect([...(events.events.get(SET)?.keys() ?? [])].sort()).toEqual(['a', 'a,b', 'b'])
    const one = record({
      events: [
        eventStatement({ key: SET, choice: ['a'], lo: 10, hi: 10 }),
        eventStatement({ key: SET, choice: ['a', 'b'], lo: 20, hi: 20 }),
        eventStatement({ key: SET, choice: ['b'], lo: 5, hi: 5 }),
        eventStatement({ key: SET, choice: [], lo: 30, hi: 30 }),
      ],
    })
    expect([...(stateOf(one).events.get(SET)?.keys() ?? [])].sort()).toEqual(['', 'a,b'])
  })

  it('§3 sets of one stamp are all kept: together they refuse', () => {
    const tied = stateFrom(line(10, ['a'], SET), line(10, ['b'], SET))
    expect([...(tied.said.get(SET)?.keys() ?? [])].sort()).toEqual(['a', 'b'])
  })

  it('§3 only sets are pruned', () => {
    const key = 'preference/set/x'
    expect(stateFrom(line(10, true, key), line(20, false, key)).said.get(key)?.size).toBe(2)
  })
})

describe('compareMarks', () => {
  it('§3 the first different part decides', () => {
    expect(compareMarks([1, 2], [1, 3])).toBe(-1)
    expect(compareMarks([2, 0], [1, 3])).toBe(1)
    expect(compareMarks([1, 2, 'a'], [1, 2, 'b'])).toBe(-1)
    expect(compareMarks([1, 2, 'a'], [1, 2, 'a'])).toBe(0)
  })
})

describe('canonicalJson', () => {
  it.each([
    [{ b: 1, a: { d: [], c: {} } }, '{"a":{"c":{},"d":[]},"b":1}'],
    [[{ b: null, a: true }, 'x"y', 1.5], '[{"a":true,"b":null},"x\\"y",1.5]'],
    [null, 'null'],
    ['', '""'],
    [false, 'false'],
    [JSON.parse('{"__proto__":{"z":1},"10":2,"9":3}'), '{"10":2,"9":3,"__proto__":{"z":1}}'],
  ])('§3 %j has one text', (value, text) => {
    expect(canonicalJson(value)).toBe(text)
  })
})

describe('stateText', () => {
  const whole = () =>
    stateFrom(
      line(50, true, 'purpose/__proto__'),
      line(20, ['a', 'b'], SET),
      event(5, 7, false, PURPOSE, 'e"1'),
      attribute(10, 'FR'),
      attribute(20, 'DE'),
    )

  it('§3 is canonical JSON', () => {
    expect(stateText(whole())).toBe(
      '{"attributes":{"country":[[20,-1,"\\"DE\\""],[10,-1,"\\"FR\\""]]},' +
        '"events":{"purpose/p":{"false":[7,5,"e\\"1"]}},' +
        '"said":{"purpose/__proto__":{"true":[50,-1]},"set/p/f":{"a,b":[20,-1]}}}',
    )
    expect(stateText(stateOf(record({})))).toBe('{"attributes":{},"events":{},"said":{}}')
  })

  it('§3 reads back the same', () => {
    expect(parseState(stateText(whole()))).toEqual(whole())
  })

  it('§3 texts join like their states', () => {
    const other = stateOf(line(60, false, 'purpose/__proto__'))
    expect(joinTexts(stateText(whole()), stateText(other))).toBe(stateText(join(whole(), other)))
    expect(joinTexts(stateText(whole()), stateText(whole()))).toBe(stateText(whole()))
    expect(joinTexts('not even read', 'not even read')).toBe('not even read')
  })
})
