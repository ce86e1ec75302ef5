/** The guard the other way round (semantics §11.3), and that it is the complement of §7. */

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { SECOND, SINCE_EVER } from '../../src/consent/time.ts'
import { foundForeign } from '../../src/deliver/ledger.ts'
import { guard } from '../../src/projection/guard.ts'
import { CONSENT_VALUES } from '../../src/projection/slot.ts'
import { judgeSlot } from '../../src/projection/slot-rows.ts'
import { hearSlot } from '../../src/reverse/heard.ts'
import { type Foreign, type Own, reverseVerdict } from '../../src/reverse/verdict.ts'
import type { LedgerEntry } from '../../src/store/store.ts'
import { POLICIES, row, wantedAt, yes } from '../support/consent-samples.ts'

const s = (seconds: number) => seconds * SECOND
const DELTA = s(5)
const { optedIn: IN, optedOut: OUT } = CONSENT_VALUES
const foreign = (value: Foreign['value'], lo: number, hi: number): Foreign => ({
  value,
  lo: lo === SINCE_EVER ? lo : s(lo),
  hi: s(hi),
  loTolerance: DELTA,
  hiTolerance: DELTA,
})
const own = (value: Own['value'], lo: number, hi: number): Own => ({ value, lo: s(lo), hi: s(hi) })

describe('§11.3 what is told', () => {
  it('a refusal of somebody who said nothing, as late as it can have been made; a yes as early', () => {
    expect(reverseVerdict(foreign(false, 10, 20), undefined, 'newest')).toEqual({ kind: 'tell', instant: s(20) })
    expect(reverseVerdict(foreign(true, 10, 20), undefined, 'newest')).toEqual({ kind: 'tell', instant: s(10) })
  })

  it('never a yes that nobody can date', () => {
    expect(reverseVerdict(foreign(true, SINCE_EVER, 20), undefined, 'newest').kind).toBe('known')
  })

  it('nothing that Didomi says as well, whenever', () => {
    expect(reverseVerdict(foreign(false, 10, 20), own(false, 1, 2), 'newest').kind).toBe('known')
    expect(reverseVerdict(foreign(['a'], 10, 20), own(['a'], 1, 2), 'newest').kind).toBe('known')
  })

  it('a refusal unless it is certainly older: lo − δ is the last moment', () => {
    expect(reverseVerdict(foreign(false, 10, 20), own(true, 26, 30), 'newest').kind).toBe('superseded')
    expect(reverseVerdict(foreign(false, 10, 21), own(true, 26, 30), 'newest').kind).toBe('tell')
  })

  it('a refusal of unknown order right behind what it has to outlast', () => {
    const verdict = reverseVerdict(foreign(false, 10, 21), own(true, 25, 30), 'newest')
    expect(verdict).toEqual({ kind: 'tell', instant: s(30) + 1_000 })
  })

  it('a yes and a set only if certainly newer: hi + δ is still too early', () => {
    for (const value of [true, ['a']]) {
      expect(reverseVerdict(foreign(value, 35, 40), own(value === true ? false : ['b'], 1, 30), 'newest').kind).toBe(
        'superseded',
      )
      expect(reverseVerdict(foreign(value, 36, 40), own(value === true ? false : ['b'], 1, 30), 'newest')).toEqual({
        kind: 'tell',
        instant: s(36),
      })
    }
  })

  it('nothing against what Didomi has where Didomi wins; every no where Dataverse wins, a yes as always', () => {
    expect(reverseVerdict(foreign(false, 10, 90), own(true, 1, 2), 'didomi-wins').kind).toBe('superseded')
    expect(reverseVerdict(foreign(false, 10, 20), own(true, 80, 90), 'dataverse-wins')).toEqual({
      kind: 'tell',
      instant: s(90) + 1_000,
    })
    expect(reverseVerdict(foreign(true, 10, 20), own(false, 80, 90), 'dataverse-wins').kind).toBe('superseded')
  })

  it('of two choices that differ exactly one is carried over: the complement of the guard (property)', () => {
    const instant = fc.integer({ min: 0, max: 40 })
    fc.assert(
      fc.property(fc.boolean(), instant, instant, instant, instant, (value, a, b, c, d) => {
        const there = foreign(value, Math.min(a, b), Math.max(a, b))
        const here = own(!value, Math.min(c, d), Math.max(c, d))
        const verdict = reverseVerdict(there, here, 'newest')
        const claim = { stance: value ? 'refusal' : 'opt-in', lo: here.lo, hi: here.hi } as const
        const delivered = guard(claim, { ...there, ours: false }, 'newest')
        expect([verdict.kind, delivered]).toEqual(
          verdict.kind === 'tell' ? ['tell', 'superseded'] : ['superseded', 'write'],
        )
        // Told so that Didomi, which takes the latest by date, follows.
        if (verdict.kind === 'tell') expect(verdict.instant).toBeGreaterThan(here.hi)
      }),
    )
  })

  it('what delivery left as somebody else’s no is told, and no later run writes the yes over it (property)', () => {
    const seconds = fc.integer({ min: 0, max: 60 })
    const told = { value: OUT, lo: s(1), hi: s(2), at: s(9) }
    const ledgers = fc.constantFrom<LedgerEntry | undefined>(
      undefined,
      { place: 'slot', confirmed: told },
      { place: 'slot', confirmed: told, foreign: { value: IN, lo: s(9), hi: s(25) } },
    )
    fc.assert(
      fc.property(seconds, seconds, ledgers, (said, saved, entry) => {
        const wish = wantedAt(yes(s(said), s(said)))
        const rows = [row({ createdOn: s(0), modifiedOn: s(saved) })]
        const verdict = judgeSlot(wish, rows, entry, POLICIES, s(100))
        if (verdict.verdict !== 'superseded') return
        const kept = verdict.ours
          ? entry
          : foundForeign('slot', entry, verdict.foreign, { rowId: 'row', modifiedOn: s(saved) })
        expect(judgeSlot(wish, rows, kept, POLICIES, s(200)).verdict).toBe('superseded')
        const heard = hearSlot(rows, kept, POLICIES, s(200))
        if (heard.kind !== 'foreign') expect(verdict.ours).toBe(true)
        else expect(reverseVerdict(heard.statement, own(true, said, said), 'newest').kind).toBe('tell')
      }),
      { numRuns: 2_000 },
    )
  })
})
