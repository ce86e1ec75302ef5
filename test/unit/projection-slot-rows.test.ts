/** What becomes of a slot's rows: every row of the guard's table (semantics §6.6, §7). Times in seconds of Dataverse's clock. */

import { describe, expect, it } from 'vitest'

import { SECOND } from '../../src/consent/time.ts'
import { reasonText } from '../../src/projection/reason.ts'
import { CONSENT_VALUES, slotRowId } from '../../src/projection/slot.ts'
import { type ConsentRow, judgeSlot, type SlotPolicies } from '../../src/projection/slot-rows.ts'
import type { LedgerEntry } from '../../src/store/store.ts'
import {
  no,
  OTHER_UNIT,
  OUR_UNIT,
  POLICIES,
  row,
  SLOT,
  SOMEBODY,
  WE,
  wantedAt,
  yes,
} from '../support/consent-samples.ts'

const READ_AT = 1_000 * SECOND
const { optedIn: IN, optedOut: OUT } = CONSENT_VALUES

const s = (seconds: number) => seconds * SECOND
const optIn = (lo: number, hi = lo) => wantedAt(yes(s(lo), s(hi)))
const optOut = (lo: number, hi = lo) => wantedAt(no(s(lo), s(hi)))

interface Given {
  readonly rows?: readonly ConsentRow[]
  readonly entry?: Partial<LedgerEntry>
  readonly policies?: Partial<SlotPolicies>
}

function judge(wanted: ReturnType<typeof optIn>, { rows = [row()], entry, policies = {} }: Given = {}) {
  const whole = entry && { place: 'slot', ...entry }
  return judgeSlot(wanted, rows, whole, { ...POLICIES, ...policies }, READ_AT)
}

/** The instant (in microseconds) of the least opt-in lo that is written. */
function boundary(verdictAt: (micros: number) => string, low: number, high: number): number {
  let [from, to] = [low, high]
  while (to - from > 1) {
    const middle = Math.floor((from + to) / 2)
    if (verdictAt(middle) === 'write') to = middle
    else from = middle
  }
  return to
}
const leastOptIn = (given: Given) => boundary((at) => judge(wantedAt(yes(at, s(900))), given).verdict, 0, s(900))
const leastRefusal = (given: Given) => boundary((at) => judge(wantedAt(no(0, at)), given).verdict, 0, s(900))

const ourIn = row({ optedIn: true })
const confirmed = (value: number, lo: number, hi: number, at: number) => ({ value, lo: s(lo), hi: s(hi), at: s(at) })

describe('§7 no ledger entry', () => {
  it('a row of somebody else: an opt-in must be later than modifiedon + δ', () => {
    expect(leastOptIn({})).toBe(s(205) + 1)
    expect(judge(optIn(206))).toEqual({
      verdict: 'write',
      rows: [row()],
      replaces: 'foreign',
      foreign: { value: OUT, lo: s(95), hi: s(205) },
      missing: false,
    })
    expect(judge(optIn(205))).toEqual({
      verdict: 'superseded',
      foreign: { value: OUT, lo: s(95), hi: s(205) },
      missing: false,
    })
  })

  it('a row of somebody else: a refusal must reach createdon − δ', () => {
    expect(leastRefusal({ rows: [ourIn] })).toBe(s(95))
    expect(judge(optOut(1, 94), { rows: [ourIn] })).toMatchObject({ verdict: 'superseded', foreign: { value: IN } })
    expect(judge(optOut(1, 95), { rows: [ourIn] })).toMatchObject({
      verdict: 'write',
      replaces: 'foreign',
      foreign: { value: IN, lo: s(95), hi: s(205) },
    })
  })

  it('a row last modified by us with a readable reason: its lo and hi, δ = 0', () => {
    const reason = reasonText({ lo: s(50), hi: s(60) }, undefined, 'r')
    const ours = row({ modifiedBy: WE, reason })
    expect(leastOptIn({ rows: [ours] })).toBe(s(60) + 1)
    expect(leastRefusal({ rows: [row({ modifiedBy: WE, reason, optedIn: true })] })).toBe(s(50))
    expect(judge(optIn(61), { rows: [ours] })).toEqual({
      verdict: 'write',
      rows: [ours],
      replaces: 'ours',
      missing: false,
    })
    expect(judge(optIn(60), { rows: [ours] })).toMatchObject({
      verdict: 'superseded',
      foreign: { value: OUT, lo: s(50), hi: s(60) },
    })
  })

  it('our reason counts neither unread nor under another hand', () => {
    const reason = reasonText({ lo: s(50), hi: s(60) }, undefined, 'r')
    expect(leastOptIn({ rows: [row({ modifiedBy: WE, reason: 'by hand' })] })).toBe(s(205) + 1)
    expect(leastOptIn({ rows: [row({ modifiedBy: SOMEBODY, reason })] })).toBe(s(205) + 1)
    expect(leastOptIn({ rows: [row({ modifiedBy: SOMEBODY, reason })], policies: { us: new Set([SOMEBODY]) } })).toBe(
      s(60) + 1,
    )
  })

  it('no row and none in the ledger states nothing', () => {
    const write = { verdict: 'write', rows: [], replaces: 'nothing', missing: false }
    expect(judge(optIn(1), { rows: [] })).toEqual(write)
    expect(judge(optOut(1), { rows: [] })).toEqual(write)
    expect(judge(optIn(1), { rows: [], entry: { intended: { value: IN, lo: 1, hi: 1 } } })).toEqual(write)
    expect(judge(optIn(1), { rows: [], policies: { conflict: 'dataverse-wins' } })).toEqual(write)
  })

  it('Not Set states nothing', () => {
    const unset = row({ optedIn: undefined })
    expect(judge(optIn(1), { rows: [unset] })).toEqual({
      verdict: 'write',
      rows: [unset],
      replaces: 'nothing',
      missing: false,
    })
    expect(judge(optOut(1), { rows: [unset] })).toMatchObject({ verdict: 'write', replaces: 'nothing' })
  })
})

