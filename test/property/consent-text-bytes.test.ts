/** Text written as bytes is the text that JSON writes. */

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { TextBytes } from '../../src/consent/text-bytes.ts'

const written = (write: (out: TextBytes) => void): string => {
  const out = new TextBytes()
  write(out)
  return out.bytes.toString('utf8', 0, out.length)
}

describe('TextBytes', () => {
  it('writes any number as JSON does', () => {
    const numbers = fc.oneof(
      fc.maxSafeInteger(),
      fc.integer(),
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      fc.constantFrom(0, -0, 1e8, 1e8 - 1, 1e15, 1e16, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER, 10 ** 8 * 7),
    )
    fc.assert(
      fc.property(numbers, (number) => {
        expect(written((out) => out.number(number))).toBe(JSON.stringify(number))
      }),
      { numRuns: 3_000 },
    )
  })

  it('quotes any text as JSON does', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.string({ unit: 'binary' })), (text) => {
        expect(written((out) => out.quoted(text))).toBe(JSON.stringify(text))
      }),
      { numRuns: 1_000 },
    )
  })

  it('grows, and repeats what stands in it', () => {
    const long = 'é'.repeat(100_000)
    const text = written((out) => {
      out.text(long)
      out.copy(Buffer.from('x'.repeat(100)))
      out.byte(0x2c)
      out.again(0, 4)
    })
    expect(text).toBe(`${long}${'x'.repeat(100)},éé`)
  })
})
