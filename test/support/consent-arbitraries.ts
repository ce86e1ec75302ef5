/** Histories, statements and keys for property tests: small times, so that ties are common; hostile ids, so that they are met. */

import fc from 'fast-check'

import type { Choice } from '../../src/consent/choice.ts'
import { type Key, keyText } from '../../src/consent/key.ts'
import type { SetStatement, Statement } from '../../src/consent/statement.ts'
import { SINCE_EVER } from '../../src/consent/time.ts'
import type { RecordedEvent, UserRecord } from '../../src/record/record.ts'
import { PREFERENCE, PURPOSE, record, SET } from './consent-samples.ts'

const time = fc.integer({ min: 0, max: 12 })

/** Any text that may name something; what JavaScript, JSON, keys and paths trip over comes often. */
export const hostileId = fc.oneof(
  fc.string({ unit: 'binary', minLength: 1 }),
  fc.constantFrom('__proto__', 'constructor', '/', '%', '%2F', '%25', '🍪', '"', '\\', "'", '*', '_', ' ', '\u2028'),
)

export const key: fc.Arbitrary<Key> = fc.oneof(
  fc.record({ kind: fc.constant('purpose' as const), purpose: hostileId }),
  fc.record({ kind: fc.constant('purpose-li' as const), purpose: hostileId }),
  fc.record({ kind: fc.constant('preference' as const), purpose: hostileId, preference: hostileId }),
  fc.record({ kind: fc.constant('set' as const), purpose: hostileId, preference: hostileId }),
  fc.record({ kind: fc.constant('value' as const), purpose: hostileId, preference: hostileId, value: hostileId }),
  fc.record({ kind: fc.constant('channel' as const), channel: hostileId }),
  fc.record({ kind: fc.constant('purpose-channel' as const), purpose: hostileId, channel: hostileId }),
)

const set = fc.subarray(['a', 'b', 'c', 'd'])
const stated: fc.Arbitrary<readonly [string, Choice]> = fc.oneof(
  fc.tuple(fc.constantFrom(PURPOSE, PREFERENCE), fc.boolean()),
  fc.tuple(fc.constant(SET), set),
)

const eventStatement: fc.Arbitrary<RecordedEvent> = fc
  .tuple(stated, time, fc.integer({ min: 0, max: 4 }), fc.constantFrom('', 'e', 'f'))
  .map(([statement, lo, length, id]) => ({ lo, hi: lo + length, id, statements: [statement] }))

/** Lines of one device. */
export const userRecord: fc.Arbitrary<UserRecord> = fc
  .record({
    asOf: time,
    version: fc.integer({ min: -1, max: 1 }),
    statements: fc.uniqueArray(stated, { maxLength: 3, selector: ([name]) => name }),
    events: fc.array(eventStatement, { maxLength: 3 }),
    attributes: fc.uniqueArray(
      fc.tuple(fc.constantFrom('country', 'metadata/__proto__'), fc.constantFrom('FR', 'DE', 'IT', 3, null)),
      { maxLength: 2, selector: ([name]) => name },
    ),
  })
  .map((parts) => record({ ...parts, attributes: parts.attributes.filter(([, value]) => value !== null) }))

export const history = fc.array(userRecord, { minLength: 1, maxLength: 8 })

/** A record whose keys, event ids and attribute names are of the worst kind. */
export const hostileRecord: fc.Arbitrary<UserRecord> = fc
  .record({
    asOf: fc.integer(),
    statements: fc.uniqueArray(fc.tuple(key.map(keyText), fc.boolean()), { maxLength: 4, selector: ([name]) => name }),
    sets: fc.uniqueArray(
      fc.tuple(
        fc.tuple(hostileId, hostileId).map(([purpose, preference]) => keyText({ kind: 'set', purpose, preference })),
        fc.uniqueArray(
          hostileId.filter((id) => !id.includes(',')),
          { maxLength: 3 },
        ),
      ),
      { maxLength: 2, selector: ([name]) => name },
    ),
    event: fc.tuple(key.map(keyText), hostileId),
    attributes: fc.uniqueArray(fc.tuple(hostileId, fc.jsonValue({ maxDepth: 2 })), {
      maxLength: 3,
      selector: ([name]) => name,
    }),
  })
  .map(({ asOf, statements, sets, event: [name, id], attributes }) =>
    record({
      asOf,
      statements: [
        ...statements.filter(([text]) => !text.startsWith('set/')),
        ...sets.map(([text, ids]): readonly [string, Choice] => [text, [...ids].sort()]),
      ],
      events: name.startsWith('set/') ? [] : [{ lo: asOf, hi: asOf, id, statements: [[name, false]] }],
      attributes: attributes.map(([text, value]) => [text, JSON.parse(JSON.stringify(value))]),
    }),
  )

const span = fc
  .tuple(fc.oneof(time, fc.constant(SINCE_EVER)), time, fc.integer({ min: 0, max: 6 }))
  .map(([lo, from, length]) => ({ lo, hi: (lo === SINCE_EVER ? from : lo) + length }))

export const statement: fc.Arbitrary<Statement> = fc
  .tuple(span, fc.boolean(), fc.option(fc.constantFrom('e', 'f', 'g'), { nil: undefined }))
  .map(([bounds, value, event]) => ({ value, ...bounds, ...(event === undefined ? {} : { event }) }))

export const setStatement: fc.Arbitrary<SetStatement> = fc.tuple(span, set).map(([bounds, ids]) => ({ ids, ...bounds }))

/** The same things in another order. */
export function shuffled<T>(all: readonly T[]): fc.Arbitrary<T[]> {
  return fc.shuffledSubarray([...all], { minLength: all.length, maxLength: all.length })
}
