/** A mapping's `value` → its one reading, by what is known and what was frozen (semantics §4). */

import { describe, expect, it } from 'vitest'

import type { ExplicitReference } from '../../src/config/settings.ts'
import { knownIds } from '../../src/mapping/known-ids.ts'
import { type Reading, readingText } from '../../src/mapping/reading.ts'
import { resolve, type Wants } from '../../src/mapping/resolve.ts'

interface Given {
  readonly known?: readonly string[]
  readonly lookup?: Readonly<Record<string, ExplicitReference>>
  readonly frozen?: string
  readonly wants?: Wants
  readonly li?: boolean
}

function resolution(
  value: string | ExplicitReference,
  { known = [], lookup = {}, frozen, wants = 'choice', li = false }: Given,
) {
  return resolve(value, { wants, li, known: knownIds(known), lookup, frozen })
}

/** The reading's text where one is resolved, else the kind of the resolution. */
function outcome(value: string | ExplicitReference, given: Given): string {
  const found = resolution(value, given)
  return found.kind === 'resolved' ? readingText(found.reading) : found.kind
}

describe('§4 paths', () => {
  const PATH = 'consents_purposes_a_b_values_c_d'

  it('are matched against known ids', () => {
    const path = 'consents_purposes_p_values_a_b_c'
    expect(outcome(path, { known: ['set/p/a'] })).toBe('value/p/a/b_c')
    expect(outcome(path, { known: ['set/p/a_b'] })).toBe('value/p/a_b/c')
  })

  it('that nothing known matches state nothing yet', () => {
    expect(resolution(PATH, {})).toEqual({ kind: 'unmatched' })
    expect(outcome('consents_purposes_p_enabled', { known: ['purpose/q'] })).toBe('unmatched')
    expect(outcome('consents_channels_sms_enabled', { known: ['channel/p/sms'] })).toBe('unmatched')
    expect(outcome('consents_purposes_p_channels_sms_enabled', { known: ['channel/sms', 'purpose/p'] })).toBe(
      'unmatched',
    )
  })

  it.each([
    ['consents_purposes_p_enabled', 'purpose/p', 'purpose/p'],
    ['consents_purposes_p_enabled_li', 'purpose/p', 'purpose-li/p'],
    ['consents_purposes_p_preferences_f_enabled', 'preference/p/f', 'preference/p/f'],
    ['consents_purposes_p_values_f_value', 'set/p/f', 'set/p/f'],
    ['consents_purposes_p_values_f_v', 'value/p/f/v', 'unmatched'],
    ['consents_preferences_f_enabled', 'preference/p/f', 'preference/*/f'],
    ['consents_preferences_f_value', 'set/p/f', 'set/*/f'],
    ['consents_channels_c_enabled', 'channel/c', 'channel/c'],
    ['consents_purposes_p_channels_c_enabled', 'channel/p/c', 'channel/p/c'],
  ])('%s is resolved by %s', (path, known, text) => {
    expect(outcome(path, { known: [known] })).toBe(text)
  })

  it('with an unknown value id are allowed where no other reading exists', () => {
    expect(outcome('consents_purposes_p_values_f_new', { known: ['set/p/f'] })).toBe('value/p/f/new')
    expect(outcome('consents_purposes_p_values_f_value', { known: ['set/p/f'] })).toBe('set/p/f')
    expect(outcome('consents_purposes_p_values_a_b_c', { known: ['set/p/a', 'set/p/a_b', 'value/p/a_b/c'] })).toBe(
      'value/p/a_b/c',
    )
  })

  it('with a known value id called "value" have two readings', () => {
    expect(resolution('consents_purposes_p_values_f_value', { known: ['set/p/f', 'value/p/f/value'] })).toEqual({
      kind: 'ambiguous',
      readings: ['set/p/f', 'value/p/f/value'],
    })
  })

  it('with several readings are an error that names all', () => {
    const known = ['set/p/a', 'set/p/a_b', 'set/p/a_b_c']
    expect(resolution('consents_purposes_p_values_a_b_c_d', { known })).toEqual({
      kind: 'ambiguous',
      readings: ['value/p/a/b_c_d', 'value/p/a_b/c_d', 'value/p/a_b_c/d'],
    })
  })

  it('of attributes are always known', () => {
    expect(resolution('user_metadata_x', {})).toEqual({
      kind: 'resolved',
      reading: { kind: 'attribute', name: 'metadata/x' },
      known: true,
    })
  })

  it('that break the grammar are unparsable, unless the text is a known id', () => {
    expect(resolution('consents_vendors_v', {})).toEqual({ kind: 'unparsable' })
    expect(outcome('user_id', {})).toBe('unparsable')
    expect(resolution('', { lookup: { '': { purpose: 'p' } } })).toEqual({ kind: 'unparsable' })
    expect(outcome('user_choice', { known: ['purpose/user_choice'] })).toBe('purpose/user_choice')
    expect(outcome('user_choice', { known: ['purpose/q'], lookup: { user_choice: { purpose: 'q' } } })).toBe(
      'purpose/q',
    )
  })
})