describe('§7 the ledger', () => {
  it('the ledger’s value: until its end, whoever touched the row since, δ = 0; to any refusal it gives way', () => {
    const given = { entry: { confirmed: confirmed(OUT, 20, 30, 150) } }
    expect(leastOptIn(given)).toBe(s(30) + 1)
    expect(judge(optIn(31), given)).toMatchObject({ verdict: 'write', replaces: 'ours' })
    const yes = { confirmed: confirmed(IN, 20, 30, 150) }
    expect(judge(optOut(1), { rows: [ourIn], entry: yes })).toMatchObject({ verdict: 'write', replaces: 'ours' })
    const agreed = { ...yes, foreign: { value: IN, lo: s(100), hi: s(110) } }
    expect(leastRefusal({ rows: [ourIn], entry: agreed })).toBe(s(20))
  })

  it('an intended value is ours as well', () => {
    expect(leastOptIn({ entry: { intended: { value: OUT, lo: s(20), hi: s(30) } } })).toBe(s(30) + 1)
    expect(
      leastOptIn({ entry: { confirmed: confirmed(IN, 5, 6, 150), intended: { value: OUT, lo: s(20), hi: s(30) } } }),
    ).toBe(s(30) + 1)
  })

  it('both holding the value: until the later end', () => {
    const both = (value: number) => ({
      confirmed: confirmed(value, 20, 30, 150),
      intended: { value, lo: s(10), hi: s(25) },
    })
    expect(leastOptIn({ entry: both(OUT) })).toBe(s(30) + 1)
    const agreed = { ...both(IN), foreign: { value: IN, lo: s(100), hi: s(110) } }
    expect(leastRefusal({ rows: [ourIn], entry: agreed })).toBe(s(10))
  })

  it('another value than the ledger’s: from ledger time to modifiedon, δ', () => {
    const given = { rows: [ourIn], entry: { confirmed: confirmed(OUT, 20, 30, 150) } }
    expect(leastRefusal(given)).toBe(s(145))
    expect(leastOptIn({ entry: { confirmed: confirmed(IN, 20, 30, 150) } })).toBe(s(205) + 1)
    expect(judge(optOut(1, 150), given)).toMatchObject({
      replaces: 'foreign',
      foreign: { value: IN, lo: s(145), hi: s(205) },
    })
  })

  it('a ledger time after modifiedon begins no span after its end', () => {
    expect(judge(optOut(1, 900), { rows: [ourIn], entry: { confirmed: confirmed(OUT, 20, 30, 400) } })).toMatchObject({
      foreign: { lo: s(195), hi: s(205) },
    })
  })

  it('the same value in a row that somebody else made since: from createdon to modifiedon, δ', () => {
    const made = { createdOn: s(160), modifiedOn: s(200) }
    expect(leastOptIn({ rows: [row(made)], entry: { confirmed: confirmed(OUT, 20, 30, 150) } })).toBe(s(205) + 1)
    const rows = [{ ...ourIn, ...made }]
    expect(leastRefusal({ rows, entry: { confirmed: confirmed(IN, 20, 30, 150) } })).toBe(s(155))
    // Ours as ever: by our hand, by what was written ahead, made before.
    const entry = { confirmed: confirmed(OUT, 20, 30, 150) }
    expect(leastOptIn({ rows: [row({ ...made, modifiedBy: WE })], entry })).toBe(s(30) + 1)
    const ahead = { ...entry, intended: { value: OUT, lo: s(20), hi: s(40) } }
    expect(leastOptIn({ rows: [row(made)], entry: ahead })).toBe(s(40) + 1)
    expect(leastOptIn({ rows: [row({ ...made, createdOn: s(150) })], entry })).toBe(s(30) + 1)
  })

  it('the reason does not count where the ledger knows the row', () => {
    const reason = reasonText({ lo: s(50), hi: s(60) }, undefined, 'r')
    const rows = [row({ modifiedBy: WE, reason })]
    expect(leastOptIn({ rows, entry: { confirmed: confirmed(IN, 20, 30, 150) } })).toBe(s(205) + 1)
    expect(leastOptIn({ rows, entry: { intended: { value: IN, lo: s(20), hi: s(30) } } })).toBe(s(60) + 1)
  })
})

