/** Older never overwrites newer (semantics §7). */

import { describe, expect, it } from 'vitest'
import { SINCE_EVER } from '../../src/consent/time.ts'
import { type Claim, combineHeld, guard, type Held, type Stance } from '../../src/projection/guard.ts'

const claim = (stance: Stance, lo: number, hi: number): Claim => ({ stance, lo, hi })
/** Somebody's value of [100, 200], on Dataverse's clock with δ = 5. */
const held = (parts: Partial<Held> = {}): Held => ({
  lo: 100,
  hi: 200,
  loTolerance: 5,
  hiTolerance: 5,
  ours: false,
  ...parts,
})

describe('§7 newest', () => {
  it.each<[Stance, number, number, string]>([
    ['opt-in', 205, 900, 'superseded'],
    ['opt-in', 206, 206, 'write'],
    ['opt-in', SINCE_EVER, 900, 'superseded'],
    ['plain', 205, 900, 'superseded'],
    ['plain', 206, 206, 'write'],
    ['refusal', 1, 94, 'superseded'],
    ['refusal', 1, 95, 'write'],
    ['refusal', SINCE_EVER, 150, 'write'],
  ])('a %s of [%d, %d] against [100, 200] ± 5: %s', (stance, lo, hi, verdict) => {
    expect(guard(claim(stance, lo, hi), held(), 'newest')).toBe(verdict)
  })

  it.each<[Stance, number, number, string]>([
    ['opt-in', 200, 200, 'superseded'],
    ['opt-in', 201, 201, 'write'],
    ['refusal', 99, 99, 'superseded'],
    ['refusal', 100, 100, 'write'],
  ])('δ is 0 for spans of the ledger: a %s of [%d, %d]: %s', (stance, lo, hi, verdict) => {
    expect(guard(claim(stance, lo, hi), held({ ours: true, loTolerance: 0, hiTolerance: 0 }), 'newest')).toBe(verdict)
  })

  it.each(['newest', 'didomi-wins', 'dataverse-wins'] as const)(
    '%s: our own value without refusal gives way, as a set that shrinks is no newer than the one before',
    (conflict) => {
      expect(guard(claim('plain', 1, 2), held({ ours: true }), conflict)).toBe('write')
      expect(guard(claim('plain', 1, 2), held(), conflict)).toBe(conflict === 'didomi-wins' ? 'write' : 'superseded')
    },
  )

  it('a refusal always overwrites what has no known beginning', () => {
    expect(guard(claim('refusal', SINCE_EVER, 1), held({ lo: SINCE_EVER }), 'newest')).toBe('write')
  })
})

describe('§7 conflict policies', () => {
  const older = claim('opt-in', 1, 2)
  const newer = claim('opt-in', 900, 900)

  it("decide about somebody else's value alone", () => {
    expect(guard(older, held(), 'didomi-wins')).toBe('write')
    expect(guard(newer, held(), 'dataverse-wins')).toBe('superseded')
    expect(guard(claim('refusal', 900, 900), held(), 'dataverse-wins')).toBe('superseded')
  })

  it.each(['newest', 'didomi-wins', 'dataverse-wins'] as const)(
    '%s: our own value gives way to the newest',
    (conflict) => {
      expect(guard(older, held({ ours: true }), conflict)).toBe('superseded')
      expect(guard(newer, held({ ours: true }), conflict)).toBe('write')
    },
  )
})

describe('§7 several rows of a slot', () => {
  it('E is the least, F the greatest, each with its own tolerance', () => {
    const a = held({ lo: 100, hi: 200, loTolerance: 5, hiTolerance: 5 })
    const b = held({ lo: 90, hi: 300, loTolerance: 0, hiTolerance: 0 })
    const both = { lo: 90, hi: 300, loTolerance: 0, hiTolerance: 0, ours: false }
    expect(combineHeld([a, b])).toEqual(both)
    expect(combineHeld([b, a])).toEqual(both)
    expect(combineHeld([a])).toEqual(a)
  })

  it('what counts is the bound with its tolerance', () => {
    const clock = held({ lo: 100, hi: 200 })
    const ledger = held({ lo: 97, hi: 203, loTolerance: 0, hiTolerance: 0 })
    for (const several of [[clock, ledger] as const, [ledger, clock] as const]) {
      expect(combineHeld(several)).toMatchObject({ lo: 100, loTolerance: 5, hi: 200, hiTolerance: 5 })
    }
  })

  it('are ours only if all are', () => {
    const ours = held({ ours: true })
    expect(combineHeld([ours, ours]).ours).toBe(true)
    expect(combineHeld([ours, held(), ours]).ours).toBe(false)
    expect(combineHeld([held(), ours]).ours).toBe(false)
  })
})
