/** The attributes of a user, read from the bytes of `country` and `metadata` in the pass that checks them. */

import { FALSE, NINE, NULL, OPEN_ARRAY, OPEN_OBJECT, POINT, QUOTE, TRUE, ZERO } from '../consent/json-byte.ts'
import { canonicalJson } from '../consent/state.ts'
import { isStorable } from './attributes.ts'
import { readObject } from './byte-object.ts'
import { Shape } from './byte-shape.ts'
import { isPlainText } from './byte-text.ts'
import { type CompactWriter, LONGEST_COMPACT } from './compact-bytes.ts'
import { DOUBT, skipValue } from './json-scan.ts'
import { type Names, NO_NUMBER } from './names.ts'

/** So many digits are surely kept. */
const SURE_DIGITS = 15

export class ByteAttributes {
  readonly #shape: Shape<number>
  readonly #country: number
  /** By number: the metadata in which the name was last met. */
  readonly #metIn: number[] = []
  #object = 0
  readonly #into: CompactWriter

  constructor(names: Names, into: CompactWriter) {
    this.#into = into
    this.#shape = new Shape((name) => names.numberOf(`metadata/${name}`))
    this.#country = names.numberOf('country')
  }

  /** Reads the country at `at` and answers its end; only text is an attribute. */
  readCountry(bytes: Buffer, at: number): number {
    const end = skipValue(bytes, at)
    if (end === DOUBT || bytes[at] !== QUOTE) return end
    return this.#add(this.#country, bytes, at, end) ? end : DOUBT
  }

  /** Reads the metadata at `at` and answers its end; anything but an object holds none. */
  readMetadata(bytes: Buffer, at: number): number {
    if (bytes[at] !== OPEN_OBJECT) return skipValue(bytes, at)
    this.#object += 1
    return readObject(bytes, at, this.#shape, this.#readMember)
  }

  readonly #readMember = (bytes: Buffer, name: number, at: number): number => {
    // The last of two members of one name would count.
    if (name === NO_NUMBER || this.#metIn[name] === this.#object) return DOUBT
    this.#metIn[name] = this.#object
    const end = skipValue(bytes, at)
    if (end === DOUBT || bytes[at] === NULL) return end
    return this.#add(name, bytes, at, end) ? end : DOUBT
  }

  /** Adds the JSON as it stands; false where it is too long. */
  #add(name: number, bytes: Buffer, start: number, end: number): boolean {
    if (end - start > LONGEST_COMPACT) return false
    this.#into.attribute(name, bytes, start, end)
    return true
  }
}

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
