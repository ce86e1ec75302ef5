/** The value of an attribute, from the bytes of the JSON it stood in its line as. */

import { FALSE, NINE, OPEN_ARRAY, OPEN_OBJECT, POINT, QUOTE, TRUE, ZERO } from '../consent/json-byte.ts'
import { canonicalJson } from '../consent/state.ts'
import { isStorable } from './attributes.ts'
import { isPlainText } from './byte-text.ts'

/** So many digits are surely kept. */
const SURE_DIGITS = 15

/** The canonical JSON of an attribute's JSON in this range; `undefined` for a value that cannot be stored. */
export function attributeJsonAt(bytes: Buffer, start: number, end: number): string | undefined {
  if (isCanonical(bytes, start, end)) return bytes.toString('latin1', start, end)
  const value: unknown = JSON.parse(bytes.toString('utf8', start, end))
  return isStorable(value) ? canonicalJson(value) : undefined
}

/** Does this checked value surely stand as `canonicalJson` would write it? */
function isCanonical(bytes: Buffer, start: number, end: number): boolean {
  switch (bytes[start]) {
    case QUOTE:
      return isPlainText(bytes, start, end)
    case TRUE:
    case FALSE:
      return true
    case OPEN_ARRAY:
    case OPEN_OBJECT:
      return false
    default:
      return isSureNumber(bytes, start, end)
  }
}

/** Is this number written as `JSON.stringify` writes it? Few digits, none of them superfluous, no exponent, not small. */
function isSureNumber(bytes: Buffer, start: number, end: number): boolean {
  if (end - start > SURE_DIGITS) return false
  let point = -1
  for (let at = start; at < end; at += 1) {
    const byte = bytes[at] ?? 0
    if (byte === POINT) point = at
    else if (byte < ZERO || byte > NINE) return false
  }
  return point < 0 || (bytes[start] !== ZERO && bytes[end - 1] !== ZERO)
}
