/** Writes the state in the making as canonical JSON: the text of the joined states. */

import {
  BACKSLASH,
  CLOSE_ARRAY,
  CLOSE_OBJECT,
  COLON,
  COMMA,
  MINUS,
  OPEN_ARRAY,
  OPEN_OBJECT,
  QUOTE,
  SPACE,
  ZERO,
} from '../record/json-byte'
import {
  ATTRIBUTES_USED,
  attributesUsed,
  EVENTS_OF,
  IS_SET,
  KEYS_USED,
  keysUsed,
  MEMBER,
  NAME,
  NEWEST,
  NO_MARK,
  OTHER,
  RANK,
  SAID,
  SET_LIST,
  YES_MARK,
} from './draft-slot'
import { byteAt } from './json'
import { firstOfMark, idEndOf, idStartOf, secondOfMark, setWritten, writtenAt, writtenLength } from './mark'
import { ROWS, ROWS_BYTES } from './memory'
import { compareTexts, sort } from './order'
import { MOST_SETS, reachable } from './reachable'

/** Asks for the JSON of a number that is no safe integer, written to `to`; its length. */
declare function askNumber(value: f64, to: i32): i32

/** A little more than the longest that is written at once, but for texts of lines. */
const MARGIN: i32 = 64
const END: i32 = ROWS + ROWS_BYTES - MARGIN
/** The greatest integer that a number holds for sure. */
const SAFE: f64 = 9007199254740991

let begin = ROWS
let at = ROWS
let failed = false

/** Writes the text from one place on: its length; less than 0 where it has no room, or holds what is written another way. `ranked`: slots have ranks. */
export function writeDraft(from: i32, ranked: bool): i32 {
  begin = from
  at = from
  failed = false
  const before = ranked ? isRankedBefore : isNamedBefore
  sort(ATTRIBUTES_USED, attributesUsed(), before)
  sort(KEYS_USED, keysUsed(), before)
  addWord('{"attributes":{')
  addAttributes()
  addWord('},"events":{')
  addMarks(EVENTS_OF)
  addWord('},"said":{')
  addMarks(SAID)
  addWord('}}')
  return failed ? -1 : at - begin
}

function isRankedBefore(a: i32, b: i32): bool {
  return load<i32>(a, RANK) < load<i32>(b, RANK)
}

function isNamedBefore(a: i32, b: i32): bool {
  const aName = load<i32>(a, NAME)
  const bName = load<i32>(b, NAME)
  return compareTexts(aName, aName + load<i32>(a, NAME + 4), bName, bName + load<i32>(b, NAME + 4)) < 0
}

function addAttributes(): void {
  let first = true
  for (let index = 0; index < attributesUsed(); index += 1) {
    const slot = load<i32>(ATTRIBUTES_USED + (index << 2))
    if (load<i32>(slot, NEWEST) === 0) continue
    addMember(slot, first)
    first = false
    addByte(OPEN_ARRAY)
    addValue(slot + NEWEST)
    if (load<i32>(slot, OTHER) !== 0) {
      addByte(COMMA)
      addValue(slot + OTHER)
    }
    addByte(CLOSE_ARRAY)
  }
}

/** `[asOf, version, value]`, the value as a text. */
function addValue(value: i32): void {
  addOpenMark(load<i32>(value, 8))
  addByte(COMMA)
  addQuoted(load<i32>(value), load<i32>(value, 4))
  addByte(CLOSE_ARRAY)
}

function addMarks(which: i32): void {
  let first = true
  for (let index = 0; index < keysUsed(); index += 1) {
    const slot = load<i32>(KEYS_USED + (index << 2))
    const yes = load<i32>(slot + which + YES_MARK)
    const no = load<i32>(slot + which + NO_MARK)
    const sets = load<i32>(slot + which + SET_LIST)
    if (yes === 0 && no === 0 && sets === 0) continue
    addMember(slot, first)
    first = false
    if (load<i32>(slot, IS_SET) !== 0) {
      addSets(sets)
      continue
    }
    if (no !== 0) {
      addWord('{"false":')
      addMark(no)
    }
    if (yes !== 0) {
      if (no === 0) addWord('{"true":')
      else addWord(',"true":')
      addMark(yes)
    }
    addByte(CLOSE_OBJECT)
  }
}

/** The sets of one key that are written, in a list of addresses. */
const setsWritten = memory.data(4 * MOST_SETS, 4)

