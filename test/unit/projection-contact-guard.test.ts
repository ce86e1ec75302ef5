/** What the guard lets through to a contact's columns (semantics §5.6, §7). Times in seconds of Dataverse's clock. */

import { describe, expect, it } from 'vitest'

import { SECOND, SINCE_EVER } from '../../src/consent/time.ts'
import { heldColumn, judgeColumn, ownValue } from '../../src/projection/contact-row.ts'
import type { Claim, Conflict } from '../../src/projection/guard.ts'
import type { JsonValue } from '../../src/record/record.ts'
import type { LedgerEntry } from '../../src/store/store.ts'
import { column, DELTA } from '../support/consent-samples.ts'

const COLUMN = column({}, { form: 'choice', yes: true, no: false })
const MODIFIED = 200 * SECOND
const s = (seconds: number) => seconds * SECOND

const claim = (stance: Claim['stance'], lo: number, hi = lo): Claim => ({ stance, lo: s(lo), hi: s(hi) })
const optIn = (lo: number) => ({ column: COLUMN, value: true, claim: claim('opt-in', lo, 900) })
const optOut = (hi: number) => ({ column: COLUMN, value: false, claim: claim('refusal', 0, hi) })

interface Given {
  readonly stored?: JsonValue
  readonly entry?: Partial<LedgerEntry>
  /** Whether we saved the contact last. */
  readonly byUs?: boolean
  readonly conflict?: Conflict
  readonly adopted?: boolean
}

function judge(
  wanted: Parameters<typeof judgeColumn>[0],
  { stored, entry, byUs = false, conflict = 'newest', adopted = false }: Given,
) {
  const columns = stored === undefined ? {} : { acme_newsletter: stored }
  const whole = entry && { place: 'contact', ...entry }
  return judgeColumn(
    wanted,
    { columns, modifiedOn: MODIFIED, byUs },
    whole,
    { conflict, clockTolerance: DELTA },
    adopted,
  )
}

const confirmed = (value: JsonValue, lo: number, hi: number, at: number) => ({ value, lo: s(lo), hi: s(hi), at: s(at) })

describe('§5.6 only columns that differ are sent', () => {
  it('equal values need no write', () => {
    expect(judge(optIn(1), { stored: true })).toEqual({ verdict: 'equal' })
    expect(judge(optOut(1), { stored: false, conflict: 'dataverse-wins' })).toEqual({ verdict: 'equal' })
  })
})

describe('§7 null', () => {
  it('states nothing: write', () => {
    for (const given of [{ stored: null }, {}, { stored: '' }]) {
      expect(judge(optIn(1), given)).toEqual({ verdict: 'write', replaces: 'nothing' })
      expect(judge(optOut(1), { ...given, conflict: 'dataverse-wins' })).toEqual({
        verdict: 'write',
        replaces: 'nothing',
      })
    }
  })
})

describe('§7 no ledger entry', () => {
  const foreign = { value: false, lo: SINCE_EVER, hi: MODIFIED + DELTA }

  it('a contact column: (−∞, modifiedon], δ', () => {
    expect(judge(optIn(205), { stored: false })).toEqual({ verdict: 'superseded', foreign })
    expect(judge(optIn(206), { stored: false })).toEqual({ verdict: 'write', replaces: 'foreign', foreign })
    expect(judge(optOut(0), { stored: true })).toMatchObject({ verdict: 'write', replaces: 'foreign' })
  })

  it('a value without refusal must be newer too', () => {
    expect(judge({ ...optOut(1), claim: claim('plain', 205) }, { stored: true }).verdict).toBe('superseded')
    expect(judge({ ...optOut(1), claim: claim('plain', 206) }, { stored: true }).verdict).toBe('write')
  })

  it('contact.adopt: a first delivery overwrites without the test', () => {
    expect(judge(optIn(1), { stored: false, adopted: true })).toEqual({
      verdict: 'write',
      replaces: 'foreign',
      foreign,
    })
    expect(judge(optIn(1), { stored: false, adopted: true, entry: {} }).verdict).toBe('superseded')
    expect(judge(optIn(1), { stored: true, adopted: true }).verdict).toBe('equal')
  })

  it('contact.adopt: a first delivery whose answer never came is still the first', () => {
    const intended = { value: true, lo: 1, hi: 1 }
    const verdict = (entry: Partial<LedgerEntry>) => judge(optIn(1), { stored: false, adopted: true, entry }).verdict
    expect(verdict({ intended })).toBe('write')
    expect(verdict({ intended, rowId: 'row' })).toBe('superseded')
    expect(verdict({ intended, confirmed: confirmed(true, 1, 1, 150) })).toBe('superseded')
    expect(verdict({ foreign: { value: false, lo: 1, hi: 2 } })).toBe('superseded')
  })
})

