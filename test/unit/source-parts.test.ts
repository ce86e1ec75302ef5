/** §2.1: lines and rows of a part, and what a damaged one does. */

import { inspect } from 'node:util'
import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'

import { type CsvRow, readRowBatches } from '../../src/source/csv-rows.ts'
import { gunzip } from '../../src/source/gunzip.ts'
import { readLineBatches } from '../../src/source/parts.ts'
import { type TextLine, textLine } from '../support/lines.ts'

const PLAIN = { key: 'data/part-0.json', gzip: false, maxLineBytes: 10 }
const GZIP = { key: 'data/part-0.json.gz', gzip: true, maxLineBytes: 10 }

async function* stream(...chunks: ReadonlyArray<Uint8Array | string>): AsyncIterable<Uint8Array> {
  for (const chunk of chunks) yield Buffer.from(chunk)
}

async function linesOf(bytes: AsyncIterable<Uint8Array>, reading = PLAIN): Promise<TextLine[]> {
  const lines: TextLine[] = []
  const plain = reading.gzip ? gunzip(bytes, reading.key) : bytes
  for await (const batch of readLineBatches(plain, reading.maxLineBytes)) lines.push(...[...batch].map(textLine))
  return lines
}

/** A stream that tells whether it was closed. */
function watched(chunks: Iterable<Uint8Array>) {
  const seen = { closed: false, taken: 0 }
  async function* bytes(): AsyncIterable<Uint8Array> {
    try {
      for (const chunk of chunks) {
        seen.taken += 1
        yield chunk
      }
    } finally {
      seen.closed = true
    }
  }
  return { bytes: bytes(), seen }
}

function* endless(): Iterable<Uint8Array> {
  // Incompressible enough that each chunk decompresses to many lines.
  for (;;) yield gzipSync('{"a":1}\n'.repeat(200_000))
}

describe('lines', () => {
  it('§2.1 are numbered physically; blank ones are none, \\r\\n is \\n, the last needs no end', async () => {
    expect(await linesOf(stream('\na\r\n\r\n  \t\nb\n\nc'))).toEqual([
      { number: 2, text: 'a' },
      { number: 5, text: 'b' },
      { number: 7, text: 'c' },
    ])
    expect(await linesOf(stream())).toEqual([])
  })

  it('§2.1 a byte-order mark is stripped at the start of the object only', async () => {
    expect(await linesOf(stream('\ufeffa\n\ufeffb'))).toEqual([
      { number: 1, text: 'a' },
      { number: 2, text: '\ufeffb' },
    ])
  })

  it('§2.1 bytes that are not UTF-8 become U+FFFD', async () => {
    expect(await linesOf(stream(Buffer.from([0x61, 0xff, 0xc3, 0x0a, 0xa9])))).toEqual([
      { number: 1, text: 'a\ufffd\ufffd' },
      { number: 2, text: '\ufffd' },
    ])
  })

  it('§2.1 a line above the limit is told and the next ones are read; its end and the mark do not count', async () => {
    const most = 'x'.repeat(10)
    expect(await linesOf(stream(`\ufeff${most}\r\n${most}x\n${most}\n${'é'.repeat(6)}\n${most.repeat(9)}`))).toEqual([
      { number: 1, text: most },
      { number: 2, tooLong: true },
      { number: 3, text: most },
      { number: 4, tooLong: true },
      { number: 5, tooLong: true },
    ])
  })

  it('§2.1 an endless line is never held', async () => {
    const chunk = Buffer.alloc(1_000_000, 'x')
    async function* long() {
      for (let count = 0; count < 500; count += 1) yield chunk
      yield Buffer.from('\nb')
    }
    const before = process.memoryUsage().arrayBuffers
    expect(await linesOf(long())).toEqual([
      { number: 1, tooLong: true },
      { number: 2, text: 'b' },
    ])
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(50_000_000)
  })
})

