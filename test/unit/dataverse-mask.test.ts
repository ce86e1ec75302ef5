import { describe, expect, it } from 'vitest'
import { maskMessage } from '../../src/dataverse/mask.ts'

const CANARY = 'Jeanne+o’Neil/äÖ@Example.com'
const html = (text: string) => text.replace(/[^a-z]/gi, (sign) => `&#${sign.codePointAt(0)};`)
const json = (text: string) =>
  text.replace(/[^a-z]/gi, (sign) => `\\u${(sign.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`)

const SPELLINGS: ReadonlyArray<readonly [string, (text: string) => string]> = [
  ['plain', (text) => text],
  ['upper case', (text) => text.toUpperCase()],
  ['lower case', (text) => text.toLowerCase()],
  ['decomposed', (text) => text.normalize('NFD')],
  ['URL-escaped', encodeURIComponent],
  ['URL-escaped in lower case', (text) => encodeURIComponent(text).toLowerCase()],
  ['URL-escaped twice', (text) => encodeURIComponent(encodeURIComponent(text))],
  ['base64', (text) => Buffer.from(text).toString('base64')],
  ['base64url', (text) => Buffer.from(text).toString('base64url')],
  ['JSON-escaped', json],
  ['HTML-escaped', html],
]

describe('masking messages', () => {
  for (const canary of [CANARY, 'Müller-Lüdenscheid', 'id:a/b c', 'opaque user', '%41b+c', '0123', 'Bo', 'a\\u0041']) {
    it.each(SPELLINGS)(`lets nothing of ${JSON.stringify(canary)} through, %s`, (_, spell) => {
      const message = `The value ${spell(canary)} of column x is not valid for ${spell(canary)}.`
      const masked = maskMessage(message, [canary])
      expect(masked).toContain('The value')
      for (const [, other] of SPELLINGS) expect(masked).not.toContain(other(canary))
      for (const word of canary.split(/[^\p{L}\p{N}]+/u).filter(({ length }) => length > 3)) {
        expect(masked.toLowerCase()).not.toContain(word.toLowerCase())
      }
    })
  }

  it('masks what looks personal, whoever it belongs to', () => {
    const other = [
      'someone.else@example.com',
      'someone%40example.com',
      '33612345678',
      '+33 6 12 34 56 78',
      '(06) 12-34-56-78',
      '5f1d7a84-0c3e-4c7e-9d5b-1c2d3e4f5a6b',
      'eyJhbGciOiJIUzI1NiJ9abc',
      '<Id>secret-thing</Id>',
      '"quoted secret"',
      "'quoted secret'",
      '“quoted secret”',
    ]
    for (const text of other) expect(maskMessage(`Bad ${text} here`, [])).toMatch(/^Bad \(?\*{3}.*here$/)
    expect(maskMessage('Open "quote runs to the end', [])).toBe('Open ***')
    expect(maskMessage(`Bad ${other.join(' ')}`, [])).not.toMatch(/secret|someone|\d/)
  })

  it('keeps error codes, privileges and the names of columns that are no value of the row', () => {
    const message = "0x80044331 prvWriteContact 'new_code' of 'contact' is longer than '100'"
    expect(maskMessage(message, ['x1'], new Set(['new_code', 'contact']))).toBe(
      "0x80044331 prvWriteContact 'new_code' of 'contact' is longer than ***",
    )
    expect(maskMessage(message, ['new_code'], new Set(['new_code']))).not.toContain('new_code')
  })

  it('is one line of at most 300 characters, and soon done with a long message', () => {
    const masked = maskMessage(`a\r\nb\u2028c ${'word '.repeat(100_000)}`, ['value'])
    expect(masked.length).toBeLessThanOrEqual(300)
    expect(masked.startsWith('a b c word')).toBe(true)
  })
})
