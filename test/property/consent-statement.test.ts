/** Statements of a state against a second telling of semantics §3 over the whole, unpruned history. */

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { byCodeUnit, type Choice } from '../../src/consent/choice.ts'
import { everybody, everybodysSet, overlay, overlaySets } from '../../src/consent/overlay.ts'
import { join, type State, stateOf } from '../../src/consent/state.ts'
import { attributeOf, setStatementOf, statementOf } from '../../src/consent/statement.ts'
import { SINCE_EVER } from '../../src/consent/time.ts'
import type { UserRecord } from '../../src/record/record.ts'
import { history, setStatement, shuffled, statement } from '../support/consent-arbitraries.ts'
import { idsEverSeen, oracle, overlayOracle } from '../support/consent-oracle.ts'
import { PREFERENCE, PURPOSE, SET, VALUE_A } from '../support/consent-samples.ts'

const events = fc.constantFrom('complete' as const, 'sparse' as const)
const stateFrom = ([first, ...others]: readonly UserRecord[]): State => {
  if (first === undefined) throw new TypeError('a history has a record')
  return others.map(stateOf).reduce(join, stateOf(first))
}
const isYes = (choice: Choice) => choice === true
const holds = (id: string) => (choice: Choice) => typeof choice !== 'boolean' && choice.includes(id)
/** Asked of an id that nobody uses: every set lacks it. */
const UNUSED = 'z'

describe('a record’s statement', () => {
  it('§3 of a boolean key', () => {
    fc.assert(
      fc.property(history, events, (records, kind) => {
        const state = stateFrom(records)
        expect(statementOf(state, { kind: 'purpose', purpose: 'p' }, kind)).toEqual(
          oracle(records, PURPOSE, isYes, kind),
        )
        expect(statementOf(state, { kind: 'preference', purpose: 'p', preference: 'f' }, kind)).toEqual(
          oracle(records, PREFERENCE, isYes, kind),
        )
      }),
    )
  })

  it('§3 of every value id: pruning is invisible', () => {
    fc.assert(
      fc.property(history, events, (records, kind) => {
        const state = stateFrom(records)
        for (const value of [...idsEverSeen(records, SET), UNUSED]) {
          expect(statementOf(state, { ...VALUE_A, value }, kind)).toEqual(oracle(records, SET, holds(value), kind))
        }
      }),
    )
  })

  it('§3 of a whole set: pruning is invisible', () => {
    fc.assert(
      fc.property(history, events, (records, kind) => {
        const found = setStatementOf(stateFrom(records), 'p', 'f', kind)
        const said = records.some(({ statements }) => statements.some(([name]) => name === SET))
        expect(found !== undefined).toBe(said)
        if (found === undefined) return
        const answers = idsEverSeen(records, SET).map((id) => ({ id, answer: oracle(records, SET, holds(id), kind) }))
        const chosen = answers.flatMap(({ id, answer }) => (answer?.value === true ? [{ id, ...answer }] : []))
        expect(found.ids).toEqual(chosen.map(({ id }) => id).sort(byCodeUnit))
        if (chosen.length === 0) return
        expect(found.lo).toBe(Math.min(...chosen.map(({ lo }) => lo)))
        expect(found.hi).toBe(Math.max(...chosen.map(({ hi }) => hi)))
      }),
    )
  })

  it('§3 of an attribute', () => {
    fc.assert(
      fc.property(history, (records) => {
        const all = records.flatMap(({ asOf, version, attributes }) =>
          attributes
            .filter(([name]) => name === 'country')
            .map(([, value]) => ({ asOf, version, json: JSON.stringify(value) })),
        )
        const [newest, ...older] = all.sort(
          (a, b) => b.asOf - a.asOf || b.version - a.version || byCodeUnit(b.json, a.json),
        )
        const found = attributeOf(stateFrom(records), 'country')
        const other = older.find(({ json }) => json !== newest?.json)
        expect(found).toEqual(
          newest && {
            json: newest.json,
            stamp: [newest.asOf, newest.version],
            lo: other?.asOf ?? SINCE_EVER,
            hi: newest.asOf,
          },
        )
      }),
    )
  })

  it('§3 no opt-in without a line that said it, and none from before the last refusal by a line', () => {
    fc.assert(
      fc.property(history, events, (records, kind) => {
        const found = statementOf(stateFrom(records), { kind: 'purpose', purpose: 'p' }, kind)
        if (found?.value !== true) return
        const stamps = (value: boolean) =>
          records.filter(({ statements }) => statements.some(([name, choice]) => name === PURPOSE && choice === value))
        expect(stamps(true).length).toBeGreaterThan(0)
        for (const { asOf } of stamps(false)) expect(found.lo).toBeGreaterThan(asOf)
        expect(found.hi).toBeGreaterThanOrEqual(found.lo)
      }),
    )
  })
})

describe('overlay', () => {
  const several = fc.array(statement, { minLength: 1, maxLength: 5 })
  const twice = several.chain((all) => fc.tuple(fc.constant(all), shuffled(all)))

  it('§3 is what the sentence says, in any order', () => {
    fc.assert(
      fc.property(twice, ([all, other]) => {
        expect(overlay(all)).toMatchObject(overlayOracle(all) ?? {})
        expect(overlay(other)).toEqual(overlay(all))
        expect(everybody(other)).toEqual(everybody(all))
      }),
    )
  })

  it('§3 no opt-in without one that begins after every refusal ends', () => {
    fc.assert(
      fc.property(several, (all) => {
        const found = overlay(all)
        if (found?.value !== true) return
        expect(all.some(({ value, lo }) => value && lo === found.lo)).toBe(true)
        for (const { value, hi } of all) if (!value) expect(hi).toBeLessThan(found.lo)
      }),
    )
  })

  it('§3 refusal wins a tie', () => {
    fc.assert(
      fc.property(several, statement, (all, { lo, hi }) => {
        const latest = Math.max(lo, ...all.map((one) => one.lo))
        const tie = { value: false, lo: Math.min(lo, latest), hi: Math.max(hi, latest) }
        expect(overlay([...all, tie])?.value).toBe(false)
      }),
    )
  })

  it('§6.4 opt-out-wins is never more than newest', () => {
    fc.assert(
      fc.property(several, (all) => {
        const strict = everybody(all)
        if (strict?.value !== true) return
        expect(overlay(all)?.value).toBe(true)
        expect(strict.lo).toBeLessThanOrEqual(overlay(all)?.lo ?? SINCE_EVER)
      }),
    )
  })

  it('§3 of whole sets holds nothing that a candidate lacks, in any order', () => {
    const sets = fc
      .array(setStatement, { minLength: 1, maxLength: 4 })
      .chain((all) => fc.tuple(fc.constant(all), shuffled(all)))
    fc.assert(
      fc.property(sets, ([all, other]) => {
        const latest = Math.max(...all.map(({ lo }) => lo))
        const open = all.filter(({ hi }) => hi >= latest)
        const ids = ['a', 'b', 'c', 'd'].filter((id) => open.every((one) => one.ids.includes(id)))
        const exact = open.filter((one) => one.ids.join() === ids.join())
        const holders = exact.length > 0 ? exact : open
        expect(overlaySets(all)).toEqual({
          ids,
          lo: Math.max(...holders.map(({ lo }) => lo)),
          hi: Math.max(...holders.map(({ hi }) => hi)),
        })
        expect(overlaySets(other)).toEqual(overlaySets(all))
        expect(everybodysSet(other)).toEqual(everybodysSet(all))
      }),
    )
  })
})
