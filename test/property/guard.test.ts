/** Older never overwrites newer, over random histories of Didomi, Dataverse and the ledger (semantics §7). */

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import type { Statement } from '../../src/consent/statement.ts'
import { SECOND } from '../../src/consent/time.ts'
import { judgeColumn } from '../../src/projection/contact-row.ts'
import { type Conflict, combineHeld, guard, type Held } from '../../src/projection/guard.ts'
import { parseReason, reasonText } from '../../src/projection/reason.ts'
import { CONSENT_VALUES } from '../../src/projection/slot.ts'
import { type ConsentRow, judgeSlot, type SlotPolicies } from '../../src/projection/slot-rows.ts'
import type { LedgerEntry } from '../../src/store/store.ts'
import { hostileId, statement } from '../support/consent-arbitraries.ts'
import {
  column,
  DELTA,
  OTHER_UNIT,
  OUR_UNIT,
  POLICIES,
  row,
  SOMEBODY,
  WE,
  wantedAt,
} from '../support/consent-samples.ts'

const seconds = fc.integer({ min: 0, max: 20 }).map((at) => at * SECOND)
const inSeconds = statement.map((one): Statement => ({ ...one, lo: one.lo * SECOND, hi: one.hi * SECOND }))
const conflict = fc.constantFrom<Conflict>('newest', 'didomi-wins', 'dataverse-wins')
const span = fc.tuple(seconds, seconds).map(([a, b]) => ({ lo: Math.min(a, b), hi: Math.max(a, b) }))

const held: fc.Arbitrary<Held> = fc
  .tuple(span, fc.constantFrom(0, DELTA), fc.constantFrom(0, DELTA), fc.boolean())
  .map(([bounds, loTolerance, hiTolerance, ours]) => ({ ...bounds, loTolerance, hiTolerance, ours }))

const consentRow: fc.Arbitrary<ConsentRow> = fc
  .tuple(
    span,
    fc.constantFrom(true, false, undefined),
    fc.constantFrom(WE, SOMEBODY),
    fc.constantFrom(OUR_UNIT, OTHER_UNIT, undefined),
    fc.option(span, { nil: undefined }),
  )
  .map(([{ lo, hi }, optedIn, modifiedBy, businessUnitId, reason]) =>
    row({
      createdOn: lo,
      modifiedOn: hi,
      optedIn,
      modifiedBy,
      businessUnitId,
      reason: reason === undefined ? 'by hand' : reasonText(reason, undefined, 'r'),
    }),
  )

const value = fc.constantFrom(CONSENT_VALUES.optedIn, CONSENT_VALUES.optedOut)
const ledger: fc.Arbitrary<LedgerEntry | undefined> = fc.option(
  fc
    .tuple(
      fc.option(fc.tuple(span, value, seconds), { nil: undefined }),
      fc.option(fc.tuple(span, value), { nil: undefined }),
    )
    .map(([confirmed, intended]) => ({
      place: 'slot',
      ...(confirmed && { confirmed: { ...confirmed[0], value: confirmed[1], at: confirmed[2] } }),
      ...(intended && { intended: { ...intended[0], value: intended[1] } }),
    })),
  { nil: undefined },
)
const policies: fc.Arbitrary<SlotPolicies> = fc
  .tuple(conflict, fc.constantFrom('owner' as const, 'any' as const))
  .map(([kind, businessUnit]) => ({ ...POLICIES, conflict: kind, businessUnit }))
const NEWEST = { ...POLICIES, conflict: 'newest' } as const
const READ_AT = 30 * SECOND

describe('guard', () => {
  it('§7 an opt-in is never written at or before F + δ', () => {
    fc.assert(
      fc.property(inSeconds, held, ({ lo, hi }, place) => {
        const verdict = guard({ stance: 'opt-in', lo, hi }, place, 'newest')
        expect(verdict).toBe(lo > place.hi + place.hiTolerance ? 'write' : 'superseded')
        expect(guard({ stance: 'plain', lo, hi }, place, 'newest')).toBe(place.ours ? 'write' : verdict)
      }),
    )
  })

  it('§7 a refusal is written unless it is certainly older', () => {
    fc.assert(
      fc.property(inSeconds, held, ({ lo, hi }, place) => {
        const certainlyOlder = hi < place.lo - place.loTolerance
        expect(guard({ stance: 'refusal', lo, hi }, place, 'newest')).toBe(certainlyOlder ? 'superseded' : 'write')
      }),
    )
  })

  it('§7 several rows let through exactly what each of them lets through', () => {
    const several = fc.tuple(held, fc.array(held, { maxLength: 3 }))
    fc.assert(
      fc.property(
        inSeconds,
        several,
        fc.constantFrom('opt-in' as const, 'refusal' as const),
        ({ lo, hi }, [one, others], stance) => {
          const claim = { stance, lo, hi }
          const all = [one, ...others]
          const each = all.map((place) => guard(claim, place, 'newest'))
          /** An opt-in must beat them all; a refusal is held up only where it is older than all. */
          const expected =
            stance === 'opt-in'
              ? each.every((verdict) => verdict === 'write')
              : each.some((verdict) => verdict === 'write')
          expect(guard(claim, combineHeld([one, ...others]), 'newest')).toBe(expected ? 'write' : 'superseded')
        },
      ),
    )
  })
})