describe('§4 bare ids, in order', () => {
  const everywhere = ['purpose/x', 'value/p/f/x', 'preference/p/x']

  it('lookup, purpose, v2 value, v1 preference', () => {
    const lookup = { x: { purpose: 'p', preference: 'f', value: 'v' } }
    expect(outcome('x', { known: [...everywhere, 'set/p/f'], lookup })).toBe('value/p/f/v')
    expect(outcome('x', { known: everywhere, lookup })).toBe('value/p/f/v')
    expect(outcome('x', { known: everywhere })).toBe('purpose/x')
    expect(outcome('x', { known: everywhere.slice(1) })).toBe('value/*/*/x')
    expect(outcome('x', { known: everywhere.slice(2) })).toBe('preference/*/x')
    expect(outcome('x', { known: ['set/p/x'] })).toBe('unmatched')
    expect(resolution('x', { known: [] })).toEqual({ kind: 'unmatched' })
  })

  it('the lookup stands without being known, which is a warning, and before a path of the same text', () => {
    expect(resolution('x', { lookup: { x: { purpose: 'p' } } })).toMatchObject({ kind: 'resolved', known: false })
    expect(outcome('user_country', { lookup: { user_country: { purpose: 'p' } } })).toBe('purpose/p')
  })

  it('later kinds are no second reading: the order decides', () => {
    expect(resolution('x', { known: everywhere, frozen: 'purpose/x' })).toEqual({
      kind: 'resolved',
      reading: { kind: 'key', key: { kind: 'purpose', purpose: 'x' } },
      known: true,
    })
  })

  it('an id called like a member of every object is in no lookup', () => {
    expect(outcome('constructor', {})).toBe('unmatched')
    expect(outcome('__proto__', { known: ['purpose/__proto__'] })).toBe('purpose/__proto__')
  })

  it('of a purpose may ask for legitimate interest', () => {
    expect(outcome('x', { known: ['purpose/x'], li: true })).toBe('purpose-li/x')
    expect(outcome('w', { known: ['purpose/p'], lookup: { w: { purpose: 'p' } }, li: true })).toBe('purpose-li/p')
  })
})

describe('§4 explicit references', () => {
  it.each<[ExplicitReference, Given, string]>([
    [{ purpose: 'p' }, {}, 'purpose/p'],
    [{ purpose: 'p' }, { li: true }, 'purpose-li/p'],
    [{ purpose: 'p', preference: 'f' }, {}, 'preference/p/f'],
    [{ purpose: 'p', preference: 'f' }, { wants: 'set' }, 'set/p/f'],
    [{ purpose: 'p', preference: 'f' }, { li: true }, 'preference/p/f'],
    [{ purpose: 'p', preference: 'f', value: 'v' }, { wants: 'set' }, 'value/p/f/v'],
  ])('%j with %j is %s', (reference, given, text) => {
    expect(outcome(reference, given)).toBe(text)
  })

  it('stand without being known, which is a warning', () => {
    const known = (value: ExplicitReference, ids: readonly string[]) => {
      const found = resolution(value, { known: ids })
      return found.kind === 'resolved' && found.known
    }
    expect(known({ purpose: 'p' }, [])).toBe(false)
    expect(known({ purpose: 'p' }, ['purpose/p'])).toBe(true)
    expect(known({ purpose: 'p', preference: 'f', value: 'v' }, ['purpose/p'])).toBe(false)
    expect(known({ purpose: 'p', preference: 'f', value: 'v' }, ['set/p/f'])).toBe(true)
    expect(known({ purpose: 'p', preference: 'f' }, ['set/p/f'])).toBe(true)
  })
})

describe('§4 a frozen reading', () => {
  const path = 'consents_purposes_p_values_a_b_c'
  const other: Reading = { kind: 'key', key: { kind: 'value', purpose: 'p', preference: 'a_b', value: 'c' } }

  it('stays, and a later second reading is an alarm', () => {
    const found = resolution(path, { known: ['set/p/a', 'set/p/a_b'], frozen: readingText(other) })
    expect(found).toMatchObject({ kind: 'resolved', reading: other, known: true })
    expect(found).toHaveProperty('alarm', 'value/p/a_b/c stays; value/p/a/b_c has become possible too')
  })

  it('raises no alarm while it is the only one', () => {
    expect(resolution(path, { known: ['set/p/a_b'], frozen: readingText(other) })).toEqual({
      kind: 'resolved',
      reading: other,
      known: true,
    })
  })

  it('stays even where it is known no more, or another is known better', () => {
    const unknown = resolution(path, { known: ['set/p/a'], frozen: readingText(other) })
    expect(unknown).toMatchObject({ reading: other, known: false })
    expect(unknown).toHaveProperty('alarm')
    expect(outcome(path, { known: ['set/p/a', 'set/p/a_b', 'value/p/a/b_c'], frozen: readingText(other) })).toBe(
      'value/p/a_b/c',
    )
  })

  it('that the text does not allow counts for nothing', () => {
    expect(outcome(path, { known: ['set/p/a'], frozen: 'purpose/elsewhere' })).toBe('value/p/a/b_c')
  })

  it('of a bare id stays when an earlier kind becomes known', () => {
    expect(outcome('x', { known: ['value/p/f/x'], frozen: 'value/*/*/x' })).toBe('value/*/*/x')
    const found = resolution('x', { known: ['value/p/f/x', 'purpose/x'], frozen: 'value/*/*/x' })
    expect(found).toMatchObject({ kind: 'resolved', reading: { kind: 'value-anywhere', value: 'x' } })
    expect(found).toHaveProperty('alarm', 'value/*/*/x stays; purpose/x has become possible too')
  })
})
