/** What a mapped contact column can hold, and how (semantics §5.5). */

import { describe, expect, it } from 'vitest'

import type { MappingEntry } from '../../src/config/settings.ts'
import type { ColumnMetadata } from '../../src/dataverse/dataverse.ts'
import type { Reading } from '../../src/mapping/reading.ts'
import { contactColumn, type Encoding, wantsOf } from '../../src/projection/contact-column.ts'
import { columnMetadata } from '../support/consent-samples.ts'

const CHOICE: Reading = { kind: 'key', key: { kind: 'purpose', purpose: 'p' } }
const SET: Reading = { kind: 'key', key: { kind: 'set', purpose: 'p', preference: 'f' } }
const ATTRIBUTE: Reading = { kind: 'attribute', name: 'country' }
const KEYS = [{ kind: 'purpose', purpose: 'p' }] as const
const OPTIONS = [
  { code: 100, labels: ['Yes', 'Ja'] },
  { code: 200, labels: ['No', 'Nein'] },
  { code: 300, labels: ['100x'] },
]

const entry = (parts: Partial<MappingEntry> = {}): MappingEntry => ({ id: 'acme_x', value: 'v', ...parts })

/** The encoding, or what was found wrong. */
function encoded(
  metadata: Partial<ColumnMetadata>,
  reading: Reading = CHOICE,
  parts: Partial<MappingEntry> = {},
): Encoding | string {
  const fitted = contactColumn(entry(parts), columnMetadata(metadata), reading, KEYS)
  return 'where' in fitted ? fitted.found : fitted.encoding
}

const choice = (yes: unknown, no: unknown) => ({ form: 'choice', yes, no })

describe('§5.5 boolean columns', () => {
  it('hold the choice itself', () => {
    expect(encoded({})).toEqual(choice(true, false))
    const metadata = columnMetadata()
    expect(contactColumn(entry(), metadata, CHOICE, KEYS)).toEqual({
      name: 'acme_newsletter',
      metadata,
      keys: KEYS,
      encoding: choice(true, false),
    })
  })

  it('named donot… are inverted by default', () => {
    expect(encoded({ logicalName: 'donotemail' })).toEqual(choice(false, true))
    expect(encoded({ logicalName: 'donotemail' }, CHOICE, { invert: false })).toEqual(choice(true, false))
    expect(encoded({}, CHOICE, { invert: true })).toEqual(choice(false, true))
    expect(encoded({ logicalName: 'acme_donotemail' })).toEqual(choice(true, false))
  })
})

describe('§5.5 choice columns', () => {
  const type = 'choice'

  it.each<[string | number, string | number]>([
    [100, 200],
    ['100', '200'],
    ['Yes', 'No'],
    ['Ja', 200],
  ])('find the option by code or label: %j, %j', (trueValue, falseValue) => {
    expect(encoded({ type, options: OPTIONS }, CHOICE, { trueValue, falseValue })).toEqual(choice(100, 200))
    expect(encoded({ type, options: OPTIONS }, CHOICE, { trueValue, falseValue, invert: true })).toEqual(
      choice(200, 100),
    )
  })

  it('named donot… are not inverted by themselves', () => {
    const logicalName = 'donotchoice'
    expect(encoded({ type, logicalName, options: OPTIONS }, CHOICE, { trueValue: 100, falseValue: 200 })).toEqual(
      choice(100, 200),
    )
  })

  it.each([
    [{}],
    [{ trueValue: 100 }],
    [{ falseValue: 100 }],
    [{ trueValue: 100, falseValue: 'Yes' }],
    [{ trueValue: 'yes', falseValue: 200 }],
    [{ trueValue: 101, falseValue: 200 }],
    [{ trueValue: '', falseValue: 200 }],
  ])('%j names no two options', (parts) => {
    expect(encoded({ type, options: OPTIONS }, CHOICE, parts)).toBe('no two different options for yes and no')
  })

  it('the complaint lists the codes', () => {
    expect(contactColumn(entry(), columnMetadata({ type, options: OPTIONS }), CHOICE, KEYS)).toEqual({
      where: 'mapping of contact column acme_x',
      found: 'no two different options for yes and no',
      expected: 'trueValue and falseValue among the codes 100, 200, 300 or their labels',
      remedy: 'Set both under `entryOptions`.',
    })
    expect(contactColumn(entry({ trueValue: 1, falseValue: 2 }), columnMetadata({ type }), CHOICE, KEYS)).toMatchObject(
      {
        expected: 'trueValue and falseValue among the codes  or their labels',
      },
    )
  })
})