function addSets(list: i32): void {
  const written = <i32>setsWritten
  const count = keptOf(list, written)
  sort(written, count, isSetBefore)
  addByte(OPEN_OBJECT)
  for (let index = 0; index < count; index += 1) {
    const set = load<i32>(written + (index << 2))
    if (index > 0) addByte(COMMA)
    addQuoted(load<i32>(set), load<i32>(set, 4))
    addByte(COLON)
    addMark(load<i32>(set, 8))
  }
  addByte(CLOSE_OBJECT)
}

function isSetBefore(a: i32, b: i32): bool {
  return compareTexts(load<i32>(a), load<i32>(a, 4), load<i32>(b), load<i32>(b, 4)) < 0
}

/** What a state keeps of the sets of a list; their number. */
function keptOf(list: i32, kept: i32): i32 {
  const count = reachable(list, kept)
  if (count >= 0) return count
  failed = true
  return 0
}

function addMark(mark: i32): void {
  addOpenMark(mark)
  addByte(CLOSE_ARRAY)
}

/** The mark but for its closing bracket. */
function addOpenMark(mark: i32): void {
  if (writtenAt(mark) !== 0) {
    addBytes(writtenAt(mark), writtenLength(mark))
    return
  }
  const start = at
  addByte(OPEN_ARRAY)
  addNumber(firstOfMark(mark))
  addByte(COMMA)
  addNumber(secondOfMark(mark))
  if (idStartOf(mark) !== 0) {
    addByte(COMMA)
    addQuoted(idStartOf(mark), idEndOf(mark))
  }
  if (!failed) setWritten(mark, start, at - start)
}

function addMember(slot: i32, first: bool): void {
  if (!first) addByte(COMMA)
  addBytes(load<i32>(slot, MEMBER), load<i32>(slot, MEMBER + 4))
}

function addByte(byte: i32): void {
  need(1)
  store<u8>(at, byte)
  at += 1
}

/** In pieces that go beyond the end: what follows is written over them. */
function addBytes(from: i32, length: i32): void {
  need(length)
  for (let index = 0; index < length; index += 16) v128.store(at + index, v128.load(from + index))
  at += length
}

/** A text of the module's own, ASCII, short. */
function addWord(word: string): void {
  need(word.length)
  const from = changetype<i32>(word)
  for (let index = 0; index < word.length; index += 1) store<u8>(at + index, load<u16>(from + (index << 1)))
  at += word.length
}

/** A text as a JSON string, as the caller would write it: bytes beyond ASCII as they are, control bytes the caller's affair. */
function addQuoted(start: i32, end: i32): void {
  need((end - start) * 2 + 2)
  store<u8>(at, QUOTE)
  let to = at + 1
  for (let from = start; from < end; from += 1) {
    const byte = byteAt(from)
    if (byte < SPACE) failed = true
    if (byte === QUOTE || byte === BACKSLASH) {
      store<u8>(to, BACKSLASH)
      to += 1
    }
    store<u8>(to, byte)
    to += 1
  }
  store<u8>(to, QUOTE)
  at = to + 1
}

function addNumber(value: f64): void {
  need(MARGIN)
  if (trunc(value) !== value || abs(value) > SAFE) {
    at += askNumber(value, at)
    return
  }
  if (value < 0) addByte(MINUS)
  const whole = <u64>abs(value)
  // In halves of eight digits, which are divided faster.
  const upper = <u32>(whole / 100_000_000)
  const lower = <u32>(whole % 100_000_000)
  if (upper >= 100_000_000) {
    addDigits(upper / 100_000_000, 0)
    addDigits(upper % 100_000_000, 8)
  } else if (upper > 0) addDigits(upper, 0)
  addDigits(lower, upper > 0 ? 8 : 0)
}

/** An integer below 10⁸, with zeros in front up to so many places. */
function addDigits(value: u32, places: i32): void {
  let digits = 1
  for (let power: u32 = 10; power <= value; power *= 10) digits += 1
  const count = max(digits, places)
  let left = value
  for (let place = at + count - 1; place >= at; place -= 1) {
    store<u8>(place, ZERO + <i32>(left % 10))
    left /= 10
  }
  at += count
}

/** Room for so many bytes. Where there is none, what is written is void, and may as well begin anew. */
function need(count: i32): void {
  if (at + count <= END) return
  failed = true
  at = begin
}
