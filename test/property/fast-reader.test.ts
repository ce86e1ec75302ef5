/** The fast reader and the plain one give the same outcome for every line, and each other's state. */

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { personId } from '../../src/consent/person-id.ts'
import { stateOf, stateText } from '../../src/consent/state.ts'
import { DAY, parseInstant } from '../../src/consent/time.ts'
import { personOf } from '../../src/record/entry-writer.ts'
import { fastReader, type LineReader, plainReader, type ReadOutcome } from '../../src/record/line-reader.ts'
import { Names } from '../../src/record/names.ts'
import type { ReadingSettings } from '../../src/record/record.ts'
import { readOutcomes } from '../../src/source/outcomes.ts'
import { corruptions, exportLine, rawJson } from '../support/raw-lines.ts'
import { readRecord } from '../support/read-record.ts'

const SETTINGS: ReadingSettings = {
  normalise: 'none',
  regulations: ['gdpr'],
  clockSkew: DAY,
  maxLineBytes: 8_388_608,
}
const NAMES = new Names()
const LATEST = parseInstant('2026-10-22T00:00:00Z') ?? 0

const newReaders = () => ({ fast: fastReader(SETTINGS, NAMES), plain: plainReader(SETTINGS) })

/** Both outcomes of one line that stands amid others, as in a chunk. */
function outcomesOf(line: Buffer, readers = newReaders()) {
  const before = Buffer.from('{"user":{"id":"neighbour"\n')
  const bytes = Buffer.concat([before, line, Buffer.from('\n"}]}')])
  const range = [before.length, before.length + line.length] as const
  return {
    fast: comparable(readers.fast.read(bytes, ...range, LATEST)),
    plain: comparable(readers.plain.read(bytes, ...range, LATEST)),
  }
}

/** An outcome with the record's state in place of its statements, whose order in a line means nothing. */
function comparable(outcome: ReadOutcome, names = NAMES) {
  if (outcome.kind !== 'record' && outcome.kind !== 'compact') return outcome
  const record = readRecord(outcome, names.texts)
  const { ouid, userId, asOf, version } = record
  return { ouid, userId, asOf, version, ignored: outcome.ignoredEvents, state: stateText(stateOf(record)) }
}

async function* chunksOf(bytes: Buffer, length: number | 'a line'): AsyncIterable<Uint8Array> {
  for (let start = 0; start < bytes.length; ) {
    const end = length === 'a line' ? bytes.indexOf('\n', start) + 1 || bytes.length : start + length
    yield bytes.subarray(start, end)
    start = end
  }
}

/** Entries of which some say the same of one key, differ by a byte, or end where they do not seem to. */
const ENTRIES = [
  '{"id":"p","enabled":true}',
  '{"id":"p","enabled":false}',
  '{"id":"q","enabled":true}',
  '{"id":"q","enabled":true }',
  '{"id":"p","enabled_li":true}',
  '{"id":"p","enabled":null}',
  '{"id":"p","values":{"f":{"value":"a,b"}}}',
  '{"id":"p","values":{"f":{"value":"a,b}]"}}}',
  '{"id":"p","values":{"f":{"value":7}}}',
  '{"id":"p","values":{"f":{"value":null},"g":{"value":"},{"}}}',
  '{"id":"p","preferences":[{"id":"f","enabled":true}]}',
  '{"id":"p","preferences":[{"id":"f","enabled":true},{"id":"g","enabled":false}]}',
  '{"id":"p","channels":[{"id":"email","enabled":true}]}',
  '{"id":"email","enabled":true}',
  '{"id":"","enabled":true}',
  '{"enabled":true}',
  '{"id":"p","enabled":true,}',
  '{"id":"p","enabled":true}]',
  '7',
] as const
const entries = fc.array(fc.constantFrom(...ENTRIES), { maxLength: 3 })
const consents = fc.record({ purposes: entries, channels: entries }).map(({ purposes, channels }) => {
  return `{"channels":[${channels.join(',')}],"purposes":[${purposes.join(',')}]}`
})
const againLine = fc.record({ ofUser: consents, ofEvent: consents }).map(({ ofUser, ofEvent }) => {
  const at = '"2026-10-20T18:41:07.512Z"'
  const user = `{"id":"u","organization_user_id":"o","updated_at":${at},"consents":${ofUser}}`
  return `{"user":${user},"events":[{"id":"e","created_at":${at},"consents":${ofEvent}}]}`
})

