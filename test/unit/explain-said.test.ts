/** `explain` names the rule of semantics §3 that decided, and shows nobody's attributes. */

import { describe, expect, it } from 'vitest'
import type { Key } from '../../src/consent/key.ts'
import type { State } from '../../src/consent/state.ts'
import type { Statement } from '../../src/consent/statement.ts'
import { formatInstant } from '../../src/consent/time.ts'
import { columnPlace } from '../../src/deliver/contact-rows.ts'
import { OUTCOMES } from '../../src/deliver/outcome.ts'
import { explainText, masked } from '../../src/explain/explain-report.ts'
import { choicesOf, type Known, ruleOf } from '../../src/explain/path.ts'
import { saidBy } from '../../src/explain/said.ts'
import {
  column,
  event,
  line,
  no,
  PURPOSE,
  person,
  record,
  SET,
  stateFrom,
  VALUE_A,
  yes,
} from '../support/consent-samples.ts'

const KEY: Key = { kind: 'purpose', purpose: 'p' }
const OTHER: Key = { kind: 'purpose', purpose: 'q' }
const SET_KEY: Key = { kind: 'set', purpose: 'p', preference: 'f' }
const choice = (...keys: readonly Key[]) => ({ form: 'choice', keys: keys.length === 0 ? [KEY] : keys }) as const
const said = ({ value, lo, hi }: Statement, rule: string) => ({
  value,
  lo: formatInstant(lo),
  hi: formatInstant(hi),
  rule,
})

describe('a record', () => {
  it.each([
    ['never said by a line', stateFrom(event(10, 20, false)), no(10, 20), '§3.1: an event alone, no line'],
    [
      'said at one stamp',
      stateFrom(line(20, false), line(20, true)),
      no(21, 21),
      '§3.1: yes and no at one stamp, so the no; §3.5: the line',
    ],
    [
      'contradicted later',
      stateFrom(line(20, true), event(25, 30, false)),
      no(1, 30),
      '§3.3: an event after the line says otherwise',
    ],
    ['dated by an event', stateFrom(line(20, true), event(10, 12, true)), yes(10, 12), '§3.4: an event'],
    ['dated by nothing else', stateFrom(line(10, false), line(20, true)), yes(11, 20), '§3.5: the line'],
  ])('%s', (_, state, statement, rule) => {
    const { records, person: whole } = saidBy(person(state), choice(), 'complete')
    expect(records.map((one) => [one.value, one.rule])).toEqual([[statement.value, rule]])
    // What one record says, the person says.
    expect(whole).toEqual(records[0])
    if (statement.lo > 1) expect(records).toEqual([said(statement, rule)])
  })

  it('a value of a set is asked as if each line had stated it', () => {
    const state = stateFrom(line(10, ['b'], SET), line(20, ['a'], SET))
    expect(saidBy(person(state), choice(VALUE_A), 'complete').records).toEqual([said(yes(11, 20), '§3.5: the line')])
  })
})