describe('§7 no row, but the ledger knew one', () => {
  const gone = { rows: [], entry: { confirmed: confirmed(IN, 20, 30, 150) } }

  it('is Opted Out from the ledger time to the first run that missed it, δ', () => {
    expect(leastOptIn({ rows: [], entry: { ...gone.entry, missingSince: s(300) } })).toBe(s(305) + 1)
    expect(judge(optIn(306), { rows: [], entry: { ...gone.entry, missingSince: s(300) } })).toEqual({
      verdict: 'write',
      rows: [],
      replaces: 'foreign',
      foreign: { value: OUT, lo: s(145), hi: s(305) },
      missing: true,
    })
  })

  it('this run is the first where none is noted', () => {
    expect(judge(optIn(1_005), gone)).toEqual({
      verdict: 'superseded',
      foreign: { value: OUT, lo: s(145), hi: READ_AT + s(5) },
      missing: true,
    })
    expect(judge(optIn(1_006), gone).verdict).toBe('write')
  })

  it('a refusal gets its row again, however old it is', () => {
    expect(judge(optOut(1), gone)).toMatchObject({ verdict: 'write', rows: [], replaces: 'nothing', missing: true })
  })

  it('a refusal that agrees with it leaves it known, so that a yes older than the deletion cannot pass', () => {
    expect(judge(optOut(1), gone)).toMatchObject({ foreign: { value: OUT, lo: s(145), hi: READ_AT + s(5) } })
  })

  it('the span never ends before it begins', () => {
    const entry = { confirmed: confirmed(IN, 20, 30, 400), missingSince: s(300) }
    expect(judge(optIn(1), { rows: [], entry })).toMatchObject({ foreign: { lo: s(295), hi: s(305) } })
  })

  it('is somebody else’s statement: conflict policies apply', () => {
    expect(judge(optIn(1), { ...gone, policies: { conflict: 'didomi-wins' } }).verdict).toBe('write')
    expect(judge(optIn(9_000), { ...gone, policies: { conflict: 'dataverse-wins' } }).verdict).toBe('superseded')
  })
})

