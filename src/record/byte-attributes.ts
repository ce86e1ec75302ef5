/** The attributes of a user, read from the bytes of `country` and `metadata` in the pass that checks them. */

import { canonicalJson } from '../consent/state.ts'
import { isStorable } from './attributes.ts'
import { OPEN_ARRAY, OPEN_OBJECT, readObject } from './byte-object.ts'
import { ByteTable } from './byte-table.ts'
import type { Pairs } from './compact-record.ts'
import { DOUBT, skipValue } from './json-scan.ts'
import { type Names, NO_NUMBER } from './names.ts'

const QUOTE = 0x22
const BACKSLASH = 0x5c
const NULL = 0x6e
const TRUE = 0x74
const FALSE = 0x66
const POINT = 0x2e
const ZERO = 0x30
const NINE = 0x39
/** So many digits are surely kept. */
const SURE_DIGITS = 15

export class ByteAttributes {
  readonly #names: ByteTable<number>
  readonly #country: number
  /** By number: the metadata in which the name was last met. */
  readonly #metIn: number[] = []
  #object = 0
  #into: Pairs | undefined

  constructor(names: Names) {
    this.#names = new ByteTable((text) => names.numberOf(`metadata/${text}`))
    this.#country = names.numberOf('country')
  }

  /** Reads the country at `at` and answers its end; only text is an attribute. */
  readCountry(bytes: Buffer, at: number, into: Pairs): number {
    const end = skipValue(bytes, at)
    if (end !== DOUBT && bytes[at] === QUOTE) into.add(this.#country, canonicalText(bytes, at, end))
    return end
  }

  /** Reads the metadata at `at` and answers its end; anything but an object holds none. */
  readMetadata(bytes: Buffer, at: number, into: Pairs): number {
    if (bytes[at] !== OPEN_OBJECT) return skipValue(bytes, at)
    this.#object += 1
    this.#into = into
    return readObject(bytes, at, this.#readMember)
  }

  readonly #readMember = (bytes: Buffer, nameStart: number, nameEnd: number, at: number): number => {
    const name = this.#names.at(bytes, nameStart - 1, nameEnd + 1)
    // The last of two members of one name would count.
    if (name === NO_NUMBER || this.#metIn[name] === this.#object) return DOUBT
    this.#metIn[name] = this.#object
    const end = skipValue(bytes, at)
    if (end === DOUBT || bytes[at] === NULL) return end
    const text = canonicalAt(bytes, at, end)
    if (text !== undefined) this.#into?.add(name, text)
    return end
  }
}

/** The canonical JSON of a checked value that is not null; `undefined` where it cannot be stored. */
function canonicalAt(bytes: Buffer, start: number, end: number): string | undefined {
  const byte = bytes[start]
  if (byte === QUOTE) return canonicalText(bytes, start, end)
  if (byte === TRUE || byte === FALSE || isSureNumber(bytes, start, end)) return bytes.toString('latin1', start, end)
  const value: unknown = JSON.parse(bytes.toString('utf8', start, end))
  const levels = byte === OPEN_OBJECT || byte === OPEN_ARRAY
  return isStorable(value) ? (levels ? canonicalJson(value) : JSON.stringify(value)) : undefined
}

/** A text without escapes is written as it stands. */
function canonicalText(bytes: Buffer, start: number, end: number): string {
  let ascii = true
  for (let at = start; at < end; at += 1) {
    const byte = bytes[at] ?? 0
    if (byte === BACKSLASH) return JSON.stringify(JSON.parse(bytes.toString('utf8', start, end)))
    if (byte >= 0x80) ascii = false
  }
  return bytes.toString(ascii ? 'latin1' : 'utf8', start, end)
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
