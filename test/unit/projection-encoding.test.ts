/** Values as a contact column holds them, and when two of them are the same (semantics §5.5, §5.6). */

import { describe, expect, it } from 'vitest'

import type { ColumnMetadata } from '../../src/dataverse/dataverse.ts'
import { encodeAttribute, encodeSet, sameValue, statesNothing } from '../../src/projection/contact-column.ts'
import type { JsonValue } from '../../src/record/record.ts'
import { column, columnMetadata } from '../support/consent-samples.ts'

const UNFIT = { unholdable: 'value-unfit' }
const TOO_LONG = { unholdable: 'value-too-long' }
const attribute = (type: ColumnMetadata['type'], value: JsonValue, parts: Partial<ColumnMetadata> = {}) =>
  encodeAttribute(column({ type, ...parts }, { form: 'attribute', name: 'country' }), JSON.stringify(value))

describe('§5.5 sets', () => {
  const text = (maxLength?: number) => column({ type: 'text', ...(maxLength && { maxLength }) }, { form: 'set' })
  const codes = new Map([
    ['a', 900],
    ['b', 100],
    ['c', 1000],
    ['again', 100],
  ])
  const choices = column({ type: 'choices' }, { form: 'set', codes })

  it('are joined by "," in text', () => {
    expect(encodeSet(text(), undefined, ['a', 'b'])).toEqual({ value: 'a,b' })
    expect(encodeSet(text(), undefined, [])).toEqual({ value: '' })
    expect(encodeSet(text(3), undefined, ['a', 'b'])).toEqual({ value: 'a,b' })
    expect(encodeSet(text(2), undefined, ['a', 'b'])).toEqual(TOO_LONG)
  })

  it('are codes in choices, sorted, each once; ids without a code are left out', () => {
    expect(encodeSet(choices, codes, ['a', 'again', 'b', 'c', 'unknown'])).toEqual({ value: '100,1000,900' })
    expect(encodeSet(choices, codes, ['a'])).toEqual({ value: '900' })
    expect(encodeSet(choices, codes, [])).toEqual({ value: null })
    expect(encodeSet(choices, codes, ['unknown'])).toEqual({ value: null })
  })
})

describe('§5.5 attributes', () => {
  it('in text: any scalar; a value too long is left out', () => {
    expect(attribute('text', 'FR')).toEqual({ value: 'FR' })
    expect(attribute('text', 12)).toEqual({ value: '12' })
    expect(attribute('text', false)).toEqual({ value: 'false' })
    expect(attribute('text', null)).toEqual(UNFIT)
    expect(attribute('text', ['FR'])).toEqual(UNFIT)
    expect(attribute('text', { a: 1 })).toEqual(UNFIT)
    expect(attribute('text', 'abc', { maxLength: 3 })).toEqual({ value: 'abc' })
    expect(attribute('text', 'abcd', { maxLength: 3 })).toEqual(TOO_LONG)
  })

  it('in boolean: a JSON boolean', () => {
    expect(attribute('boolean', true)).toEqual({ value: true })
    expect(attribute('boolean', false)).toEqual({ value: false })
    expect(attribute('boolean', 'true')).toEqual(UNFIT)
    expect(attribute('boolean', 1)).toEqual(UNFIT)
  })

  it('in numbers: a number', () => {
    expect(attribute('whole-number', 12)).toEqual({ value: 12 })
    expect(attribute('whole-number', 1.5)).toEqual(UNFIT)
    expect(attribute('whole-number', '12')).toEqual(UNFIT)
    expect(attribute('decimal', 1.5)).toEqual({ value: 1.5 })
    expect(attribute('decimal', '1.5')).toEqual(UNFIT)
  })

  it('in date-time: the instant, to the second', () => {
    expect(attribute('date-time', '2026-10-20T14:30:15.999999+02:00')).toEqual({ value: '2026-10-20T12:30:15Z' })
    expect(attribute('date-time', '1969-12-31T23:59:59.5Z')).toEqual({ value: '1969-12-31T23:59:59Z' })
    expect(attribute('date-only', '2026-10-20T00:30:00+02:00')).toEqual({ value: '2026-10-19' })
    expect(attribute('date-time', '2026-10-20')).toEqual(UNFIT)
    expect(attribute('date-only', 12)).toEqual(UNFIT)
  })

  it('in choice: an option by code or label', () => {
    const options = [
      { code: 100, labels: ['France', 'Frankreich'] },
      { code: 200, labels: [] },
    ]
    expect(attribute('choice', 200, { options })).toEqual({ value: 200 })
    expect(attribute('choice', 'Frankreich', { options })).toEqual({ value: 100 })
    expect(attribute('choice', 'Italy', { options })).toEqual(UNFIT)
    expect(attribute('choice', 'Italy')).toEqual(UNFIT)
  })

  it('nowhere else', () => {
    expect(attribute('lookup', 'x')).toEqual(UNFIT)
    expect(attribute('choices', 'x')).toEqual(UNFIT)
  })
})

describe('§5.6 the same value', () => {
  const same = (type: ColumnMetadata['type'], stored: JsonValue | undefined, wanted: JsonValue) =>
    sameValue({ metadata: columnMetadata({ type }) }, stored, wanted)

  it('is the same text, number or boolean', () => {
    expect(same('boolean', true, true)).toBe(true)
    expect(same('boolean', true, false)).toBe(false)
    expect(same('text', 'a', 'a')).toBe(true)
    expect(same('text', 'a', 'A')).toBe(false)
    expect(same('choice', 100, 100)).toBe(true)
    expect(same('date-only', '2026-10-20', '2026-10-20')).toBe(true)
  })

  it('of nothing is nothing: null, absent, empty', () => {
    for (const stored of [null, undefined, '']) {
      expect(same('text', stored, '')).toBe(true)
      expect(same('choices', stored, null)).toBe(true)
      expect(same('boolean', stored, false)).toBe(false)
      expect(statesNothing(stored)).toBe(true)
    }
    expect(same('text', 'a', '')).toBe(false)
    expect(same('choices', '1', null)).toBe(false)
    expect([false, 0, 'a', []].map(statesNothing)).toEqual([false, false, false, false])
  })

  it('of choices is the same set of codes', () => {
    expect(same('choices', '200, 100', '100,200')).toBe(true)
    expect(same('choices', '100,200,100', '100,200')).toBe(true)
    expect(same('choices', '100', '100,200')).toBe(false)
    expect(same('choices', '100', null)).toBe(false)
  })

  it('of choices is the same set of codes in whatever order either side writes them', () => {
    expect(same('choices', '1,2,10', '1,2,10')).toBe(true)
    expect(same('choices', '200,100', '200,100')).toBe(true)
  })

  it('of date-time is the same instant', () => {
    expect(same('date-time', '2026-10-20T14:30:15.000+02:00', '2026-10-20T12:30:15Z')).toBe(true)
    expect(same('date-time', '2026-10-20T12:30:16Z', '2026-10-20T12:30:15Z')).toBe(false)
    expect(same('date-time', 'never', '2026-10-20T12:30:15Z')).toBe(false)
  })
})
