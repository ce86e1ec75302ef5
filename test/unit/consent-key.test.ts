/** Keys, choices and person ids: the names by which everything else is found. */

import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'

import { byCodeUnit, choiceText, parseSet, setOf } from '../../src/consent/choice.ts'
import { type Key, keyText, parseKey } from '../../src/consent/key.ts'
import { personId, writePersonId } from '../../src/consent/person-id.ts'

const WRITTEN: ReadonlyArray<readonly [Key, string]> = [
  [{ kind: 'purpose', purpose: 'p' }, 'purpose/p'],
  [{ kind: 'purpose-li', purpose: 'p' }, 'purpose-li/p'],
  [{ kind: 'preference', purpose: 'p', preference: 'f' }, 'preference/p/f'],
  [{ kind: 'set', purpose: 'p', preference: 'f' }, 'set/p/f'],
  [{ kind: 'value', purpose: 'p', preference: 'f', value: 'v' }, 'value/p/f/v'],
  [{ kind: 'channel', channel: 'c' }, 'channel/c'],
  [{ kind: 'purpose-channel', purpose: 'p', channel: 'c' }, 'channel/p/c'],
]

describe('keyText', () => {
  it.each(WRITTEN)('§1 a key is a tuple written with "/": %j', (key, text) => {
    expect(keyText(key)).toBe(text)
    expect(parseKey(text)).toEqual(key)
  })

  it('§1 an id with "/" or "%" cannot forge another key', () => {
    const key: Key = { kind: 'value', purpose: 'a/b', preference: '%2F', value: '%25//' }
    expect(keyText(key)).toBe('value/a%2Fb/%252F/%2525%2F%2F')
    expect(parseKey(keyText(key))).toEqual(key)
    expect(keyText({ kind: 'channel', channel: 'p/c' })).toBe('channel/p%2Fc')
    expect(keyText({ kind: 'purpose-channel', purpose: 'p/q', channel: 'c/d' })).toBe('channel/p%2Fq/c%2Fd')
    expect(keyText({ kind: 'preference', purpose: 'p/q', preference: 'f/g' })).toBe('preference/p%2Fq/f%2Fg')
    expect(keyText({ kind: 'purpose-li', purpose: 'p/q' })).toBe('purpose-li/p%2Fq')
  })
})

describe('parseKey', () => {
  it.each([
    '',
    'purpose',
    'purpose/p/q',
    'purpose-li/p/q',
    'preference/p',
    'preference/p/f/g',
    'set/p',
    'value/p/f',
    'value/p/f/v/w',
    'channel',
    'channel/a/b/c',
    'attribute/country',
    'Purpose/p',
  ])('§1 %j is no key', (text) => {
    expect(parseKey(text)).toBeUndefined()
  })
})

describe('choices', () => {
  it('§1 a choice is true, false, or the ids of a set', () => {
    expect(choiceText(true)).toBe('true')
    expect(choiceText(false)).toBe('false')
    expect(choiceText(['a', 'b'])).toBe('a,b')
    expect(choiceText([])).toBe('')
  })

  it('§2.6 a set reads back, the empty one too', () => {
    expect(parseSet('a,b')).toEqual(['a', 'b'])
    expect(parseSet('a')).toEqual(['a'])
    expect(parseSet('')).toEqual([])
  })

  it('§3 sets are sorted by code unit, without repeats', () => {
    expect(setOf(['b', 'ä', 'B', 'a', 'b', '10', '9'])).toEqual(['10', '9', 'B', 'a', 'b', 'ä'])
    expect([byCodeUnit('a', 'b'), byCodeUnit('b', 'a'), byCodeUnit('a', 'a')]).toEqual([-1, 1, 0])
  })
})

describe('personId', () => {
  it('§1 a person is its OUID: 32 hex digits of SHA-256 over UTF-8', () => {
    const expected = createHash('sha256').update(Buffer.from('ädä@example.com', 'utf8')).digest('hex').slice(0, 32)
    expect(personId('ädä@example.com')).toBe(expected)
    expect(personId('')).toBe('e3b0c44298fc1c149afbf4c8996fb924')
    expect(personId('a')).not.toBe(personId('A'))
  })

  it.each(['', 'a', 'ädä@example.com'])('§1 is the same as bytes: %j', (ouid) => {
    const bytes = Buffer.alloc(20, 7)
    writePersonId(Buffer.from(ouid), bytes, 2)
    expect(bytes.toString('hex')).toBe(`0707${personId(ouid)}0707`)
  })
})
