/** §3: what is spilled reduces like a plain map, whatever the lanes, the blocks and the damage. */

import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { personId } from '../../src/consent/person-id.ts'
import { joinTexts, stateOf, stateText } from '../../src/consent/state.ts'
import { BucketReducer } from '../../src/ingest/bucket.ts'
import { unpackRows } from '../../src/ingest/row-bytes.ts'
import { BUCKETS, type BucketBytes, bucketAt, Spill, sealedBucket } from '../../src/ingest/spill.ts'
import { keysMadeKnown } from '../../src/mapping/known-ids.ts'
import { assignPart, EntryWriter, personOf } from '../../src/record/entry-writer.ts'
import { fastReader } from '../../src/record/line-reader.ts'
import { Names } from '../../src/record/names.ts'
import type { UserRecord } from '../../src/record/record.ts'
import { wordMemory } from '../../src/record/word-memory.ts'
import type { StateRow } from '../../src/store/store.ts'
import { record } from '../support/consent-samples.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'didomi-dataverse-spill-'))
})
afterEach(async () => {
  await rm(folder, { recursive: true, force: true })
})

/** A line as JSON, to be read by the fast reader, or a record as the plain one gives it. */
type Spilled = { readonly part: number; readonly lane: number; readonly plain: boolean; readonly record: UserRecord }

const hostile = fc.constantFrom('\n', '"', '\\', 'a\nb', '\u2028', '[', '😀', '__proto__', "' or 1 eq 1")
const spilled: fc.Arbitrary<Spilled> = fc
  .record({
    part: fc.nat(3),
    lane: fc.nat(2),
    plain: fc.boolean(),
    ouid: fc.oneof(hostile, fc.constantFrom('a', 'b', 'c')),
    userId: fc.oneof(hostile, fc.string({ maxLength: 2 })),
    asOf: fc.nat(5),
    choice: fc.boolean(),
    set: fc.constantFrom(['a'], ['a', 'b'], ['c'], []),
    event: fc.option(fc.nat(5), { nil: undefined }),
  })
  .map(({ part, lane, plain, ouid, userId, asOf, choice, set, event }) => {
    // On a whole second the line is none of those that stand as nearly always.
    const at = asOf * 1_000_000 + (choice ? 512_000 : 0)
    const happened = event === undefined ? [] : [event * 1_000_000]
    return {
      part,
      lane,
      plain,
      record: record({
        ouid: ouid.trim() || 'x',
        userId: userId.replaceAll('\0', ''),
        asOf: at,
        statements: [
          ['purpose/p', choice],
          ['set/p/f', set],
        ],
        events: happened.map((hi) => ({ hi, lo: hi, id: 'é"', statements: [['purpose/p', !choice]] })),
      }),
    }
  })

/** The export's line of such a record. */
function lineOf({ ouid, userId, asOf, statements, events }: UserRecord): Buffer {
  const time = (micros: number) => new Date(micros / 1_000).toISOString()
  const purposes = (stated: UserRecord['statements']) =>
    stated.map(([key, choice]) =>
      key.startsWith('set/') ? { id: 'p', values: { f: { value: String(choice) } } } : { id: 'p', enabled: choice },
    )
  const line = {
    user: {
      id: userId,
      organization_user_id: ouid,
      updated_at: time(asOf),
      consents: { purposes: purposes(statements) },
    },
    events: events.map(({ id, hi, statements: stated }) => ({
      id,
      created_at: time(hi),
      consents: { purposes: purposes(stated) },
    })),
  }
  return Buffer.from(`${JSON.stringify(line)}\n`)
}

const SETTINGS = { normalise: 'none', regulations: ['gdpr'], clockSkew: 0, maxLineBytes: 1_000_000 } as const

function plainly(all: readonly Spilled[], damaged: ReadonlySet<number>): StateRow[] {
  const byRecord = new Map<string, StateRow>()
  for (const { part, record: one } of all) {
    if (damaged.has(part)) continue
    const row = { person: personId(one.ouid), ouid: one.ouid, userId: one.userId, state: stateText(stateOf(one)) }
    const key = `${row.person}${row.userId}`
    const before = byRecord.get(key)
    byRecord.set(key, before === undefined ? row : { ...row, state: joinTexts(before.state, row.state) })
  }
  return [...byRecord].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, row]) => row)
}

/** Three lanes; the records of the fast form go through its reader. */
function throughSpill(all: readonly Spilled[], damaged: ReadonlySet<number>, blockBytes: number, sealed: boolean) {
  const lanes = [0, 1, 2].map((lane) => {
    const names = new Names()
    const spill = new Spill(join(folder, 'spill', `lane-${lane}`), blockBytes)
    return { names, spill, reader: fastReader(SETTINGS, names), writer: new EntryWriter() }
  })
  try {
    for (const { part, lane, plain, record: one } of all) {
      const { spill, reader, writer } = lanes[lane] ?? never()
      const line = lineOf(one)
      const outcome = plain ? undefined : reader.read(line, 0, line.length - 1, Number.MAX_SAFE_INTEGER)
      const parsed = outcome?.kind === 'record' ? outcome.record : one
      const entry = outcome?.kind === 'compact' ? outcome.entry : writer.plain(parsed)
      assignPart(entry, part)
      spill.add(bucketAt(entry.bytes, personOf(entry)), entry)
    }
    const indexes = sealed ? lanes.map(({ spill, names }) => spill.seal(names.texts)) : []
    const reducer = new BucketReducer()
    const rows: StateRow[] = []
    const keys = new Set<string>()
    for (let bucket = 0; bucket < BUCKETS; bucket += 1) {
      const sources = sealed
        ? indexes.map((index) => ({ bucket: sealedBucket(index, bucket), names: index.names }))
        : lanes.map(({ spill, names }) => ({ bucket: spill.bucket(bucket), names: names.texts }))
      const reduced = reducer.reduce(sources, damaged)
      for (const { person, ouid, userId, state } of unpackRows(reduced.rows)) rows.push({ person, ouid, userId, state })
      for (const key of reduced.keys) keys.add(key)
    }
    return { rows, keys }
  } finally {
    for (const { spill } of lanes) spill.close()
  }
}

