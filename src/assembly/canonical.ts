/** Writes checked JSON as canonical JSON: members in order, no white space. What may have to be spelt anew is left to the caller. */

import {
  CLOSE_ARRAY,
  CLOSE_OBJECT,
  COLON,
  COMMA,
  FALSE,
  NULL,
  OPEN_ARRAY,
  OPEN_OBJECT,
  POINT,
  QUOTE,
  TRUE,
  ZERO,
} from '../record/json-byte'
import { byteAt, isDigit, skipColon, skipSpace, skipValue } from './json'
import { compareTexts } from './order'
import { plainEnd } from './text'

/** So many digits are surely kept. */
const SURE_DIGITS: i32 = 15
const EXPONENT: i32 = 0x65
const CAPITAL_EXPONENT: i32 = 0x45
/** Deeper values, and larger objects, are the caller's affair. */
const DEEPEST: i32 = 8
const MOST_MEMBERS: i32 = 32

/** A member: where its name begins and ends, quotes included, and where its value begins. */
const MEMBER_BYTES: i32 = 12
const members = memory.data(MEMBER_BYTES * MOST_MEMBERS * (DEEPEST + 1), 4)

/** The end of the scalar that begins here, 0 where it may not stand as canonical JSON would write it. */
export function canonicalScalarEnd(start: i32): i32 {
  switch (byteAt(start)) {
    case QUOTE:
      return plainEnd(start + 1)
    case TRUE:
    case NULL:
      return start + 4
    case FALSE:
      return start + 5
    case OPEN_OBJECT:
    case OPEN_ARRAY:
      return 0
    default:
      return sureNumberEnd(start)
  }
}

let source = 0
let target = 0

/** Writes the value that begins at `from` to `to`, never more than it is long; answers the end of what was written, 0 for a doubt. */
export function writeCanonical(from: i32, to: i32): i32 {
  source = from
  target = to
  return writeValue(0) ? target : 0
}

function writeValue(depth: i32): bool {
  const first = byteAt(source)
  if (first === OPEN_OBJECT) return depth < DEEPEST && writeObject(depth)
  if (first === OPEN_ARRAY) return depth < DEEPEST && writeArray(depth)
  const end = canonicalScalarEnd(source)
  if (end === 0) return false
  write(source, end)
  source = end
  return true
}

function writeArray(depth: i32): bool {
  writeByte(OPEN_ARRAY)
  source = skipSpace(source + 1)
  while (byteAt(source) !== CLOSE_ARRAY) {
    if (!writeValue(depth + 1)) return false
    source = skipSpace(source)
    if (byteAt(source) !== COMMA) continue
    writeByte(COMMA)
    source = skipSpace(source + 1)
  }
  writeByte(CLOSE_ARRAY)
  source += 1
  return true
}

function writeObject(depth: i32): bool {
  const list = <i32>members + depth * MOST_MEMBERS * MEMBER_BYTES
  const count = readMembers(list)
  if (count < 0) return false
  const end = source
  writeByte(OPEN_OBJECT)
  for (let index = 0; index < count; index += 1) {
    const member = list + index * MEMBER_BYTES
    if (index > 0) writeByte(COMMA)
    write(load<i32>(member), load<i32>(member, 4))
    writeByte(COLON)
    source = load<i32>(member, 8)
    if (!writeValue(depth + 1)) return false
  }
  writeByte(CLOSE_OBJECT)
  source = end
  return true
}

/** Lists the members in the order of their names, each name plain and there once, and passes over the object; their number. */
function readMembers(list: i32): i32 {
  let count = 0
  source = skipSpace(source + 1)
  while (byteAt(source) !== CLOSE_OBJECT) {
    const name = source
    const nameEnd = plainEnd(name + 1)
    if (nameEnd === 0 || count === MOST_MEMBERS) return -1
    const value = skipColon(nameEnd)
    if (!insertMember(list, count, name, nameEnd, value)) return -1
    count += 1
    source = skipSpace(skipValue(value))
    if (byteAt(source) === COMMA) source = skipSpace(source + 1)
  }
  source += 1
  return count
}

function insertMember(list: i32, count: i32, name: i32, nameEnd: i32, value: i32): bool {
  let place = list + count * MEMBER_BYTES
  for (; place > list; place -= MEMBER_BYTES) {
    const before = place - MEMBER_BYTES
    // Without quotes: a shorter name comes before the longer one that begins with it.
    const order = compareTexts(load<i32>(before) + 1, load<i32>(before, 4) - 1, name + 1, nameEnd - 1)
    if (order === 0) return false
    if (order < 0) break
    memory.copy(place, before, MEMBER_BYTES)
  }
  store<i32>(place, name)
  store<i32>(place, nameEnd, 4)
  store<i32>(place, value, 8)
  return true
}

function write(start: i32, end: i32): void {
  memory.copy(target, start, end - start)
  target += end - start
}

function writeByte(byte: i32): void {
  store<u8>(target, byte)
  target += 1
}

/** A number of few digits, none of them superfluous, without sign and exponent, and not small. */
function sureNumberEnd(start: i32): i32 {
  let at = start
  let point = 0
  for (; isDigit(byteAt(at)) || byteAt(at) === POINT; at += 1) if (byteAt(at) === POINT) point = at
  const sure = at > start && at - start <= SURE_DIGITS && byteAt(at) !== EXPONENT && byteAt(at) !== CAPITAL_EXPONENT
  return sure && (point === 0 || (byteAt(start) !== ZERO && byteAt(at - 1) !== ZERO)) ? at : 0
}
