/** Texts and instants read straight from the bytes of a JSON value, the same as parsing it would give. */

import { BACKSLASH, FALSE, NULL, OPEN_ARRAY, OPEN_OBJECT, QUOTE, TRUE } from '../consent/json-byte.ts'
import { type Instant, parseInstant, SECOND } from '../consent/time.ts'

/** What stands for an array or object where only a scalar means something. */
const NO_SCALAR: unknown = Object.freeze({})

/** The value of a checked JSON range: a scalar as it is; every array or object as the same empty one. */
export function scalarAt(bytes: Buffer, start: number, end: number): unknown {
  switch (bytes[start]) {
    case QUOTE:
      return textAt(bytes, start, end)
    case NULL:
      return null
    case TRUE:
      return true
    case FALSE:
      return false
    case OPEN_OBJECT:
    case OPEN_ARRAY:
      return NO_SCALAR
    default:
      return Number(bytes.toString('latin1', start, end))
  }
}

/** A JSON string, its quotes included in the range. Bytes that are not UTF-8 become U+FFFD. */
export function textAt(bytes: Buffer, start: number, end: number): string {
  let ascii = true
  for (let at = start + 1; at < end - 1; at += 1) {
    const byte = bytes[at] ?? 0
    if (byte === BACKSLASH) return JSON.parse(bytes.toString('utf8', start, end)) as string
    if (byte >= 0x80) ascii = false
  }
  return ascii ? bytes.toString('latin1', start + 1, end - 1) : bytes.toString('utf8', start + 1, end - 1)
}

/** Midnights already looked up, by the number YYYYMMDD. An export holds few days; a hostile one is kept in bounds. */
const midnights = new Map<number, Instant | undefined>()
const MIDNIGHTS_KEPT = 10_000

/** An RFC 3339 date-time in a checked JSON range; `undefined` for what `parseInstant` would not read. */
export function instantAt(bytes: Buffer, start: number, end: number): Instant | undefined {
  return bytes[start] === QUOTE
    ? (usualInstant(bytes, start + 1, end - 1) ?? parseInstant(textAt(bytes, start, end)))
    : undefined
}

/** Is the JSON string in this range the instant as `formatInstant` writes it? */
export function isFormatted(bytes: Buffer, start: number, end: number, instant: Instant): boolean {
  // Milliseconds that are not all zero are written with three digits.
  const written = end - start === 26 && bytes[end - 2] === 0x5a && bytes[start + 11] === 0x54
  return written && instant % SECOND !== 0 && usualInstant(bytes, start + 1, end - 1) === instant
}

/** Is this a JSON string of ASCII, not empty, and without escapes? Bytes beyond ASCII might not be UTF-8. */
export function isPlainText(bytes: Buffer, start: number, end: number): boolean {
  if (bytes[start] !== QUOTE || end - start <= 2) return false
  for (let at = start + 1; at < end - 1; at += 1) {
    const byte = bytes[at] as number
    if (byte >= 0x80 || byte === BACKSLASH) return false
  }
  return true
}

/** The usual form, `YYYY-MM-DDTHH:MM:SS[.ffffff]Z`; `undefined` for any other, which may still be an instant. */
function usualInstant(bytes: Buffer, start: number, end: number): Instant | undefined {
  const length = end - start
  if (length < 20 || length > 27 || bytes[end - 1] !== 0x5a || bytes[start + 10] !== 0x54) return undefined
  if (bytes[start + 4] !== 0x2d || bytes[start + 7] !== 0x2d) return undefined
  if (bytes[start + 13] !== 0x3a || bytes[start + 16] !== 0x3a) return undefined
  const date = digits(bytes, start, 4) * 10_000 + digits(bytes, start + 5, 2) * 100 + digits(bytes, start + 8, 2)
  const hour = digits(bytes, start + 11, 2)
  const minute = digits(bytes, start + 14, 2)
  const second = digits(bytes, start + 17, 2)
  const places = length === 20 ? 0 : length - 21
  if (length > 20 && (bytes[start + 19] !== 0x2e || places === 0)) return undefined
  const fraction = digits(bytes, start + 20, places) * 10 ** (6 - places)
  if (!(hour < 24 && minute < 60 && second < 60)) return undefined
  const midnight = midnightOf(date)
  if (midnight === undefined) return undefined
  const instant = midnight + (hour * 3_600 + minute * 60 + second) * SECOND + fraction
  return Number.isSafeInteger(instant) ? instant : undefined
}

/** A number of so many digits; NaN where one of the bytes is none. */
function digits(bytes: Buffer, at: number, count: number): number {
  let value = 0
  for (let place = at; place < at + count; place += 1) {
    const digit = (bytes[place] ?? 0) - 0x30
    if (digit < 0 || digit > 9) return Number.NaN
    value = value * 10 + digit
  }
  return value
}

function midnightOf(date: number): Instant | undefined {
  if (midnights.has(date)) return midnights.get(date)
  const text = String(date).padStart(8, '0')
  const midnight = parseInstant(`${text.slice(0, 4)}-${text.slice(4, 6)}-${text.slice(6)}T00:00:00Z`)
  if (midnights.size >= MIDNIGHTS_KEPT) midnights.clear()
  midnights.set(date, midnight)
  return midnight
}
