/** §3: a draft of many records is the text of their joined states. */

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { type Choice, choiceText } from '../../src/consent/choice.ts'
import { DraftMark } from '../../src/consent/draft-slot.ts'
import { canonicalJson, join, stateOf, stateText } from '../../src/consent/state.ts'
import { StateDraft } from '../../src/consent/state-draft.ts'
import type { UserRecord } from '../../src/record/record.ts'
import { history, hostileRecord } from '../support/consent-arbitraries.ts'
import { record } from '../support/consent-samples.ts'

const draft = new StateDraft()
const given = (choice: Choice) => (typeof choice === 'boolean' ? choice : choiceText(choice))

function drafted(records: readonly UserRecord[]): string {
  draft.begin()
  for (const { asOf, version, statements, events, attributes } of records) {
    const stamp = new DraftMark(asOf, version)
    for (const [key, choice] of statements) draft.said(draft.slot(key), given(choice), stamp)
    for (const { hi, lo, id, statements: stated } of events) {
      for (const [key, choice] of stated) draft.happened(draft.slot(key), given(choice), new DraftMark(hi, lo, id))
    }
    for (const [name, value] of attributes) {
      draft.attribute(draft.slot(name), canonicalJson(value), stamp)
    }
  }
  return draft.text()
}

const joined = (records: readonly UserRecord[]): string => stateText(records.map(stateOf).reduce(join))

describe('StateDraft', () => {
  it('§3 is the text of the joined states, one draft after the other', () => {
    fc.assert(
      fc.property(history, (records) => {
        expect(drafted(records)).toBe(joined(records))
      }),
      { numRuns: 2_000 },
    )
  })

  it('§3 with keys, ids and names of the worst kind', () => {
    fc.assert(
      fc.property(fc.array(hostileRecord, { minLength: 1, maxLength: 5 }), (records) => {
        expect(drafted(records)).toBe(joined(records))
      }),
      { numRuns: 500 },
    )
  })

  it('§3 with more names than are put in rank, and more than are kept', () => {
    const own = new StateDraft()
    const stamp = new DraftMark(1, 1)
    const sayAll = (names: readonly string[]) => {
      const begun = own.begin()
      for (const name of names) own.said(own.slot(name), true, stamp)
      const state = stateOf(record({ asOf: 1, version: 1, statements: names.map((name) => [name, true]) }))
      expect(own.text()).toBe(stateText(state))
      return begun
    }
    const names = (count: number) => Array.from({ length: count }, (_, index) => `purpose/${(index * 7_919) % count}`)
    expect(sayAll(names(900))).toBe(false)
    expect(sayAll(['purpose/b', 'purpose/a', ...names(1_100)])).toBe(false)
    expect(sayAll(names(100_001))).toBe(false)
    expect(sayAll(names(3))).toBe(true)
    expect(sayAll(names(5))).toBe(false)
  })
})
