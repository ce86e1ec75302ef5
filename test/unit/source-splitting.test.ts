/** Where bytes are cut into chunks never shows in the lines (property). */

import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { gunzip } from '../../src/source/gunzip.ts'
import { LineSplitter } from '../../src/source/line-splitter.ts'
import { readLineBatches } from '../../src/source/parts.ts'
import { type TextLine, textLine } from '../support/lines.ts'

const LIMIT = 12
const bytes = fc
  .array(
    fc.oneof(
      fc.constantFrom('\n', '\r\n', '\r', '\ufeff', ' ', 'é', '\u{1f600}', 'x'.repeat(LIMIT)),
      fc.string({ unit: 'binary' }),
    ),
  )
  .chain((texts) => fc.tuple(fc.constant(Buffer.from(texts.join(''))), fc.uint8Array({ maxLength: 6 })))
  .map(([text, noise]) => Buffer.concat([text, noise, text]))

/** Bytes together with the places to cut them. */
const cut = bytes.chain((whole) =>
  fc.array(fc.nat({ max: whole.length }), { maxLength: 8 }).map((places) => {
    const bounds = [0, ...places.sort((a, b) => a - b), whole.length]
    return { whole, chunks: bounds.slice(1).map((end, index) => whole.subarray(bounds[index], end)) }
  }),
)

function split(chunks: Iterable<Uint8Array>): TextLine[] {
  const splitter = new LineSplitter(LIMIT)
  return [...[...chunks].flatMap((chunk) => [...splitter.push(chunk)]), ...splitter.end()].map(textLine)
}

async function unzipped(chunks: Iterable<Uint8Array>): Promise<TextLine[]> {
  const lines: TextLine[] = []
  async function* source() {
    yield* chunks
  }
  for await (const batch of readLineBatches(gunzip(source(), 'a.json.gz'), LIMIT))
    lines.push(...[...batch].map(textLine))
  return lines
}

/** The rule of §2.1 in its plainest words, for whole bytes. */
function expected(whole: Buffer): TextLine[] {
  const physical = whole.toString('latin1').split('\n')
  return physical.flatMap((latin, index): TextLine[] => {
    const unmarked = index === 0 ? latin.replace(/^\xef\xbb\xbf/, '') : latin
    const body = Buffer.from(unmarked.replace(/\r$/, ''), 'latin1')
    if (body.length > LIMIT) return [{ number: index + 1, tooLong: true }]
    const text = body.toString('utf8')
    return text.trim() === '' && !/^[^\0- ]/.test(text) ? [] : [{ number: index + 1, text }]
  })
}

describe('splitting', () => {
  it('§2.1 gives the same lines wherever the chunks end', () => {
    fc.assert(
      fc.property(cut, ({ whole, chunks }) => {
        expect(split(chunks)).toEqual(expected(whole))
      }),
      { numRuns: 500 },
    )
  })

  it('§2.1 gives the same lines byte by byte', () => {
    fc.assert(
      fc.property(bytes, (whole) => {
        expect(split([...whole].map((byte) => Uint8Array.of(byte)))).toEqual(expected(whole))
      }),
    )
  })

  it('members of gzip one after the other are their contents one after the other', async () => {
    await fc.assert(
      fc.asyncProperty(cut, fc.integer({ min: 1, max: 40 }), async ({ whole, chunks }, step) => {
        const zipped = Buffer.concat(chunks.map((chunk) => gzipSync(chunk)))
        const pieces = Array.from({ length: Math.ceil(zipped.length / step) }, (_, index) =>
          zipped.subarray(index * step, (index + 1) * step),
        )
        expect(await unzipped(pieces)).toEqual(expected(whole))
      }),
      { numRuns: 50 },
    )
  })
})
