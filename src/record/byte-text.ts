/** Texts and instants read straight from the bytes of a JSON value, the same as parsing it would give. */

import { type Instant, parseInstant } from '../consent/time.ts'
import { BACKSLASH, FALSE, NULL, OPEN_ARRAY, OPEN_OBJECT, QUOTE, TRUE } from './json-byte.ts'

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

/** An RFC 3339 date-time in a checked JSON range; `undefined` for any other value. */
export function instantAt(bytes: Buffer, start: number, end: number): Instant | undefined {
  return bytes[start] === QUOTE ? parseInstant(textAt(bytes, start, end)) : undefined
}
