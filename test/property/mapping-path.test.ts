/** Ids may hold `_` and every word of the grammar: known ids decide (semantics §4). */

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { type Key, keyText } from '../../src/consent/key.ts'
import { knownIds } from '../../src/mapping/known-ids.ts'
import { isPath, pathReadings } from '../../src/mapping/path.ts'
import { keysOf, readingText } from '../../src/mapping/reading.ts'
import { resolve } from '../../src/mapping/resolve.ts'
import { hostileId } from '../support/consent-arbitraries.ts'

/** Ids made of the grammar's own words. */
const id = fc
  .array(
    fc.constantFrom(
      'a',
      'b',
      '',
      'enabled',
      'li',
      'value',
      'values',
      'preferences',
      'purposes',
      'channels',
      'consents',
      'user',
      'metadata',
    ),
    { minLength: 1, maxLength: 4 },
  )
  .map((words) => words.join('_'))
  .filter((text) => text !== '')

/** A key with its path, and the known ids that its being ingested makes known. */
const written: fc.Arbitrary<{
  readonly key: Key
  readonly words: readonly string[]
  readonly known: readonly string[]
}> = fc.oneof(
  id.map((purpose) => ({
    key: { kind: 'purpose' as const, purpose },
    words: ['purposes', purpose, 'enabled'],
    known: [keyText({ kind: 'purpose', purpose })],
  })),
  id.map((purpose) => ({
    key: { kind: 'purpose-li' as const, purpose },
    words: ['purposes', purpose, 'enabled_li'],
    known: [keyText({ kind: 'purpose', purpose })],
  })),
  fc.tuple(id, id).map(([purpose, preference]) => ({
    key: { kind: 'preference' as const, purpose, preference },
    words: ['purposes', purpose, 'preferences', preference, 'enabled'],
    known: [keyText({ kind: 'preference', purpose, preference })],
  })),
  fc.tuple(id, id).map(([purpose, preference]) => ({
    key: { kind: 'set' as const, purpose, preference },
    words: ['purposes', purpose, 'values', preference, 'value'],
    known: [keyText({ kind: 'set', purpose, preference })],
  })),
  fc.tuple(id, id, id).map(([purpose, preference, value]) => ({
    key: { kind: 'value' as const, purpose, preference, value },
    words: ['purposes', purpose, 'values', preference, value],
    known: [keyText({ kind: 'set', purpose, preference }), keyText({ kind: 'value', purpose, preference, value })],
  })),
  id.map((channel) => ({
    key: { kind: 'channel' as const, channel },
    words: ['channels', channel, 'enabled'],
    known: [keyText({ kind: 'channel', channel })],
  })),
  fc.tuple(id, id).map(([purpose, channel]) => ({
    key: { kind: 'purpose-channel' as const, purpose, channel },
    words: ['purposes', purpose, 'channels', channel, 'enabled'],
    known: [keyText({ kind: 'purpose-channel', purpose, channel })],
  })),
)

describe('§4 paths', () => {
  it('the grammar allows the reading that was meant', () => {
    fc.assert(
      fc.property(written, ({ key, words }) => {
        const path = ['consents', ...words].join('_')
        expect(isPath(path)).toBe(true)
        expect(pathReadings(path).map(readingText)).toContain(keyText(key))
      }),
    )
  })

  it('resolve to it where its ids are the only known ones', () => {
    fc.assert(
      fc.property(written, ({ key, words, known: texts }) => {
        const known = knownIds(texts)
        const options = { wants: 'choice', li: false, known, lookup: {}, frozen: undefined } as const
        const found = resolve(['consents', ...words].join('_'), options)
        /** A value called "value" reads as its whole set too: that is an error, not a guess. */
        const answers = key.kind === 'value' && key.value === 'value' ? 'ambiguous' : 'resolved'
        expect(found.kind).toBe(answers)
        if (found.kind === 'resolved') expect(keysOf(found.reading, known)).toEqual([key])
      }),
    )
  })

  it('written with "__" resolve to it as well', () => {
    const plain = written.filter(({ words }) => words.every((word) => !/__|^_|_$/.test(word)))
    fc.assert(
      fc.property(plain, ({ key, words }) => {
        expect(pathReadings(['consents', ...words].join('__')).map(readingText)).toContain(keyText(key))
      }),
    )
  })

  it('of metadata keep the key as it stands', () => {
    fc.assert(
      fc.property(hostileId, (name) => {
        expect(pathReadings(`user_metadata_${name}`)).toEqual([{ kind: 'attribute', name: `metadata/${name}` }])
        expect(pathReadings(`user__metadata__${name}`)).toEqual([{ kind: 'attribute', name: `metadata/${name}` }])
      }),
    )
  })

  it('a frozen reading never changes, whatever becomes known', () => {
    const more = fc.array(written, { maxLength: 4 })
    fc.assert(
      fc.property(written, more, ({ key, words }, others) => {
        const known = knownIds(others.flatMap((one) => one.known))
        const options = { wants: 'choice', li: false, known, lookup: {}, frozen: keyText(key) } as const
        const found = resolve(['consents', ...words].join('_'), options)
        expect(found.kind === 'resolved' && readingText(found.reading)).toBe(keyText(key))
      }),
    )
  })

  it('any text comes to an end, and never to an empty id', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom('consents', 'user', 'purposes', 'values', 'enabled', '', 'a')), (words) => {
        for (const reading of pathReadings(words.join('_'))) {
          const parts = reading.kind === 'key' ? Object.values(reading.key) : Object.values(reading)
          expect(parts).not.toContain('')
        }
      }),
    )
  })
})