describe('the fast reader', () => {
  it('§2 agrees with the plain one on lines of the export’s shape, however written', () => {
    const readers = newReaders()
    fc.assert(
      fc.property(exportLine, (line) => {
        const { fast, plain } = outcomesOf(Buffer.from(line), readers)
        expect(fast).toEqual(plain)
      }),
      { numRuns: 5_000 },
    )
  })

  it('§2 agrees when several readers take turns, each with names of its own', () => {
    const readers = [new Names(), new Names()].map((names) => ({ names, read: fastReader(SETTINGS, names).read }))
    const plain = plainReader(SETTINGS)
    fc.assert(
      fc.property(fc.array(exportLine, { minLength: 2, maxLength: 4 }), (lines) => {
        for (const [index, line] of lines.entries()) {
          const { names, read } = readers[index % 2] ?? { names: NAMES, read: plain.read }
          const bytes = Buffer.from(`${line}\n`)
          const outcomes = [read, plain.read].map((each) => comparable(each(bytes, 0, bytes.length - 1, LATEST), names))
          expect(outcomes[0]).toEqual(outcomes[1])
        }
      }),
      { numRuns: 1_000 },
    )
  })

  it('§2 agrees on choices that come again: in another line, twice in one, in the place of others', () => {
    const readers = newReaders()
    fc.assert(
      fc.property(againLine, (line) => {
        const { fast, plain } = outcomesOf(Buffer.from(line), readers)
        expect(fast).toEqual(plain)
      }),
      { numRuns: 3_000 },
    )
  })

  it('§2 agrees on any JSON and on any bytes', () => {
    const bytes = fc.oneof(
      rawJson.map((text) => Buffer.from(text)),
      fc.uint8Array({ maxLength: 60 }).map((noise) => Buffer.from(noise.filter((byte) => byte !== 0x0a))),
    )
    fc.assert(
      fc.property(bytes, (line) => {
        const { fast, plain } = outcomesOf(line)
        expect(fast).toEqual(plain)
      }),
      { numRuns: 5_000 },
    )
  })

  it('§2.1 agrees on lines that were corrupted: bytes cut out, doubled, replaced', () => {
    fc.assert(
      fc.property(exportLine, corruptions, (line, corrupt) => {
        const { fast, plain } = outcomesOf(corrupt(Buffer.from(line)))
        expect(fast).toEqual(plain)
      }),
      { numRuns: 8_000 },
    )
  })

  it('§2.1 agrees on lines read ahead, whatever stands between them and wherever the chunks end', async () => {
    const blank = fc.constantFrom('', ' ', '\r', '\t\r', 'x', '{}', '{"user":{"id":"u"')
    const line = fc.oneof({ weight: 6, arbitrary: againLine }, { weight: 2, arbitrary: exportLine }, blank)
    const part = fc.record({
      lines: fc.array(fc.tuple(line, fc.constantFrom('\n', '\n', '\r\n', '\n\n')), { maxLength: 40 }),
      mark: fc.constantFrom('', '\ufeff'),
      chunkBytes: fc.oneof(fc.integer({ min: 1, max: 20_000 }), fc.constant('a line' as const)),
      maxLineBytes: fc.constantFrom(300, 8_388_608),
    })
    const lanes = [new Names(), new Names()]
    await fc.assert(
      fc.asyncProperty(part, async ({ lines, mark, chunkBytes, maxLineBytes }) => {
        const bytes = Buffer.from(mark + lines.flat().join(''))
        const reading = { ...SETTINGS, maxLineBytes }
        const outcomes = async (reader: LineReader, names = NAMES) => {
          const taken: unknown[] = []
          const task = {
            key: 'a.json',
            size: bytes.length,
            format: { form: 'json', gzip: false },
            latest: LATEST,
          } as const
          await readOutcomes(
            chunksOf(bytes, chunkBytes),
            task,
            { reading, maxExpansion: 1 },
            reader,
            (number, outcome) => {
              taken.push([number, comparable(outcome, names)])
            },
          )
          return taken
        }
        const plain = await outcomes(plainReader(reading))
        expect(await outcomes(fastReader(reading, NAMES))).toEqual(plain)
        // In turn, as lanes of one thread: neither may meet the other's lines.
        const both = await Promise.all(lanes.map((names) => outcomes(fastReader(reading, names), names)))
        for (const fast of both) expect(fast).toEqual(plain)
      }),
      { numRuns: 600 },
    )
  })

  it('§1 knows the person of an OUID of any length', () => {
    const reader = fastReader(SETTINGS, NAMES)
    const ouid = fc.oneof(
      fc.string({ unit: fc.constantFrom('a', 'Z', '@', '.', '-', '7'), minLength: 1, maxLength: 130 }),
      fc.string({ unit: 'binary', minLength: 1 }),
    )
    fc.assert(
      fc.property(ouid, (organization_user_id) => {
        const user = { id: 'u', organization_user_id, updated_at: '2026-10-20T18:41:07.512Z' }
        const bytes = Buffer.from(`${JSON.stringify({ user })}\n`)
        const persons: string[] = []
        const told = (outcome: ReadOutcome) => {
          if (outcome.kind !== 'compact') return
          const { entry } = outcome
          persons.push(entry.bytes.toString('hex', personOf(entry), personOf(entry) + 16))
          expect(persons.at(-1)).toBe(personId(readRecord(outcome, NAMES.texts).ouid))
        }
        reader.readAhead(bytes, 0, bytes.length, LATEST, told)
        told(reader.read(bytes, 0, bytes.length - 1, LATEST))
        expect(persons.length > 0).toBe(
          plainReader(SETTINGS).read(bytes, 0, bytes.length - 1, LATEST).kind === 'record',
        )
      }),
      { numRuns: 3_000 },
    )
  })

  it('§2.1 agrees on a line cut anywhere', () => {
    fc.assert(
      fc.property(exportLine, (line) => {
        const bytes = Buffer.from(line)
        for (let length = 0; length <= bytes.length; length += 7) {
          const { fast, plain } = outcomesOf(bytes.subarray(0, length))
          expect(fast).toEqual(plain)
        }
      }),
      { numRuns: 60 },
    )
  })
})