describe('§7 the ledger', () => {
  it('the ledger’s value: until the end of the ledger’s span, δ = 0, whoever saved the row since', () => {
    const given = { stored: false, entry: { confirmed: confirmed(false, 20, 30, 150) } }
    expect(judge(optIn(30), given)).toEqual({
      verdict: 'superseded',
      foreign: { value: false, lo: SINCE_EVER, hi: s(30) },
      ours: true,
    })
    expect(judge(optIn(31), given)).toEqual({ verdict: 'write', replaces: 'ours' })
  })

  it('an opt-in of ours gives way to any refusal, but not where somebody else agreed with it later', () => {
    const entry = { confirmed: confirmed(true, 20, 30, 150) }
    expect(judge(optOut(1), { stored: true, entry })).toEqual({ verdict: 'write', replaces: 'ours' })
    const agreed = { ...entry, foreign: { value: true, lo: s(100), hi: s(110) } }
    expect(judge(optOut(19), { stored: true, entry: agreed }).verdict).toBe('superseded')
    expect(judge(optOut(20), { stored: true, entry: agreed }).verdict).toBe('write')
    const contradicted = { ...entry, foreign: { value: false, lo: s(100), hi: s(110) } }
    expect(judge(optOut(1), { stored: true, entry: contradicted }).verdict).toBe('write')
  })

  it('an intended value is ours as well', () => {
    const entry = { intended: { value: false, lo: s(20), hi: s(30) }, confirmed: confirmed(true, 1, 2, 150) }
    expect(judge(optIn(31), { stored: false, entry })).toEqual({ verdict: 'write', replaces: 'ours' })
    expect(judge(optIn(30), { stored: false, entry }).verdict).toBe('superseded')
  })

  it('another value than the ledger’s: [ledger time, modifiedon], δ', () => {
    const given = { stored: true, entry: { confirmed: confirmed(false, 20, 30, 150) } }
    const foreign = { value: true, lo: s(150) - DELTA, hi: MODIFIED + DELTA }
    expect(judge(optOut(144), given)).toEqual({ verdict: 'superseded', foreign })
    expect(judge(optOut(145), given)).toEqual({ verdict: 'write', replaces: 'foreign', foreign })
  })

  it('conflict policies decide about foreign values alone', () => {
    const ours = { stored: false, entry: { confirmed: confirmed(false, 20, 30, 150) } }
    expect(judge(optIn(31), { ...ours, conflict: 'dataverse-wins' }).verdict).toBe('write')
    expect(judge(optIn(30), { ...ours, conflict: 'didomi-wins' }).verdict).toBe('superseded')
    expect(judge(optIn(1), { stored: false, conflict: 'didomi-wins' }).verdict).toBe('write')
    expect(judge(optIn(900), { stored: false, conflict: 'dataverse-wins' }).verdict).toBe('superseded')
  })
})