describe('gzip', () => {
  it('reads members one after the other, and an object without bytes as empty', async () => {
    const bytes = stream(Buffer.concat([gzipSync('a\nb'), gzipSync('c\n'), gzipSync('')]), gzipSync('d'))
    expect(await linesOf(bytes, GZIP)).toEqual([
      { number: 1, text: 'a' },
      { number: 2, text: 'bc' },
      { number: 3, text: 'd' },
    ])
    expect(await linesOf(stream(), GZIP)).toEqual([])
  })

  const whole = gzipSync('a\n'.repeat(100))
  const flipped = Buffer.from(whole)
  flipped.writeUInt8(flipped.readUInt8(flipped.length - 6) ^ 1, flipped.length - 6)
  it.each([
    ['truncated', [whole.subarray(0, -1)]],
    ['one byte of it', [whole.subarray(0, 1)]],
    ['truncated in its second member', [whole, whole.subarray(0, 5)]],
    ['not gzip', [Buffer.from('{"user":{}}\n')]],
    ['of a wrong checksum', [flipped]],
    ['followed by other bytes', [whole, Buffer.from('{"user":{}}\n')]],
    ['followed by zeros and a member zlib would pass over', [Buffer.concat([whole, Buffer.alloc(3), whole])]],
  ])('§8.1 an object that is %s is damaged, and named by its key', async (_, chunks) => {
    await expect(linesOf(stream(...chunks), GZIP)).rejects.toMatchObject({
      code: 'object-damaged',
      complaints: [{ where: 'data/part-0.json.gz' }],
    })
  })

  it('an error of the source passes as it is', async () => {
    const trouble = new Error('connection reset')
    async function* broken(): AsyncIterable<Uint8Array> {
      yield whole
      throw trouble
    }
    await expect(linesOf(broken(), GZIP)).rejects.toBe(trouble)
  })

  it('the source is closed when the reader leaves early, and was not read ahead without end', async () => {
    const { bytes, seen } = watched(endless())
    for await (const batch of readLineBatches(gunzip(bytes, GZIP.key), 100)) {
      expect([...batch].length).toBeGreaterThan(0)
      break
    }
    expect(seen.closed).toBe(true)
    expect(seen.taken).toBeLessThan(50)
  })

  it('the source is closed when the bytes are damaged', async () => {
    const { bytes, seen } = watched([Buffer.from('no gzip'), whole, whole])
    await expect(linesOf(bytes, GZIP)).rejects.toMatchObject({ code: 'object-damaged' })
    expect(seen.closed).toBe(true)
  })
})

const CSV = { key: 'data/part-0.csv', maxLineBytes: 1_000, columns: ['a', 'b'] }

async function rowsOf(text: string, reading: Partial<typeof CSV> = {}): Promise<CsvRow[]> {
  const rows: CsvRow[] = []
  for await (const batch of readRowBatches(stream(text), { ...CSV, ...reading })) rows.push(...batch)
  return rows
}

describe('CSV rows', () => {
  it('§2.7 are read by the header; quotes, line ends, byte-order mark and blank lines are understood', async () => {
    expect(await rowsOf('\ufeffa, b\r\n1,2\r\n\n"x,""y""\nz",\n\u00e9,3')).toEqual([
      { number: 2, row: { a: '1', b: '2' } },
      { number: 5, row: { a: 'x,"y"\nz', b: '' } },
      { number: 6, row: { a: '\u00e9', b: '3' } },
    ])
    expect(await rowsOf('')).toEqual([])
  })

  it('§2.7 a row of another length, or with text after a closing quote, is malformed and the others count', async () => {
    expect(await rowsOf('a,b\n1,2\n1\n1,2,3\n1,x"y\n"1"2,3\n5,"6" \n , \n \n7,8')).toEqual([
      { number: 2, row: { a: '1', b: '2' } },
      { number: 3, malformed: true },
      { number: 4, malformed: true },
      { number: 5, row: { a: '1', b: 'x"y' } },
      { number: 6, malformed: true },
      { number: 7, malformed: true },
      { number: 8, row: { a: ' ', b: ' ' } },
      { number: 10, row: { a: '7', b: '8' } },
    ])
  })

  it('a column called __proto__ is a column', async () => {
    const [row] = await rowsOf('a,b,__proto__\n1,2,3')
    expect(row !== undefined && 'row' in row && Object.entries(row.row)).toContainEqual(['__proto__', '3'])
  })

  it.each([
    ['a header without a column of the map', 'a,c\n1,2\n'],
    ['a header with one twice', 'a,b,b\n1,2,3\n'],
    ['a quote never closed', 'a,b\n1,2\n"1,2\n1,2\n'],
    ['a row above the limit', `a,b\n1,"${'x\n'.repeat(1_000)}`],
  ])('%s is damage, told without content', async (_, text) => {
    const error = await rowsOf(text).catch((reason: unknown) => reason)
    expect(error).toMatchObject({ code: 'object-damaged' })
    expect(inspect(error)).not.toMatch(/1,2|x\\n/)
  })

  it('gives more rows than one batch in order', async () => {
    const text = `a,b\n${Array.from({ length: 2_500 }, (_, index) => `${index},x`).join('\n')}`
    const rows = await rowsOf(text)
    expect(rows.map(({ number }) => number)).toEqual(Array.from({ length: 2_500 }, (_, index) => index + 2))
  })
})
