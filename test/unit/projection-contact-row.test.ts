/** What persons want in their contact's columns (semantics §5.4–§5.6, §7). */

import { describe, expect, it } from 'vitest'

import type { State } from '../../src/consent/state.ts'
import { SINCE_EVER } from '../../src/consent/time.ts'
import type { ContactColumn } from '../../src/projection/contact-column.ts'
import { type WantedColumn, wantedColumn } from '../../src/projection/contact-row.ts'
import type { JsonValue } from '../../src/record/record.ts'
import type { LedgerValue } from '../../src/store/store.ts'
import { column, event, line, PURPOSE, person, record, SET, stateFrom } from '../support/consent-samples.ts'

const BOOLEAN = column({}, { form: 'choice', yes: true, no: false })
const DONOT = column({ logicalName: 'donotemail' }, { form: 'choice', yes: false, no: true })
const SET_KEYS = [{ kind: 'set', purpose: 'p', preference: 'f' }] as const
const TEXT_SET: ContactColumn = { ...column({ type: 'text', maxLength: 5 }, { form: 'set' }), keys: SET_KEYS }
const CODES = new Map([
  ['a', 100],
  ['b', 200],
])
const CHOICES: ContactColumn = { ...column({ type: 'choices' }, { form: 'set', codes: CODES }), keys: SET_KEYS }
const COUNTRY = column({ type: 'text', maxLength: 5 }, { form: 'attribute', name: 'country' })

const WINS = { events: 'complete', sharedAddress: 'opt-out-wins' } as const
const NEWEST = { events: 'complete', sharedAddress: 'newest' } as const
const want = (
  of: ContactColumn,
  states: readonly State[],
  policies: Parameters<typeof wantedColumn>[2] = WINS,
  restored?: LedgerValue,
) =>
  wantedColumn(
    of,
    states.map((state) => person(state)),
    policies,
    restored,
  )
const country = (asOf: number, value: JsonValue) => stateFrom(record({ asOf, attributes: [['country', value]] }))
const foreign = (value: JsonValue, lo: number, hi: number): LedgerValue => ({ value, lo, hi })

/** Value, stance and span in short. */
const brief = (wanted: WantedColumn | undefined) =>
  wanted && 'claim' in wanted
    ? [wanted.value, wanted.claim.stance, wanted.claim.lo, wanted.claim.hi]
    : wanted?.unholdable

const yes = () => stateFrom(line(5, false), line(20, true))
const no = () => stateFrom(line(5, true), line(15, false))

describe('§5.5 a choice', () => {
  it('is an opt-in or a refusal', () => {
    expect(want(BOOLEAN, [yes()])).toEqual({
      column: BOOLEAN,
      value: true,
      claim: { stance: 'opt-in', lo: 6, hi: 20 },
    })
    expect(brief(want(BOOLEAN, [no()]))).toEqual([false, 'refusal', 6, 15])
  })

  it('in an inverted column the refusal is true', () => {
    expect(brief(want(DONOT, [no()]))).toEqual([true, 'refusal', 6, 15])
    expect(brief(want(DONOT, [yes()]))).toEqual([false, 'opt-in', 6, 20])
  })

  it('names the event that dates it', () => {
    expect(want(BOOLEAN, [stateFrom(line(20, true), event(10, 12, true, PURPOSE, 'e'))])).toHaveProperty('event', 'e')
    expect(want(BOOLEAN, [yes()])).not.toHaveProperty('event')
  })

  it('no statement → the column is not sent', () => {
    expect(want(BOOLEAN, [stateFrom()])).toBeUndefined()
    expect(want(BOOLEAN, [])).toBeUndefined()
    expect(want(BOOLEAN, [stateFrom()], WINS, foreign(false, 1, 2))).toBeUndefined()
  })

  it('events: sparse widens a refusal', () => {
    const state = stateFrom(line(20, false), event(10, 12, false))
    expect(brief(want(BOOLEAN, [state], { ...WINS, events: 'sparse' }))).toEqual([false, 'refusal', 10, 20])
  })
})

