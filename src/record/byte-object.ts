/** Walks the members and entries of checked JSON in bytes. */

import { isAt } from './byte-table.ts'
import { DOUBT, skipColon, skipName, skipSpace } from './json-scan.ts'

const QUOTE = 0x22
const COMMA = 0x2c
export const OPEN_OBJECT = 0x7b
const CLOSE_OBJECT = 0x7d
export const OPEN_ARRAY = 0x5b
const CLOSE_ARRAY = 0x5d

/** Names of members, to be found by their bytes. */
export function memberNames(...names: readonly string[]): readonly Buffer[] {
  return names.map((name) => Buffer.from(name))
}

/** Which of the names stands in the range, without quotes; −1 for none. */
export function nameAt(bytes: Buffer, start: number, end: number, names: readonly Buffer[]): number {
  for (let index = 0; index < names.length; index += 1) {
    const name = names[index]
    if (name !== undefined && isAt(bytes, start, end, name)) return index
  }
  return -1
}

/** Reads one member: the range of its name (without quotes) and the place of its value; answers the value's end. */
export type ReadMember = (bytes: Buffer, nameStart: number, nameEnd: number, at: number) => number

/** Reads one entry of an array; answers its end. */
export type ReadEntry = (bytes: Buffer, at: number) => number

/** Reads the object whose brace stands at `from`; answers its end. A name written with escapes is a doubt. */
export function readObject(bytes: Buffer, from: number, readMember: ReadMember): number {
  let at = skipSpace(bytes, from + 1)
  if (bytes[at] === CLOSE_OBJECT) return at + 1
  for (;;) {
    if (bytes[at] !== QUOTE) return DOUBT
    const nameStart = at + 1
    const nameEnd = skipName(bytes, nameStart)
    if (nameEnd === DOUBT) return DOUBT
    at = skipColon(bytes, nameEnd + 1)
    if (at === DOUBT) return DOUBT
    at = readMember(bytes, nameStart, nameEnd, at)
    if (at === DOUBT) return DOUBT
    at = skipSpace(bytes, at)
    if (bytes[at] === CLOSE_OBJECT) return at + 1
    if (bytes[at] !== COMMA) return DOUBT
    at = skipSpace(bytes, at + 1)
  }
}

/** Reads the array whose bracket stands at `from`; answers its end. */
export function readArray(bytes: Buffer, from: number, readEntry: ReadEntry): number {
  let at = skipSpace(bytes, from + 1)
  if (bytes[at] === CLOSE_ARRAY) return at + 1
  for (;;) {
    at = readEntry(bytes, at)
    if (at === DOUBT) return DOUBT
    at = skipSpace(bytes, at)
    if (bytes[at] === CLOSE_ARRAY) return at + 1
    if (bytes[at] !== COMMA) return DOUBT
    at = skipSpace(bytes, at + 1)
  }
}