describe('§7 the span of a column', () => {
  const held = (entry: Partial<LedgerEntry> | undefined, byUs = false) =>
    heldColumn(COLUMN, false, { modifiedOn: MODIFIED, byUs }, entry && { place: 'contact', ...entry }, DELTA)
  const clock = { ours: false, loTolerance: DELTA, hiTolerance: DELTA }

  it('δ stands where the bound is a time of Dataverse’s clock', () => {
    expect(held(undefined)).toEqual({ lo: SINCE_EVER, hi: MODIFIED, ...clock })
    expect(held({ intended: { value: true, lo: 1, hi: 2 } })).toEqual({ lo: SINCE_EVER, hi: MODIFIED, ...clock })
    expect(held({ confirmed: confirmed(true, 20, 30, 150) })).toEqual({ lo: s(150), hi: MODIFIED, ...clock })
    expect(held({ confirmed: confirmed(true, 20, 30, 400) })).toEqual({ lo: MODIFIED, hi: MODIFIED, ...clock })
    expect(held({ confirmed: confirmed(false, 20, 30, 150) })).toEqual({
      lo: SINCE_EVER,
      hi: s(30),
      ours: true,
      loTolerance: 0,
      hiTolerance: 0,
    })
  })

  it('a value that is back after another was written ahead may have been taken back: it is somebody else’s', () => {
    const entry = (at: number) => ({
      confirmed: confirmed(false, 20, 30, 150),
      intended: { value: true, lo: s(100), hi: s(110), at: s(at) },
    })
    const theirs = { lo: SINCE_EVER, hi: MODIFIED, ...clock }
    expect(held(entry(180))).toEqual(theirs)
    expect(held(entry(MODIFIED / 1_000_000))).toEqual(theirs)
    // Nobody saved the row since: ours never arrived.
    expect(held(entry(MODIFIED / 1_000_000 + 1))).toMatchObject({ hi: s(30), ours: true })
    // An opt-in that our own old no would have let pass.
    const given = { stored: false, entry: entry(180) }
    expect(judge(optIn(150), given).verdict).toBe('superseded')
    expect(judge(optIn(150), { stored: false, entry: { confirmed: entry(180).confirmed } }).verdict).toBe('write')
  })

  it('a value that was only written ahead, in a row that somebody else saved since, may be theirs', () => {
    const entry = (at: number) => ({
      confirmed: confirmed(true, 5, 10, 60),
      intended: { value: false, lo: s(20), hi: s(30), at: s(at) },
    })
    const theirs = { lo: SINCE_EVER, hi: MODIFIED, ...clock }
    const ours = { hi: s(30), ours: true }
    expect(held(entry(180))).toEqual(theirs)
    expect(held({ intended: entry(180).intended })).toEqual(theirs)
    expect(held(entry(MODIFIED / 1_000_000))).toEqual(theirs)
    // We saved it last, nobody did, or it is known to have arrived.
    expect(held(entry(180), true)).toMatchObject(ours)
    expect(held(entry(MODIFIED / 1_000_000 + 1))).toMatchObject(ours)
    expect(held({ ...entry(180), confirmed: confirmed(false, 20, 30, 170) })).toMatchObject(ours)
    // An opt-in that our own no would have let pass; and a refusal passes whoever said yes.
    expect(judge(optIn(150), { stored: false, entry: entry(180) }).verdict).toBe('superseded')
    expect(judge(optIn(206), { stored: false, entry: entry(180) }).verdict).toBe('write')
    expect(judge(optIn(150), { stored: false, entry: entry(180), byUs: true }).verdict).toBe('write')
    const yes = { intended: { value: true, lo: s(20), hi: s(30), at: s(180) } }
    expect(judge(optOut(1), { stored: true, entry: yes }).verdict).toBe('write')
  })

  it('is kept with δ on both ends, and what was seen before the ledger time is told by its end without it', () => {
    const seen = (hi: number) => ({
      confirmed: confirmed(false, 20, 30, 150),
      foreign: { value: true, lo: 0, hi: s(hi) },
    })
    // Seen at 149, kept until 154: our no was written over it.
    expect(held(seen(154))).toMatchObject({ hi: s(30), ours: true })
    expect(held(seen(156))).toEqual({ lo: SINCE_EVER, hi: MODIFIED, ...clock })
    // Somebody else's no that we agreed to, saved at 200: a yes from within the tolerance of that does not pass later either.
    const { verdict, ...rest } = judge(optIn(204), { stored: false })
    expect(verdict).toBe('superseded')
    const agreed = { confirmed: confirmed(false, 20, 30, 300), ...rest }
    expect(judge(optIn(204), { stored: false, entry: agreed }).verdict).toBe('superseded')
    expect(judge(optIn(206), { stored: false, entry: agreed }).verdict).toBe('write')
  })

  it('where only an intended value is known, another one came after the reading before it, unless that showed it', () => {
    const intended = { value: true, lo: s(1), hi: s(2), at: s(180) }
    expect(held({ intended })).toEqual({ lo: s(180), hi: MODIFIED, ...clock })
    const foreign = { value: false, lo: SINCE_EVER, hi: s(170) }
    expect(held({ intended, foreign })).toEqual({ lo: SINCE_EVER, hi: MODIFIED, ...clock })
  })

  it('of intended and confirmed holding one value ends with the later', () => {
    const entry: LedgerEntry = {
      place: 'contact',
      intended: { value: 1, lo: 5, hi: 40 },
      confirmed: { value: 1, lo: 10, hi: 20, at: 90 },
    }
    const until = (hi: number) => ({ lo: SINCE_EVER, hi })
    expect(ownValue(entry, (value) => value === 1)).toEqual(until(40))
    expect(ownValue({ ...entry, intended: { value: 1, lo: 15, hi: 16 } }, () => true)).toEqual(until(20))
    expect(ownValue({ ...entry, intended: { value: 2, lo: 5, hi: 40 } }, (value) => value === 1)).toEqual(until(20))
    const agreed = { ...entry, foreign: { value: 1, lo: 7, hi: 60 } }
    expect(ownValue(agreed, (value) => value === 1)).toEqual({ lo: 5, hi: 60 })
    expect(ownValue(entry, () => false)).toBeUndefined()
    expect(ownValue(undefined, () => true)).toBeUndefined()
    expect(ownValue({ place: 'contact' }, () => true)).toBeUndefined()
  })
})