describe('§6.6 rows of a slot', () => {
  it('all equal → unchanged', () => {
    const rows = [ourIn, row({ optedIn: true, id: SOMEBODY })]
    expect(judge(optIn(1), { rows })).toEqual({ verdict: 'equal', rows, missing: false })
    expect(judge(optOut(1))).toEqual({ verdict: 'equal', rows: [row()], missing: false })
  })

  it('those whose value differs are updated; E the least, F the greatest', () => {
    const late = row({ id: SOMEBODY, createdOn: s(150), modifiedOn: s(300) })
    expect(leastOptIn({ rows: [ourIn, row(), late] })).toBe(s(305) + 1)
    expect(judge(optIn(400), { rows: [ourIn, row(), late] })).toMatchObject({
      rows: [row(), late],
      foreign: { lo: s(95), hi: s(305) },
    })
    const ins = [late, row()].map((one) => ({ ...one, optedIn: true }))
    expect(leastRefusal({ rows: ins })).toBe(s(95))
  })

  it('an opt-in is written in the purpose owner’s business unit only', () => {
    const elsewhere = row({ id: SOMEBODY, businessUnitId: OTHER_UNIT })
    expect(judge(optIn(400), { rows: [row(), elsewhere] })).toMatchObject({ verdict: 'write', rows: [row()] })
    expect(judge(optIn(400), { rows: [row(), elsewhere], policies: { businessUnit: 'any' } })).toMatchObject({
      rows: [row(), elsewhere],
    })
    expect(judge(optIn(400), { rows: [ourIn, elsewhere] })).toMatchObject({ verdict: 'equal' })
  })

  it('an opt-in where only another unit has rows creates one, guarded by theirs', () => {
    const elsewhere = row({ businessUnitId: OTHER_UNIT })
    expect(judge(optIn(400), { rows: [elsewhere] })).toMatchObject({ verdict: 'write', rows: [], replaces: 'foreign' })
    expect(judge(optIn(200), { rows: [elsewhere] })).toMatchObject({ verdict: 'superseded' })
    expect(judge(optIn(400), { rows: [row({ businessUnitId: undefined })] })).toMatchObject({ rows: [] })
    const equalElsewhere = row({ businessUnitId: OTHER_UNIT, optedIn: true })
    expect(judge(optIn(1), { rows: [equalElsewhere] })).toEqual({
      verdict: 'write',
      rows: [],
      replaces: 'nothing',
      missing: false,
    })
    expect(judge(optIn(1), { rows: [equalElsewhere], policies: { businessUnit: 'any' } }).verdict).toBe('equal')
  })

  it('the row that we make counts wherever its owner has put it: else every run would make another', () => {
    for (const attempt of [1, 2]) {
      const made = row({ id: slotRowId(SLOT, attempt), businessUnitId: OTHER_UNIT })
      expect(judge(optIn(400), { rows: [made] })).toMatchObject({ verdict: 'write', rows: [made] })
      expect(judge(optIn(1), { rows: [{ ...made, optedIn: true }] }).verdict).toBe('equal')
    }
    const other = row({ id: slotRowId(SLOT, 3), businessUnitId: OTHER_UNIT })
    expect(judge(optIn(400), { rows: [other] })).toMatchObject({ verdict: 'write', rows: [] })
  })

  it('a refusal is written everywhere', () => {
    const rows = [ourIn, row({ optedIn: true, businessUnitId: OTHER_UNIT }), row({ businessUnitId: OUR_UNIT })]
    expect(judge(optOut(400), { rows })).toMatchObject({ verdict: 'write', rows: rows.slice(0, 2) })
    expect(judge(optOut(1), { rows: [row({ businessUnitId: OTHER_UNIT })] }).verdict).toBe('equal')
  })

  it('one foreign row makes the slot foreign', () => {
    const entry = { intended: { value: OUT, lo: s(20), hi: s(30) }, confirmed: confirmed(IN, 1, 2, 150) }
    expect(judge(optIn(31), { entry }).verdict).toBe('write')
    const rows = [row(), row({ optedIn: undefined })]
    expect(judge(optIn(31), { rows, entry })).toMatchObject({ verdict: 'write', replaces: 'ours', rows })
  })
})

describe('§7 conflict policies', () => {
  it('didomi-wins and dataverse-wins decide about foreign rows alone', () => {
    expect(judge(optIn(1), { policies: { conflict: 'didomi-wins' } }).verdict).toBe('write')
    expect(judge(optIn(900), { policies: { conflict: 'dataverse-wins' } }).verdict).toBe('superseded')
    const entry = { confirmed: confirmed(OUT, 20, 30, 150) }
    expect(judge(optIn(31), { entry, policies: { conflict: 'dataverse-wins' } }).verdict).toBe('write')
    expect(judge(optIn(1), { entry, policies: { conflict: 'didomi-wins' } }).verdict).toBe('superseded')
  })
})