describe('§5.4 several persons behind one contact', () => {
  it('each key is combined as sharedAddress says', () => {
    const later = stateFrom(line(17, false), line(30, true))
    expect(brief(want(BOOLEAN, [later, no()], WINS))).toEqual([false, 'refusal', 6, 15])
    expect(brief(want(BOOLEAN, [later, no()], NEWEST))).toEqual([true, 'opt-in', 18, 30])
    expect(brief(want(BOOLEAN, [later, yes()], WINS))).toEqual([true, 'opt-in', 6, 30])
  })

  it('sets: what everybody selected, or the newest', () => {
    const [a, b] = [
      stateFrom(line(1, [], SET), line(5, ['a', 'b'], SET)),
      stateFrom(line(10, [], SET), line(15, ['b'], SET)),
    ]
    expect(brief(want(TEXT_SET, [a, b], WINS))).toEqual(['b', 'plain', 2, 15])
    expect(brief(want(TEXT_SET, [a, b], NEWEST))).toEqual(['b', 'plain', 11, 15])
  })

  it('attributes: greatest stamp', () => {
    expect(brief(want(COUNTRY, [country(10, 'FR'), country(30, 'DE'), country(20, 'IT')]))).toEqual([
      'DE',
      'plain',
      SINCE_EVER,
      30,
    ])
    expect(brief(want(COUNTRY, [country(10, 'FR'), country(10, 'DE')]))).toEqual(['FR', 'plain', SINCE_EVER, 10])
    expect(want(COUNTRY, [stateFrom()])).toBeUndefined()
    expect(want(COUNTRY, [])).toBeUndefined()
  })
})

describe('§5.5 whole sets', () => {
  it('have no refusal', () => {
    const state = stateFrom(line(5, [], SET), line(20, ['a', 'b'], SET))
    expect(brief(want(TEXT_SET, [state]))).toEqual(['a,b', 'plain', 6, 20])
    expect(brief(want(CHOICES, [state]))).toEqual(['100,200', 'plain', 6, 20])
    expect(want(TEXT_SET, [stateFrom()])).toBeUndefined()
  })

  it('too long are left out', () => {
    const state = stateFrom(line(20, ['abc', 'def'], SET))
    expect(want(TEXT_SET, [state])).toEqual({ column: TEXT_SET, unholdable: 'value-too-long' })
    expect(brief(want(TEXT_SET, [state], WINS, foreign('x', 1, 2)))).toBe('value-too-long')
  })

  it('events: sparse reaches them', () => {
    const state = stateFrom(line(20, [], SET), event(10, 12, [], SET))
    expect(brief(want(TEXT_SET, [state], { ...WINS, events: 'sparse' }))).toEqual(['', 'plain', 10, 20])
  })
})

describe('§5.5 attributes', () => {
  it('too long or unfit are left out', () => {
    expect(brief(want(COUNTRY, [country(10, 'France')]))).toBe('value-too-long')
    expect(brief(want(COUNTRY, [country(10, { code: 'FR' })]))).toBe('value-unfit')
    expect(brief(want(COUNTRY, [country(10, 'France')], WINS, foreign('x', 1, 2)))).toBe('value-too-long')
  })
})

describe('§7 a foreign statement after a restore', () => {
  it('joins the overlay of a choice, in the column’s spelling', () => {
    expect(brief(want(BOOLEAN, [yes()], WINS, foreign(false, 8, 9)))).toEqual([false, 'refusal', 8, 9])
    expect(brief(want(BOOLEAN, [yes()], WINS, foreign(false, 2, 5)))).toEqual([true, 'opt-in', 6, 20])
    expect(brief(want(BOOLEAN, [yes()], WINS, foreign(true, 30, 40)))).toEqual([true, 'opt-in', 30, 40])
    expect(brief(want(DONOT, [yes()], WINS, foreign(true, 8, 9)))).toEqual([true, 'refusal', 8, 9])
  })

  it('stays unless the attribute or set is certainly newer', () => {
    const state = stateFrom(line(5, [], SET), line(20, ['a'], SET))
    expect(brief(want(TEXT_SET, [state], WINS, foreign('b', 1, 5)))).toEqual(['a', 'plain', 6, 20])
    expect(brief(want(TEXT_SET, [state], WINS, foreign('b', 1, 6)))).toEqual(['b', 'plain', 1, 6])
    const moved = stateFrom(
      record({ asOf: 5, attributes: [['country', 'FR']] }),
      record({ asOf: 20, attributes: [['country', 'DE']] }),
    )
    expect(brief(want(COUNTRY, [moved], WINS, foreign('IT', 1, 4)))).toEqual(['DE', 'plain', 5, 20])
    expect(brief(want(COUNTRY, [moved], WINS, foreign('IT', 1, 5)))).toEqual(['IT', 'plain', 1, 5])
  })
})