function never(): never {
  throw new Error('no such lane')
}

/** The record as a line would give it: with its attribute. */
const dated = (one: Spilled): Spilled => ({
  ...one,
  record: {
    ...one.record,
    attributes: [['updated_at', new Date(one.record.asOf / 1_000).toISOString().replace('.000Z', 'Z')]],
  },
})

/** An entry of so many bytes, and what a bucket holds. */
function bytesOf(length: number, byte = 0) {
  const memory = wordMemory(length)
  memory.bytes.fill(byte)
  return { ...memory, start: 0, end: length }
}

function contentOf(bucket: BucketBytes): Buffer {
  const bytes = Buffer.alloc(bucket.length)
  bucket.copyTo(bytes, 0)
  return bytes
}

describe('Spill', () => {
  it('§3 reduces like a plain map in key order, for any lanes, blocks and damage', () => {
    fc.assert(
      fc.property(
        fc.array(spilled.map(dated), { maxLength: 30 }),
        fc.uniqueArray(fc.nat(3), { maxLength: 2 }),
        fc.constantFrom(1, 700, 8 * 1024),
        fc.boolean(),
        (all, damaged, blockBytes, sealed) => {
          const lost = new Set(damaged)
          const { rows, keys } = throughSpill(all, lost, blockBytes, sealed)
          const expected = plainly(all, lost)
          expect(rows).toEqual(expected)
          for (const { state } of expected) for (const key of keysMadeKnown(state)) expect(keys).toContain(key)
          expect(existsSync(join(folder, 'spill', 'lane-0'))).toBe(false)
        },
      ),
      { numRuns: 150 },
    )
  })

  it('§3 the order in which records come makes no difference, nor the lane they are read on', () => {
    fc.assert(
      fc.property(fc.array(spilled.map(dated), { maxLength: 20 }), (all) => {
        const forwards = throughSpill(all, new Set(), 700, true).rows
        const elsewhere = [...all].reverse().map((one) => ({ ...one, lane: (one.lane + 1) % 3 }))
        expect(throughSpill(elsewhere, new Set(), 32 * 1024, false).rows).toEqual(forwards)
      }),
      { numRuns: 60 },
    )
  })

  it('§3 persons of one bucket come in the order of their ids, and their Didomi users in that of theirs', () => {
    const ofOne = Array.from({ length: 40 * BUCKETS }, (_, index) => `person-${index}`).filter(
      (ouid) => bucketAt(Buffer.from(personId(ouid), 'hex'), 0) === 7,
    )
    expect(ofOne.length).toBeGreaterThan(20)
    const all = ofOne.flatMap((ouid, part) =>
      ['b', '\u{1f600}', '\ue000', 'a'].map((userId): Spilled => {
        return { part, lane: part % 3, plain: part % 2 === 0, record: record({ ouid, userId, asOf: 0 }) }
      }),
    )
    const expected = plainly(all.map(dated), new Set())
    expect(throughSpill(all.map(dated), new Set(), 700, true).rows).toEqual(expected)
  })

  it('a small ingest never touches the disk; a large one leaves nothing there, and nobody else may read it', async () => {
    const path = join(folder, 'spill', 'lane')
    const small = new Spill(path)
    small.add(7, bytesOf(100))
    expect(existsSync(join(folder, 'spill'))).toBe(false)
    small.close()

    const large = new Spill(path, 10)
    for (let entry = 0; entry < 100; entry += 1) large.add(7, bytesOf(100))
    expect((await stat(join(folder, 'spill'))).mode & 0o777).toBe(0o700)
    expect((await stat(path)).mode & 0o777).toBe(0o600)
    large.close()
    expect(existsSync(path)).toBe(false)
  })

  it('what a killed run left behind is never read', async () => {
    await mkdir(join(folder, 'spill'))
    const path = join(folder, 'spill', 'lane')
    await writeFile(path, Buffer.alloc(1_000, 7))
    const spill = new Spill(path, 10)
    spill.add(7, bytesOf(24, 1))
    expect(contentOf(sealedBucket(spill.seal([]), 7))).toEqual(Buffer.alloc(24, 1))
    spill.close()
  })

  it('a cleared spill holds nothing, and takes up the next group', () => {
    const spill = new Spill(join(folder, 'spill', 'lane'), 10)
    spill.add(7, bytesOf(24, 1))
    spill.add(7, bytesOf(8, 2))
    spill.clear()
    expect(spill.bucket(7).length).toBe(0)
    spill.add(7, bytesOf(24, 3))
    expect(contentOf(sealedBucket(spill.seal([]), 7))).toEqual(Buffer.alloc(24, 3))
    spill.close()
  })
})
