/** Walks the members and entries of JSON in memory, and checks them on the way. */

import { CLOSE_ARRAY, CLOSE_OBJECT, COLON, COMMA, QUOTE, SPACE } from '../record/json-byte'
import { byteAt, DOUBT, skipColon, skipName, skipSpace } from './json'

/** Which of an object's members the name of so many bytes is: its index, or below zero for one that means nothing. */
export type MemberOf = (name: i32, length: i32) => i32

/** Reads the value of a member at `at`, its name standing (in quotes) from `name` to `nameEnd`; answers the value's end. */
export type ReadMember = (member: i32, at: i32, name: i32, nameEnd: i32) => i32

/** For an object whose members are told by their names alone. */
export function noMember(_name: i32, _length: i32): i32 {
  return -1
}

/** Reads one entry of an array; answers its end. */
export type ReadEntry = (at: i32) => i32

/** Reads the object whose brace stands at `from`; answers its end. A name written with escapes, or a member twice, is a doubt. */
export function readObject(from: i32, memberOf: MemberOf, readMember: ReadMember): i32 {
  let at = byteAt(from + 1) === QUOTE ? from + 1 : skipSpace(from + 1)
  if (byteAt(at) === CLOSE_OBJECT) return at + 1
  let met = 0
  while (true) {
    if (byteAt(at) !== QUOTE) return DOUBT
    const name = at
    const close = skipName(name + 1)
    if (close === DOUBT) return DOUBT
    // Between tokens there is hardly ever any space: a call to skip none would cost more than the byte that shows it.
    const value = byteAt(close + 1) === COLON && byteAt(close + 2) > SPACE ? close + 2 : skipColon(close + 1)
    if (value === DOUBT) return DOUBT
    const member = memberOf(name + 1, close - name - 1)
    if (member >= 0) {
      if ((met & (1 << member)) !== 0) return DOUBT
      met |= 1 << member
    }
    at = readMember(member, value, name, close + 1)
    if (at === DOUBT) return DOUBT
    if (byteAt(at) === COMMA && byteAt(at + 1) === QUOTE) {
      at += 1
      continue
    }
    at = skipSpace(at)
    if (byteAt(at) === CLOSE_OBJECT) return at + 1
    if (byteAt(at) !== COMMA) return DOUBT
    at = skipSpace(at + 1)
  }
}

/** Reads the array whose bracket stands at `from`; answers its end. */
export function readArray(from: i32, readEntry: ReadEntry): i32 {
  let at = skipSpace(from + 1)
  if (byteAt(at) === CLOSE_ARRAY) return at + 1
  while (true) {
    at = readEntry(at)
    if (at === DOUBT) return DOUBT
    at = skipSpace(at)
    if (byteAt(at) === CLOSE_ARRAY) return at + 1
    if (byteAt(at) !== COMMA) return DOUBT
    at = skipSpace(at + 1)
  }
}
