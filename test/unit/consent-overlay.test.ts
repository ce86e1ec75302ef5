/** Several statements of one key become one (semantics §3, §6.4). */

import { describe, expect, it } from 'vitest'

import { everybody, everybodysSet, newestAttribute, overlay, overlaySets } from '../../src/consent/overlay.ts'
import { SINCE_EVER } from '../../src/consent/time.ts'
import { ids, no, yes } from '../support/consent-samples.ts'

describe('§3 overlay', () => {
  it('of nothing is nothing, of one that one', () => {
    expect(overlay([])).toBeUndefined()
    expect(overlay([{ ...yes(1, 2), event: 'e' }])).toEqual({ ...yes(1, 2), event: 'e' })
    expect(overlay([no(SINCE_EVER, 2)])).toEqual(no(SINCE_EVER, 2))
  })

  it('drops what is certainly older', () => {
    expect(overlay([no(1, 5), yes(6, 9)])).toEqual(yes(6, 9))
    expect(overlay([yes(1, 5), no(6, 9)])).toEqual(no(6, 9))
  })

  it('lets the refusal win where the order cannot be known', () => {
    expect(overlay([no(1, 6), yes(6, 9)])).toEqual(no(1, 6))
    expect(overlay([yes(6, 9), no(1, 7)])).toEqual(no(1, 7))
    expect(overlay([yes(SINCE_EVER, 9), no(SINCE_EVER, 7)])).toEqual(no(SINCE_EVER, 7))
  })

  it('measures candidates by the greatest lo of all', () => {
    expect(overlay([no(1, 6), yes(3, 20), yes(7, 9)])).toEqual(yes(7, 20))
  })

  it('spans the greatest lo and the greatest hi of those holding the result', () => {
    expect(overlay([yes(1, 30), yes(5, 10), yes(3, 20)])).toEqual(yes(5, 30))
    expect(overlay([no(1, 12), no(2, 11), yes(9, 40), no(1, 3)])).toEqual(no(2, 12))
  })

  it('is dated by the event of greatest lo, hi and id among the holders', () => {
    const of = (lo: number, hi: number, event: string) => ({ ...yes(lo, hi), event })
    const events = (...all: readonly ReturnType<typeof of>[]) => [overlay(all)?.event, overlay(all.toReversed())?.event]
    expect(events(of(1, 9, 'z'), of(2, 9, 'a'))).toEqual(['a', 'a'])
    expect(events(of(2, 8, 'z'), of(2, 9, 'a'))).toEqual(['a', 'a'])
    expect(events(of(2, 9, 'y'), of(2, 9, 'z'), of(2, 9, 'x'))).toEqual(['z', 'z'])
    expect(overlay([yes(2, 9), of(1, 9, 'a')])?.event).toBe('a')
    expect(overlay([{ ...no(1, 9), event: 'no' }, of(2, 9, 'yes')])?.event).toBe('no')
    expect(overlay([no(1, 9), of(2, 9, 'yes')])).not.toHaveProperty('event')
  })
})

describe('§3 overlay of whole sets', () => {
  it('of nothing is nothing, of one that one', () => {
    expect(overlaySets([])).toBeUndefined()
    expect(overlaySets([ids(1, 2, 'a')])).toEqual(ids(1, 2, 'a'))
  })

  it('drops what is certainly older', () => {
    expect(overlaySets([ids(1, 5, 'a'), ids(6, 9, 'b')])).toEqual(ids(6, 9, 'b'))
  })

  it('is the intersection where the order cannot be known', () => {
    expect(overlaySets([ids(1, 6, 'a', 'b', 'c'), ids(6, 9, 'b', 'c', 'd')])?.ids).toEqual(['b', 'c'])
    expect(overlaySets([ids(1, 6, 'a'), ids(6, 9, 'b')])?.ids).toEqual([])
  })

  it('spans the candidates that hold the result', () => {
    expect(overlaySets([ids(1, 7, 'a'), ids(6, 9, 'a', 'b')])).toEqual(ids(1, 7, 'a'))
    expect(overlaySets([ids(1, 7, 'a'), ids(2, 8, 'a'), ids(6, 9, 'a', 'b')])).toEqual(ids(2, 8, 'a'))
  })

  it('spans all candidates where none holds the result alone', () => {
    expect(overlaySets([ids(1, 7, 'a', 'b'), ids(6, 9, 'b', 'c'), ids(1, 2, 'b')])).toEqual(ids(6, 9, 'b'))
  })
})

describe('§6.4 opt-out-wins', () => {
  it('of nothing is nothing', () => {
    expect(everybody([])).toBeUndefined()
    expect(everybodysSet([])).toBeUndefined()
  })

  it('is Opted In only if everybody says yes, then with the least lo', () => {
    expect(everybody([yes(1, 5), yes(10, 20)])).toEqual(yes(1, 20))
    expect(
      everybody([
        { ...yes(1, 5), event: 'a' },
        { ...yes(10, 20), event: 'b' },
      ]),
    ).toEqual({
      ...yes(1, 20),
      event: 'b',
    })
  })

  it('is Opted Out else, over the hull of the refusing persons', () => {
    expect(everybody([no(3, 5), yes(100, 200), no(1, 4)])).toEqual(no(1, 5))
    expect(everybody([no(1, 5), { ...yes(100, 200), event: 'yes' }])).toEqual(no(1, 5))
  })

  it('of sets is what everybody selected, over the hull', () => {
    expect(everybodysSet([ids(1, 5, 'a', 'b'), ids(10, 20, 'b', 'c')])).toEqual(ids(1, 20, 'b'))
    expect(everybodysSet([ids(1, 5, 'a'), ids(10, 20, 'b')])).toEqual(ids(1, 20))
  })
})

describe('§5.4 attributes of several', () => {
  it('are those of the greatest stamp', () => {
    const of = (asOf: number, json: string) => ({ json, stamp: [asOf, -1] as const, lo: 0, hi: asOf })
    expect(newestAttribute([of(1, '"a"'), of(3, '"b"'), of(2, '"c"')])?.json).toBe('"b"')
    expect(newestAttribute([of(3, '"a"'), of(3, '"b"')])?.json).toBe('"b"')
    expect(newestAttribute([])).toBeUndefined()
  })
})
