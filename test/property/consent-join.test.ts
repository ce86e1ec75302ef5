/** The state is a join: shuffling, repeating, splitting and sharding give byte-equal states (semantics §3). */

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { type Key, keyText, parseKey } from '../../src/consent/key.ts'
import { join, joinTexts, parseState, type State, stateOf, stateText } from '../../src/consent/state.ts'
import { formatInstant, parseFormattedInstant, parseInstant } from '../../src/consent/time.ts'
import { history, hostileRecord, key, shuffled, userRecord } from '../support/consent-arbitraries.ts'

const whole = (records: Parameters<typeof stateOf>[0][]): State => {
  const [first, ...others] = records.map(stateOf)
  return others.reduce(join, first ?? { said: new Map(), events: new Map(), attributes: new Map() })
}

describe('join', () => {
  it('§3 is commutative, associative and idempotent', () => {
    const state = fc.array(userRecord, { minLength: 1, maxLength: 4 }).map(whole)
    fc.assert(
      fc.property(state, state, state, (a, b, c) => {
        expect(stateText(join(a, b))).toBe(stateText(join(b, a)))
        expect(stateText(join(join(a, b), c))).toBe(stateText(join(a, join(b, c))))
        expect(stateText(join(a, a))).toBe(stateText(a))
        expect(stateText(join(join(a, b), b))).toBe(stateText(join(a, b)))
      }),
    )
  })

  it('§3 shuffled, repeated, split over shards and read back from text: byte-equal', () => {
    const delivery = history.chain((records) =>
      fc.tuple(
        fc.constant(records),
        shuffled([...records, ...records.slice(0, 3)]),
        fc.array(fc.integer({ min: 0, max: 2 }), { minLength: 11, maxLength: 11 }),
      ),
    )
    fc.assert(
      fc.property(delivery, ([records, again, shards]) => {
        const texts = [0, 1, 2].flatMap((shard) => {
          const part = again.filter((_, at) => shards[at] === shard)
          return part.length === 0 ? [] : [part.map((one) => stateText(stateOf(one))).reduce(joinTexts)]
        })
        expect(texts.reduceRight(joinTexts)).toBe(stateText(whole(records)))
      }),
    )
  })

  it('§3 an event may come on any line of its record', () => {
    const moved = history.chain((records) => fc.tuple(fc.constant(records), fc.nat(records.length - 1)))
    fc.assert(
      fc.property(moved, ([records, to]) => {
        const events = records.flatMap((one) => one.events)
        const gathered = records.map((one, at) => ({ ...one, events: at === to ? events : [] }))
        expect(stateText(whole(gathered))).toBe(stateText(whole(records)))
      }),
    )
  })
})

describe('state text', () => {
  it('§3 reads back byte-equal, whatever ids and values are called', () => {
    fc.assert(
      fc.property(fc.array(hostileRecord, { minLength: 1, maxLength: 3 }), (records) => {
        const state = whole(records)
        const text = stateText(state)
        expect(parseState(text)).toEqual(state)
        expect(stateText(parseState(text))).toBe(text)
        for (const [name] of state.said) expect(parseState(text).said.get(name)).toEqual(state.said.get(name))
      }),
    )
  })
})

describe('key text', () => {
  it('§1 reads back the same', () => {
    fc.assert(
      fc.property(key, (one) => {
        expect(parseKey(keyText(one))).toEqual(one)
      }),
    )
  })

  it('§1 two keys never share a text', () => {
    const id = fc.constantFrom('a', '/', 'a/a', '%', '%2F', '%252F', '%25', '2F')
    const close: fc.Arbitrary<Key> = fc.oneof(
      fc.record({ kind: fc.constantFrom('purpose' as const, 'purpose-li' as const), purpose: id }),
      fc.record({ kind: fc.constantFrom('preference' as const, 'set' as const), purpose: id, preference: id }),
      fc.record({ kind: fc.constant('value' as const), purpose: id, preference: id, value: id }),
      fc.record({ kind: fc.constant('channel' as const), channel: id }),
      fc.record({ kind: fc.constant('purpose-channel' as const), purpose: id, channel: id }),
    )
    fc.assert(
      fc.property(close, close, (a, b) => {
        if (keyText(a) === keyText(b)) expect(a).toEqual(b)
        else expect(a).not.toEqual(b)
      }),
    )
  })
})

describe('instants', () => {
  it('§6.5 every instant is written and read again to the microsecond', () => {
    fc.assert(
      fc.property(fc.maxSafeInteger(), (instant) => {
        expect(parseFormattedInstant(formatInstant(instant))).toBe(instant)
      }),
    )
  })

  it('§2.4 an offset moves the same instant', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 4_000_000_000 }),
        fc.integer({ min: -1_439, max: 1_439 }),
        (seconds, offset) => {
          const local = new Date((seconds + offset * 60) * 1_000).toISOString().slice(0, 19)
          const two = (n: number) => String(Math.floor(Math.abs(n))).padStart(2, '0')
          const zone = `${offset < 0 ? '-' : '+'}${two(Math.abs(offset) / 60)}:${two(Math.abs(offset) % 60)}`
          expect(parseInstant(local + zone)).toBe(seconds * 1_000_000)
        },
      ),
    )
  })
})
