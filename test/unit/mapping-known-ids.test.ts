/** Which ids Didomi is known to use, and where a reading looks for them (semantics §4). */

import { describe, expect, it } from 'vitest'

import { keyText } from '../../src/consent/key.ts'
import { stateText } from '../../src/consent/state.ts'
import { catalogueKeys, keysMadeKnown, knownIds } from '../../src/mapping/known-ids.ts'
import { isKnown, keysOf, type Reading, readingForm, readingText } from '../../src/mapping/reading.ts'
import { event, line, record, SET, stateFrom } from '../support/consent-samples.ts'

describe('§4 known ids', () => {
  const known = () =>
    knownIds([
      'purpose/p',
      'purpose/q',
      'preference/q/f',
      'preference/p/f',
      'set/p/f',
      'set/o/f',
      'set/p/g',
      'value/q/h/v',
      'value/p/g/v',
      'value/p/g/w',
      'channel/c',
      'channel/p/d',
      'no key at all',
    ])

  it('answer which purposes, preferences, values and channels exist', () => {
    expect(['p', 'q', 'r'].map(known().purpose)).toEqual([true, true, false])
    expect(known().preference('p', 'f')).toBe(true)
    expect(known().preference('q', 'f')).toBe(true)
    expect(known().preference('o', 'f')).toBe(true)
    expect(known().preference('q', 'g')).toBe(false)
    expect(known().value('p', 'g', 'v')).toBe(true)
    expect(known().value('p', 'f', 'v')).toBe(false)
    expect(['c', 'd'].map(known().channel)).toEqual([true, false])
    expect(known().purposeChannel('p', 'd')).toBe(true)
    expect(known().purposeChannel('p', 'c')).toBe(false)
  })

  it('find every place of a preference and of a value, each once, in order', () => {
    expect(known().purposesOf('f')).toEqual(['o', 'p', 'q'])
    expect(known().purposesOf('g')).toEqual(['p'])
    expect(known().purposesOf('x')).toEqual([])
    expect(known().purposesOfV1('f')).toEqual(['p', 'q'])
    expect(known().purposesOfV1('g')).toEqual([])
    expect(known().placesOf('v').map(keyText)).toEqual(['value/p/g/v', 'value/q/h/v'])
    expect(known().placesOf('x')).toEqual([])
  })
})

describe('§4 what makes an id known', () => {
  it('the catalogue', () => {
    const keys = catalogueKeys({
      channels: ['sms'],
      purposes: [
        {
          id: 'p',
          preferences: [
            { id: 'f', values: ['a', 'b'] },
            { id: 'g', values: [] },
          ],
          channels: ['mail'],
        },
      ],
    })
    expect(keys.sort()).toEqual([
      'channel/p/mail',
      'channel/sms',
      'preference/p/g',
      'purpose/p',
      'set/p/f',
      'value/p/f/a',
      'value/p/f/b',
    ])
  })

  it('every line and event ever ingested, with the purposes above and the values within', () => {
    const state = stateFrom(
      record({
        statements: [
          ['preference/p/f', true],
          ['channel/c', false],
          ['channel/q/c', true],
          ['purpose-li/r', true],
        ],
      }),
      line(10, ['a', 'b'], SET),
      event(5, 6, ['c'], SET),
      event(5, 6, [], 'set/s/f'),
    )
    expect([...keysMadeKnown(stateText(state))].sort()).toEqual([
      'channel/c',
      'channel/q/c',
      'preference/p/f',
      'purpose-li/r',
      'purpose/p',
      'purpose/q',
      'purpose/r',
      'purpose/s',
      'set/p/f',
      'set/s/f',
      'value/p/f/a',
      'value/p/f/b',
      'value/p/f/c',
    ])
  })

  it('a text that is no key is passed on and makes nothing else known', () => {
    expect([...keysMadeKnown('{"attributes":{},"events":{},"said":{"odd":{"true":[1,1]}}}')]).toEqual(['odd'])
  })
})

describe('§4 where a reading looks', () => {
  const known = () => knownIds(['set/p/f', 'preference/q/f', 'value/p/f/v', 'value/q/g/v', 'channel/c', 'channel/p/c'])
  const keys = (reading: Reading) => keysOf(reading, known()).map(keyText)

  it('at its key, at every purpose with the preference, at every place of the value', () => {
    expect(keys({ kind: 'key', key: { kind: 'purpose', purpose: 'z' } })).toEqual(['purpose/z'])
    expect(keys({ kind: 'preference-anywhere', form: 'set', preference: 'f' })).toEqual(['set/p/f', 'set/q/f'])
    expect(keys({ kind: 'preference-anywhere', form: 'preference', preference: 'f' })).toEqual([
      'preference/p/f',
      'preference/q/f',
    ])
    expect(keys({ kind: 'value-anywhere', value: 'v' })).toEqual(['value/p/f/v', 'value/q/g/v'])
    expect(keys({ kind: 'attribute', name: 'country' })).toEqual([])
  })

  it.each<[Reading, string, string, boolean]>([
    [{ kind: 'key', key: { kind: 'purpose', purpose: 'z' } }, 'purpose/z', 'choice', false],
    [{ kind: 'key', key: { kind: 'purpose-li', purpose: 'z' } }, 'purpose-li/z', 'choice', false],
    [{ kind: 'key', key: { kind: 'preference', purpose: 'p', preference: 'f' } }, 'preference/p/f', 'choice', true],
    [{ kind: 'key', key: { kind: 'set', purpose: 'q', preference: 'f' } }, 'set/q/f', 'set', true],
    [{ kind: 'key', key: { kind: 'set', purpose: 'q', preference: 'x' } }, 'set/q/x', 'set', false],
    [
      { kind: 'key', key: { kind: 'value', purpose: 'p', preference: 'f', value: 'new' } },
      'value/p/f/new',
      'choice',
      true,
    ],
    [{ kind: 'key', key: { kind: 'channel', channel: 'c' } }, 'channel/c', 'choice', true],
    [{ kind: 'key', key: { kind: 'channel', channel: 'd' } }, 'channel/d', 'choice', false],
    [{ kind: 'key', key: { kind: 'purpose-channel', purpose: 'p', channel: 'c' } }, 'channel/p/c', 'choice', true],
    [{ kind: 'key', key: { kind: 'purpose-channel', purpose: 'q', channel: 'c' } }, 'channel/q/c', 'choice', false],
    [{ kind: 'preference-anywhere', form: 'preference', preference: 'f' }, 'preference/*/f', 'choice', true],
    [{ kind: 'preference-anywhere', form: 'set', preference: 'x' }, 'set/*/x', 'set', false],
    [{ kind: 'value-anywhere', value: 'v' }, 'value/*/*/v', 'choice', true],
    [{ kind: 'value-anywhere', value: 'x' }, 'value/*/*/x', 'choice', false],
    [{ kind: 'attribute', name: 'metadata/k' }, 'attribute/metadata/k', 'attribute', true],
  ])('%j is named %s, asks for a %s, known: %s', (reading, text, form, isItKnown) => {
    expect(readingText(reading)).toBe(text)
    expect(readingForm(reading)).toBe(form)
    expect(isKnown(reading, known())).toBe(isItKnown)
  })
})