describe('slots', () => {
  const rows = fc.array(consentRow, { maxLength: 3 })

  it('§7 an opt-in never overwrites a refusal that may be newer', () => {
    fc.assert(
      fc.property(inSeconds, rows, policies, (one, all, { businessUnit }) => {
        const wanted = { ...one, value: true }
        const verdict = judgeSlot(wantedAt(wanted), all, undefined, { ...NEWEST, businessUnit }, READ_AT)
        if (verdict.verdict !== 'write') return
        for (const { optedIn, modifiedBy, modifiedOn, reason } of all) {
          if (optedIn !== false) continue
          const own = modifiedBy === WE ? parseReason(reason) : undefined
          expect(wanted.lo).toBeGreaterThan(own?.hi ?? modifiedOn + DELTA)
        }
      }),
    )
  })

  it('§7 rows written differ from what is wanted and count', () => {
    fc.assert(
      fc.property(inSeconds, rows, ledger, policies, (wanted, all, entry, kind) => {
        const verdict = judgeSlot(wantedAt(wanted), all, entry, kind, READ_AT)
        if (verdict.verdict !== 'write') return
        for (const { optedIn, businessUnitId } of verdict.rows) {
          expect(optedIn).not.toBe(wanted.value)
          if (wanted.value && kind.businessUnit === 'owner') expect(businessUnitId).toBe(OUR_UNIT)
        }
        /** A row is created only where none counts. */
        const counting = all.filter(
          ({ businessUnitId }) => !wanted.value || kind.businessUnit === 'any' || businessUnitId === OUR_UNIT,
        )
        if (verdict.rows.length === 0) expect(counting).toEqual([])
      }),
    )
  })

  it('§7 delivering again what the row holds is always equal', () => {
    fc.assert(
      fc.property(inSeconds, consentRow, ledger, policies, (wanted, one, entry, kind) => {
        const stored = { ...one, optedIn: wanted.value, businessUnitId: OUR_UNIT }
        expect(judgeSlot(wantedAt(wanted), [stored], entry, kind, READ_AT).verdict).toBe('equal')
      }),
    )
  })

  it('§7 a written slot, read again, is equal: a run repeated writes nothing', () => {
    fc.assert(
      fc.property(inSeconds, rows, ledger, policies, (wanted, all, entry, kind) => {
        const verdict = judgeSlot(wantedAt(wanted), all, entry, kind, READ_AT)
        if (verdict.verdict !== 'write') return
        const written = (one: ConsentRow): ConsentRow => ({
          ...one,
          optedIn: wanted.value,
          modifiedOn: READ_AT,
          modifiedBy: WE,
        })
        const untouched = all.filter((one) => !verdict.rows.includes(one))
        const after =
          verdict.rows.length > 0
            ? [...untouched, ...verdict.rows.map(written)]
            : [...untouched, written(row({ businessUnitId: OUR_UNIT }))]
        const confirmed = {
          value: wanted.value ? CONSENT_VALUES.optedIn : CONSENT_VALUES.optedOut,
          lo: wanted.lo,
          hi: wanted.hi,
          at: READ_AT,
        }
        expect(judgeSlot(wantedAt(wanted), after, { place: 'slot', confirmed }, kind, READ_AT).verdict).toBe('equal')
      }),
    )
  })

  it('§7 an unrelated later save does not re-assert an old value', () => {
    fc.assert(
      fc.property(inSeconds, inSeconds, seconds, (ours, wanted, later) => {
        const confirmed = {
          value: ours.value ? CONSENT_VALUES.optedIn : CONSENT_VALUES.optedOut,
          lo: ours.lo,
          hi: ours.hi,
          at: 25 * SECOND,
        }
        const at = (modifiedOn: number) =>
          judgeSlot(
            wantedAt(wanted),
            [row({ optedIn: ours.value, modifiedOn, modifiedBy: SOMEBODY })],
            { place: 'slot', confirmed },
            NEWEST,
            READ_AT,
          )
        expect(at(READ_AT + later).verdict).toBe(at(25 * SECOND).verdict)
      }),
    )
  })
})

describe('contact columns', () => {
  const COLUMN = column({}, { form: 'choice', yes: true, no: false })

  it('§7 delivering again what the column holds is always equal; what differs is guarded', () => {
    fc.assert(
      fc.property(
        inSeconds,
        fc.boolean(),
        seconds,
        ledger,
        conflict,
        fc.boolean(),
        (one, stored, modifiedOn, entry, kind, adopted) => {
          const stance = one.value ? 'opt-in' : 'refusal'
          const wanted = { column: COLUMN, value: one.value, claim: { stance, lo: one.lo, hi: one.hi } } as const
          const contact = { columns: { acme_newsletter: stored }, modifiedOn, byUs: false }
          const { verdict } = judgeColumn(wanted, contact, entry, { conflict: kind, clockTolerance: DELTA }, adopted)
          if (stored === one.value) expect(verdict).toBe('equal')
          else expect(verdict).not.toBe('equal')
          if (entry === undefined && !adopted && kind === 'newest' && stored !== one.value && one.value) {
            expect(verdict).toBe(one.lo > modifiedOn + DELTA ? 'write' : 'superseded')
          }
        },
      ),
    )
  })
})

describe('reason', () => {
  it('§6.5 gives back its span, whatever event and run are called', () => {
    fc.assert(
      fc.property(inSeconds, fc.option(hostileId, { nil: undefined }), hostileId, ({ lo, hi }, event, run) => {
        const text = reasonText({ lo, hi }, event, run)
        expect(parseReason(text)).toEqual({ lo, hi })
        expect(text.length).toBeLessThanOrEqual(500)
      }),
    )
  })
})