describe('a person', () => {
  const old = stateFrom(line(5, true), line(10, false))
  const recent = stateFrom(line(15, false), line(20, true))
  const undated = stateFrom(line(20, true))
  const ruled = (...states: readonly State[]) => saidBy(person(...states), choice(), 'complete').person

  it('says what is certainly newest, or what all say that may be', () => {
    expect(ruled(old, recent)).toEqual(said(yes(16, 20), '§3, overlay: the newest'))
    expect(ruled(undated, recent)?.rule).toBe('§3, overlay: the newest')
  })

  it('refuses where the order is open', () => {
    expect(ruled(old, undated)).toMatchObject({ value: false, rule: '§3, overlay: the order is open, so the refusal' })
  })

  it('is overlaid per key first, and then over the keys', () => {
    const q = stateFrom(line(30, false, 'purpose/q'), line(40, true, 'purpose/q'))
    const { records, person: whole } = saidBy(person(old, undated, q), choice(KEY, OTHER), 'complete')
    expect(records).toHaveLength(3)
    expect(whole).toEqual(said(yes(31, 40), '§3, overlay: the newest'))
  })

  it('states nothing where no record does', () => {
    expect(saidBy(person(stateFrom()), choice(), 'complete')).toEqual({ records: [] })
  })

  it('has whole sets and attributes', () => {
    const set = { form: 'set', keys: [SET_KEY] } as const
    const [one, two] = [stateFrom(line(10, ['a', 'b'], SET)), stateFrom(line(20, ['b'], SET))]
    expect(saidBy(person(one), set, 'complete').person).toMatchObject({ value: ['a', 'b'], rule: '§3: a whole set' })
    expect(saidBy(person(one, two), set, 'complete').person).toMatchObject({
      value: ['b'],
      rule: '§3, overlay: the order is open, so what all hold',
    })
    const country = (asOf: number, value: string) => stateFrom(record({ asOf, attributes: [['country', value]] }))
    const asked = { form: 'attribute', name: 'country' } as const
    expect(saidBy(person(country(1, 'FR'), country(2, 'DE')), asked, 'complete')).toMatchObject({
      records: [{ value: 'FR' }, { value: 'DE' }],
      person: { value: 'DE', rule: '§3: an attribute, the newest' },
    })
  })
})

describe('an outcome', () => {
  it('has one rule, but where several things were refused', () => {
    const rules = OUTCOMES.map((outcome) => ruleOf(outcome, 'contact', ['value-unfit']))
    expect(rules).toEqual(['§5.5', '§5.1', '§5.2', '§5.2', '§7', '§7', '§6.2', '§5.6'])
    expect(ruleOf('unchanged', 'consent', [])).toBe('§6.6')
    expect(ruleOf('rejected-by-dataverse', 'consent', ['0x80040265', 'address-too-long', 'address-too-long'])).toBe(
      '§6.3, §8.2',
    )
  })
})

describe('a report', () => {
  const columns = [
    column({ logicalName: 'new_country', type: 'text' }, { form: 'attribute', name: 'country' }),
    { ...column({ logicalName: 'new_topics', type: 'text' }, { form: 'set' }), keys: [SET_KEY] },
  ]
  const state = stateFrom(line(10, ['a'], SET), record({ attributes: [['country', 'zq-land']] }))
  const place = columnPlace('c1', 'new_country')
  const entry = {
    place,
    confirmed: { value: 'zq-land', lo: 1, hi: 2, at: 3 },
    foreign: { value: 'zq-other', lo: 1, hi: 2 },
  }
  const known: Known = {
    person: person(state),
    mapping: { mode: 'contact', columns },
    contacts: [{ contactId: 'c1', addresses: [] }],
    ledger: new Map([[place, entry]]),
    decided: [],
  }
  const target = { target: 'crm', mode: 'contact', due: false, contacts: 1, addresses: 0, sharedWith: 0 } as const
  const persons = [
    { person: 'x', records: 1, targets: [{ ...target, choices: choicesOf(known, 'complete') }], past: [] },
  ]
  const report = { version: 1, persons, failures: [], exitCode: 0 } as const

  it('shows what a set holds, and an attribute only to whoever is to see it', () => {
    const [shown, hidden] = [explainText(report), explainText(masked(report))]
    expect(shown).toMatch(/new_country\n {6}record: "zq-land", said by \S+ \(§3: an attribute\)/)
    expect(shown).toContain('we left "zq-land"')
    expect(JSON.stringify(masked(report))).not.toContain('zq-')
    expect(hidden).toMatch(/new_country\n {6}record: "•••", said by/)
    expect(hidden).toMatch(/new_topics\n {6}record: \["a"\], said by/)
  })

  it('says by which rule nothing is written where nobody said anything', () => {
    const silent = { ...known, person: person(stateFrom(line(10, true, PURPOSE))) }
    const none = [{ ...target, choices: choicesOf(silent, 'complete') }]
    const text = explainText({ ...report, persons: [{ person: 'x', records: 1, targets: none, past: [] }] })
    expect(text).toContain('new_topics: nothing stated, nothing written (§5.5)')
  })
})
