/** §3: the lines of a Didomi user, reduced in WebAssembly, come to the text of their joined states. */

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Choice } from '../../src/consent/choice.ts'
import { type KeyText, parseKey } from '../../src/consent/key.ts'
import { join, stateOf, stateText } from '../../src/consent/state.ts'
import { formatInstant } from '../../src/consent/time.ts'
import { KeysTold } from '../../src/ingest/keys-told.ts'
import { unpackRows } from '../../src/ingest/row-bytes.ts'
import { StateReducer } from '../../src/ingest/state-reducer.ts'
import { keysMadeKnown } from '../../src/mapping/known-ids.ts'
import { Entry } from '../../src/record/entry.ts'
import { EntryWriter } from '../../src/record/entry-writer.ts'
import { fastReader } from '../../src/record/line-reader.ts'
import { Names } from '../../src/record/names.ts'
import type { UserRecord } from '../../src/record/record.ts'
import { aligned } from '../../src/record/word-memory.ts'
import { history, hostileRecord } from '../support/consent-arbitraries.ts'
import { record } from '../support/consent-samples.ts'
import { exportLine } from '../support/raw-lines.ts'

const SETTINGS = { normalise: 'none', regulations: ['gdpr'], clockSkew: 0, maxLineBytes: 8_388_608 } as const

interface Spilled {
  readonly bytes: Buffer
  readonly record: UserRecord
}

/** A reader with its table of names, and what it reads as a lane spills it. */
function newLane() {
  const names = new Names()
  const reader = fastReader(SETTINGS, names)
  const writer = new EntryWriter()
  const read = (line: Buffer): Spilled | undefined => {
    const outcome = reader.read(line, 0, line.length - 1, Number.MAX_SAFE_INTEGER)
    if (outcome.kind !== 'compact' && outcome.kind !== 'record') return undefined
    const entry = outcome.kind === 'compact' ? outcome.entry : writer.plain(outcome.record)
    const bytes = Buffer.alloc(aligned(entry.end - entry.start))
    entry.bytes.copy(bytes, 0, entry.start, entry.end)
    return { bytes, record: new Entry(bytes, 0, names.texts).record }
  }
  return { names: names.texts, read }
}

/** Reduces lines of one user, in turn read by these lanes; answers the text, and what the plain way comes to. */
function reduced(lines: readonly Buffer[], lanes = [newLane()], keys = new KeysTold()) {
  const read = lines.flatMap((line, index) => {
    const lane = lanes[index % lanes.length]
    const spilled = lane?.read(line)
    return lane === undefined || spilled === undefined ? [] : [{ lane, ...spilled }]
  })
  const [first] = read
  if (first === undefined) return undefined
  // Of several users only the first counts: the others are other records.
  const ofOne = read.filter(
    ({ record: { ouid, userId } }) => ouid === first.record.ouid && userId === first.record.userId,
  )
  const sources = lanes.map((lane) => {
    const bytes = Buffer.concat(ofOne.filter((one) => one.lane === lane).map((one) => one.bytes))
    const copyTo = (target: Buffer, at: number) => void bytes.copy(target, at)
    return { bucket: { length: bytes.length, copyTo }, names: lane.names }
  })
  const { rows, plainly } = StateReducer.ofThread().reduce(sources, new Set(), keys)
  const [row, ...others] = unpackRows(rows)
  expect(others).toEqual([])
  return {
    text: row?.state,
    plain: stateText(ofOne.map((one) => stateOf(one.record)).reduce(join)),
    keys: new Set(keys.take()),
    fast: plainly === 0,
  }
}

type Stated = readonly (readonly [KeyText, Choice])[]

/** `consents` that state this: each key in an entry of its own, since hostile ones are in no order. */
function consentsOf(stated: Stated): object {
  const purposes = stated.flatMap(([text, choice]): object[] => {
    const key = parseKey(text)
    switch (key?.kind) {
      case 'purpose':
        return [{ id: key.purpose, enabled: choice }]
      case 'purpose-li':
        return [{ id: key.purpose, enabled_li: choice }]
      case 'preference':
        return [{ id: key.purpose, preferences: [{ id: key.preference, enabled: choice }] }]
      case 'set':
        return [{ id: key.purpose, values: { [key.preference]: { value: String(choice) } } }]
      case 'purpose-channel':
        return [{ id: key.purpose, channels: [{ id: key.channel, enabled: choice }] }]
      default:
        return []
    }
  })
  const channels = stated.flatMap(([text, choice]) => {
    const key = parseKey(text)
    return key?.kind === 'channel' ? [{ id: key.channel, enabled: choice }] : []
  })
  return { purposes, channels }
}

/** The export's line of a record. */
function lineOf({ asOf, version, statements, events, attributes }: UserRecord): Buffer {
  const line = {
    user: {
      organization_user_id: 'somebody',
      updated_at: formatInstant(asOf),
      version,
      metadata: Object.fromEntries(attributes.map(([name, value]) => [name.replace('metadata/', ''), value])),
      consents: consentsOf(statements),
    },
    events: events.map(({ id, hi, lo, statements: stated }) => ({
      id,
      created_at: formatInstant(lo),
      updated_at: formatInstant(hi),
      consents: consentsOf(stated),
    })),
  }
  return Buffer.from(`${JSON.stringify(line)}\n`)
}

