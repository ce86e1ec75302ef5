/** What persons state about a reading (semantics §3 "overlay", §4, §5.4, §6.4). */

import { describe, expect, it } from 'vitest'

import type { Key } from '../../src/consent/key.ts'
import { SINCE_EVER } from '../../src/consent/time.ts'
import { combine, combineSets, personAttribute, personSet, personStatement } from '../../src/projection/person.ts'
import { event, ids, line, no, PURPOSE, person, record, SET, stateFrom, yes } from '../support/consent-samples.ts'

const KEY: Key = { kind: 'purpose', purpose: 'p' }
const OTHER: Key = { kind: 'purpose', purpose: 'q' }
const SET_KEY: Key = { kind: 'set', purpose: 'p', preference: 'f' }

describe('§3 records of a person are overlaid', () => {
  it('the certainly newer one counts', () => {
    const phone = stateFrom(line(5, true), line(10, false))
    const laptop = stateFrom(line(15, false), line(20, true))
    expect(personStatement(person(phone, laptop), [KEY], 'complete')).toEqual(yes(16, 20))
    expect(personStatement(person(laptop, phone), [KEY], 'complete')).toEqual(yes(16, 20))
  })

  it('refusal wins where the order is unknown', () => {
    const records = person(stateFrom(line(10, false)), stateFrom(line(20, true)))
    expect(personStatement(records, [KEY], 'complete')).toEqual(no(SINCE_EVER, 10))
  })

  it('records that state nothing do not count', () => {
    expect(personStatement(person(stateFrom(), stateFrom(line(10, true))), [KEY], 'complete')?.value).toBe(true)
    expect(personStatement(person(stateFrom()), [KEY], 'complete')).toBeUndefined()
    expect(personStatement(person(), [KEY], 'complete')).toBeUndefined()
    expect(personStatement(person(stateFrom(line(10, true))), [], 'complete')).toBeUndefined()
  })

  it('events: sparse reaches every record', () => {
    const records = person(stateFrom(line(20, false), event(10, 12, false)))
    expect(personStatement(records, [KEY], 'sparse')).toEqual(no(10, 20))
  })
})

describe('§4 several places are overlaid', () => {
  it('over the keys', () => {
    const state = stateFrom(line(5, false), line(10, true), line(15, true, 'purpose/q'), line(20, false, 'purpose/q'))
    expect(personStatement(person(state), [KEY, OTHER], 'complete')).toEqual(no(16, 20))
  })
})

describe('§3 whole sets of a person', () => {
  it('are overlaid over records and places; only set keys are asked', () => {
    const phone = stateFrom(line(10, ['a', 'b'], SET))
    const laptop = stateFrom(line(20, ['b', 'c'], SET))
    expect(personSet(person(phone, laptop), [SET_KEY], 'complete')).toEqual(ids(SINCE_EVER, 20, 'b'))
    expect(personSet(person(phone), [SET_KEY, KEY], 'complete')).toEqual(ids(SINCE_EVER, 10, 'a', 'b'))
    expect(personSet(person(stateFrom(line(10, true))), [KEY], 'complete')).toBeUndefined()
    const elsewhere = { kind: 'set', purpose: 'q', preference: 'f' } as const
    const both = stateFrom(line(10, ['a', 'b'], SET), line(10, ['b'], 'set/q/f'))
    expect(personSet(person(both), [SET_KEY, elsewhere], 'complete')?.ids).toEqual(['b'])
  })

  it('of nobody is none', () => {
    expect(personSet(person(stateFrom()), [SET_KEY], 'complete')).toBeUndefined()
    expect(personSet(person(), [SET_KEY], 'complete')).toBeUndefined()
  })

  it('events: sparse reaches them', () => {
    const records = person(stateFrom(line(20, [], SET), event(10, 12, [], SET)))
    expect(personSet(records, [SET_KEY], 'sparse')?.hi).toBe(20)
    expect(personSet(records, [SET_KEY], 'complete')?.hi).toBe(12)
  })
})

describe('§3 attributes of a person', () => {
  const from = (asOf: number, country: string) => stateFrom(record({ asOf, attributes: [['country', country]] }))

  it('are those of the greatest stamp', () => {
    expect(personAttribute(person(from(10, 'FR'), from(20, 'DE'), from(15, 'IT')), 'country')).toMatchObject({
      json: '"DE"',
      hi: 20,
    })
    expect(personAttribute(person(from(10, 'FR')), 'metadata/x')).toBeUndefined()
  })

  it('the OUID itself has been theirs for as long as anybody knows', () => {
    const records = person(stateFrom(line(10, true)), stateFrom(line(30, true, PURPOSE, 4), line(20, false)))
    expect(personAttribute(records, 'organization_user_id')).toEqual({
      json: '"ada@example.com"',
      stamp: [30, 4],
      lo: SINCE_EVER,
      hi: 30,
    })
    expect(personAttribute(person(stateFrom()), 'organization_user_id')).toEqual({
      json: '"ada@example.com"',
      stamp: [SINCE_EVER, -1],
      lo: SINCE_EVER,
      hi: SINCE_EVER,
    })
  })

  it('the OUID’s stamp is the greatest (asOf, version)', () => {
    const versions = person(stateFrom(line(30, true, PURPOSE, 4)), stateFrom(line(30, true, PURPOSE, 7)))
    expect(personAttribute(versions, 'organization_user_id')?.stamp).toEqual([30, 7])
  })
})

describe('§6.4 several persons', () => {
  it('newest overlays, opt-out-wins asks everybody', () => {
    expect(combine([no(1, 5), yes(6, 9)], 'newest')).toEqual(yes(6, 9))
    expect(combine([no(1, 5), yes(6, 9)], 'opt-out-wins')).toEqual(no(1, 5))
    expect(combineSets([ids(1, 5, 'a'), ids(6, 9, 'b')], 'newest')).toEqual(ids(6, 9, 'b'))
    expect(combineSets([ids(1, 5, 'a'), ids(6, 9, 'a', 'b')], 'opt-out-wins')).toEqual(ids(1, 9, 'a'))
  })
})