describe('§5.5 text columns', () => {
  const type = 'text'

  it('hold the configured spellings', () => {
    expect(encoded({ type, maxLength: 3 }, CHOICE, { trueValue: 'yes', falseValue: 'no' })).toEqual(choice('yes', 'no'))
    expect(encoded({ type }, CHOICE, { trueValue: 1, falseValue: 0 })).toEqual(choice('1', '0'))
    expect(encoded({ type }, CHOICE, { trueValue: 'y', falseValue: 'n', invert: true })).toEqual(choice('n', 'y'))
    expect(encoded({ type, logicalName: 'donot' }, CHOICE, { trueValue: 'y', falseValue: 'n' })).toEqual(
      choice('y', 'n'),
    )
  })

  it.each([[{}], [{ trueValue: 'y' }], [{ falseValue: 'n' }], [{ trueValue: 1, falseValue: '1' }]])(
    '%j spells no two',
    (parts) => {
      expect(encoded({ type }, CHOICE, parts)).toBe('no two different spellings for yes and no')
    },
  )

  it('the complaint says what to set', () => {
    expect(contactColumn(entry(), columnMetadata({ type }), CHOICE, KEYS)).toMatchObject({
      expected: 'trueValue and falseValue',
      remedy: 'Set both under `entryOptions`.',
    })
  })

  it('too short for a spelling are an error before the first write', () => {
    expect(encoded({ type, maxLength: 2 }, CHOICE, { trueValue: 'yes', falseValue: 'no' })).toBe(
      'a spelling longer than the column',
    )
    expect(encoded({ type, maxLength: 2 }, CHOICE, { trueValue: 'y', falseValue: 'not' })).toBe(
      'a spelling longer than the column',
    )
    const complaint = contactColumn(
      entry({ trueValue: 'yes', falseValue: 'no' }),
      columnMetadata({ type, maxLength: 2 }),
      CHOICE,
      KEYS,
    )
    expect(complaint).toMatchObject({ expected: 'at most 2 characters', remedy: 'Shorten it.' })
  })
})

describe('§5.5 whole sets', () => {
  it('fit text columns as they are', () => {
    expect(encoded({ type: 'text' }, SET)).toEqual({ form: 'set' })
  })

  it('fit choices columns by value id → code', () => {
    expect(encoded({ type: 'choices', options: OPTIONS }, SET, { options: { a: 100, b: 200 } })).toEqual({
      form: 'set',
      codes: new Map([
        ['a', 100],
        ['b', 200],
      ]),
    })
  })

  it('need options, and known codes', () => {
    expect(encoded({ type: 'choices', options: OPTIONS }, SET)).toBe('no `options`')
    expect(encoded({ type: 'choices', options: OPTIONS }, SET, { options: { a: 1, b: 100, c: 2 } })).toBe(
      'unknown option codes 1, 2',
    )
    expect(encoded({ type: 'choices' }, SET, { options: { a: 100 } })).toBe('unknown option codes 100')
    const complaint = contactColumn(entry(), columnMetadata({ type: 'choices', options: OPTIONS }), SET, KEYS)
    expect(complaint).toMatchObject({
      expected: 'value id → code, codes among 100, 200, 300',
      remedy: 'Set `options` under `entryOptions`.',
    })
    expect(contactColumn(entry(), columnMetadata({ type: 'choices' }), SET, KEYS)).toMatchObject({
      expected: 'value id → code, codes among ',
    })
  })
})

describe('§5.5 what a column can never hold is a configuration error', () => {
  it.each([
    'choices',
    'date-time',
    'date-only',
    'whole-number',
    'decimal',
    'lookup',
    'unique-identifier',
    'other',
  ] as const)('a yes or no in a column of type %s', (type) => {
    expect(encoded({ type }, CHOICE, { trueValue: 1, falseValue: 0 })).toBe(`a yes or no for a column of type ${type}`)
  })

  it.each(['boolean', 'choice', 'date-time', 'whole-number', 'other'] as const)(
    'a set in a column of type %s',
    (type) => {
      expect(encoded({ type, options: OPTIONS }, SET, { options: { a: 100 } })).toBe(
        `a whole set for a column of type ${type}`,
      )
    },
  )

  it.each(['choices', 'lookup', 'unique-identifier', 'other'] as const)(
    'an attribute in a column of type %s',
    (type) => {
      expect(encoded({ type }, ATTRIBUTE)).toBe(`an attribute for a column of type ${type}`)
    },
  )

  it.each(['text', 'boolean', 'choice', 'date-time', 'date-only', 'whole-number', 'decimal'] as const)(
    'but an attribute may fit a column of type %s',
    (type) => {
      expect(encoded({ type }, ATTRIBUTE)).toEqual({ form: 'attribute', name: 'country' })
    },
  )

  it('and says so', () => {
    expect(contactColumn(entry(), columnMetadata({ type: 'other' }), CHOICE, KEYS)).toEqual({
      where: 'mapping of contact column acme_x',
      found: 'a yes or no for a column of type other',
      expected: 'a column that can hold it',
      remedy: 'Map another column or reference.',
    })
  })

  it('anything in a column that cannot be updated', () => {
    expect(contactColumn(entry(), columnMetadata({ validForUpdate: false }), CHOICE, KEYS)).toEqual({
      where: 'mapping of contact column acme_x',
      found: 'a column that cannot be updated',
      expected: 'a writable column',
      remedy: 'Map another column.',
    })
  })
})

describe('§4 what an explicit reference without value means', () => {
  it.each<[ColumnMetadata['type'], Partial<MappingEntry>, string]>([
    ['boolean', {}, 'choice'],
    ['choice', {}, 'choice'],
    ['choices', {}, 'set'],
    ['choices', { trueValue: 1, falseValue: 0 }, 'set'],
    ['text', {}, 'set'],
    ['text', { trueValue: 'y' }, 'choice'],
    ['text', { falseValue: 'n' }, 'choice'],
  ])('in a %s column with %j: the %s', (type, parts, wants) => {
    expect(wantsOf(entry(parts), columnMetadata({ type }))).toBe(wants)
  })
})