describe('the state reducer', () => {
  it.each([
    ['usual histories', history],
    ['keys, ids and names of the worst kind', fc.array(hostileRecord, { minLength: 1, maxLength: 5 })],
  ])('§3 comes to the joined states of %s, one after the other', (_, records) => {
    const lanes = [newLane(), newLane()]
    const keys = new KeysTold()
    fc.assert(
      fc.property(records, (all) => {
        const outcome = reduced(all.map(lineOf), lanes, keys)
        expect(outcome?.text).toBe(outcome?.plain)
      }),
      { numRuns: 1_500 },
    )
  })

  it('§3 comes to the joined states of lines that nobody’s serialiser would write, and tells every key they make known', () => {
    fc.assert(
      fc.property(fc.array(exportLine, { minLength: 1, maxLength: 5 }), (lines) => {
        const outcome = reduced(
          lines.map((line) => Buffer.from(`${line}\n`)),
          [newLane(), newLane()],
        )
        if (outcome === undefined) return
        expect(outcome.text).toBe(outcome.plain)
        expect([...outcome.keys].sort()).toEqual([...keysMadeKnown(outcome.plain)].sort())
      }),
      { numRuns: 500 },
    )
  })

  const sets = (count: number) =>
    Array.from({ length: count }, (_, index) =>
      record({ asOf: index, statements: [['set/p/f', [`v${index}`, `v${index % 7}`, 'a']]] }),
    )
  const manyValues = (from: number, to: number) =>
    record({
      asOf: from,
      statements: [['set/p/f', Array.from({ length: to - from }, (_, index) => `v${from + index}`)]],
    })
  const named = (count: number, prefix = 'p') =>
    record({
      statements: Array.from({ length: count }, (_, index) => [`purpose/${prefix}${(index * 7_919) % count}`, true]),
    })
  const long = 'x'.repeat(60_000)

  it.each<[string, readonly UserRecord[], boolean]>([
    ['one line', [record({ statements: [['purpose/p', true]] })], true],
    ['three sets of one preference', sets(3), true],
    [
      'all sets of three values, said at once',
      [[], ['a'], ['b'], ['c'], ['a', 'b'], ['a', 'c'], ['b', 'c'], ['a', 'b', 'c']].map((values) =>
        record({ asOf: 1, version: 2, statements: [['set/p/f', values]] }),
      ),
      true,
    ],
    ['thirty sets of one preference', sets(30), true],
    ['sixty sets of one preference', sets(60), true],
    ['seventy sets of one preference', sets(70), false],
    ['sets of seventy values together', [manyValues(0, 35), manyValues(20, 50), manyValues(40, 70)], false],
    [
      'a set of a hundred values',
      [record({ statements: [['set/p/f', Array.from({ length: 100 }, (_, n) => `v${n}`)]] })],
      true,
    ],
    [
      'a version that is no whole number',
      [record({ version: 1.5 }), record({ version: 1e300 }), record({ version: -7 })],
      true,
    ],
    ['900 names, in rank', [named(900)], true],
    ['2,000 names, out of rank', [named(2_000)], true],
    [
      'lines of three mebibytes together',
      Array.from({ length: 50 }, (_, asOf) => record({ asOf, attributes: [['metadata/a', `${asOf}${long}`]] })),
      true,
    ],
    [
      'attributes of three mebibytes together that are to be put in order',
      Array.from({ length: 50 }, (_, asOf) => record({ asOf, attributes: [['metadata/a', { z: asOf, a: long }]] })),
      false,
    ],
    [
      'values that are not ASCII',
      [
        record({ statements: [['set/p/f', ['ü', '\u{ffff}', '😀']]] }),
        record({ statements: [['set/p/f', ['😀', 'ü']]] }),
      ],
      true,
    ],
    [
      'an event id that is not ASCII',
      [record({ events: [{ id: 'é😀', hi: 2, lo: 1, statements: [['purpose/p', true]] }] })],
      false,
    ],
  ])('§3 comes to the joined states of %s', (_, records, fast) => {
    const outcome = reduced(records.map(lineOf))
    expect(outcome?.text).toBe(outcome?.plain)
    expect(outcome?.fast).toBe(fast)
  })

  it('§3 goes on when its names are full, and forgets them for the next state', () => {
    const keys = new KeysTold()
    const outcomes = [named(20_000, 'a'), named(20_000, 'b'), named(3, 'c'), named(20_000, 'a')].map((one) =>
      reduced([lineOf(one)], [newLane()], keys),
    )
    for (const outcome of outcomes) expect(outcome?.text).toBe(outcome?.plain)
    expect(outcomes.map((outcome) => outcome?.fast)).toEqual([true, false, true, true])
    expect(outcomes.map((outcome) => outcome?.keys.size)).toEqual([20_000, 20_000, 3, 0])
  })

  it('§4 tells another caller every key, though it knows the names', () => {
    const line = lineOf(
      record({
        statements: [
          ['purpose/p', true],
          ['set/p/f', ['v']],
        ],
      }),
    )
    const lane = [newLane()]
    for (let time = 0; time < 2; time += 1) {
      expect(reduced([line], lane)?.keys).toEqual(new Set(['purpose/p', 'set/p/f', 'value/p/f/v']))
    }
  })
})
