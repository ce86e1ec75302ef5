/** What a range of checked JSON says, where that is told from its bytes alone. */

import { BACKSLASH, QUOTE, ZERO } from '../record/json-byte'
import { byteAt } from './json'

/** Is this word what stands in the range? Eight bytes are held at once against eight characters of two bytes each. */
export function isWord(at: i32, length: i32, word: string): bool {
  return length === word.length && startsWith(at, length, changetype<i32>(word))
}

function startsWith(at: i32, length: i32, word: i32): bool {
  for (let index = 0; index < length; index += 8) {
    const here = i16x8.extend_low_i8x16_u(v128.load64_zero(at + index))
    const same = i16x8.bitmask(i16x8.eq(here, v128.load(word + (index << 1))))
    const counted = length - index >= 8 ? 0xff : (1 << (length - index)) - 1
    if ((same & counted) !== counted) return false
  }
  return true
}

/** Is this a JSON string of ASCII, not empty, and without escapes? Bytes beyond ASCII might not be UTF-8. */
export function isPlainText(start: i32, end: i32): bool {
  return byteAt(start) === QUOTE && end - start > 2 && plainEnd(start + 1) === end
}

/** The end of a string of ASCII without escapes, from its first byte on: the place after its closing quote. 0 for any other. */
export function plainEnd(from: i32): i32 {
  let at = from
  while (true) {
    const piece = v128.load(at)
    const special = v128.or(i8x16.eq(piece, i8x16.splat(<i8>QUOTE)), i8x16.eq(piece, i8x16.splat(<i8>BACKSLASH)))
    // The bits of bytes beyond ASCII are set in the piece itself.
    const bits = i8x16.bitmask(v128.or(special, piece))
    if (bits !== 0) {
      at += ctz(bits)
      return byteAt(at) === QUOTE ? at + 1 : 0
    }
    at += 16
  }
}

/** The usual form, `"YYYY-MM-DDTHH:MM:SS[.ffffff]Z"`, from 1970 on, in microseconds; NaN for any other, which may still be an instant. */
export function usualInstant(open: i32, end: i32): f64 {
  const start = open + 1
  const length = end - start - 1
  if (length < 20 || length > 27 || byteAt(open) !== QUOTE) return NaN
  // Z at the end, then T, hyphens and colons in their places.
  if (byteAt(end - 2) !== 0x5a || byteAt(start + 10) !== 0x54) return NaN
  if (byteAt(start + 4) !== 0x2d || byteAt(start + 7) !== 0x2d) return NaN
  if (byteAt(start + 13) !== 0x3a || byteAt(start + 16) !== 0x3a) return NaN
  const year = digits(start, 4)
  const month = digits(start + 5, 2)
  const day = digits(start + 8, 2)
  const hour = digits(start + 11, 2)
  const minute = digits(start + 14, 2)
  const second = digits(start + 17, 2)
  if (year < 1970 || year > 2200 || month < 1 || month > 12 || day < 1 || day > daysOf(year, month)) return NaN
  if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 59) return NaN
  let fraction = 0
  if (length > 20) {
    const places = length - 21
    fraction = digits(start + 20, places)
    if (byteAt(start + 19) !== 0x2e || places === 0 || fraction < 0) return NaN
    for (let place = places; place < 6; place += 1) fraction *= 10
  }
  const seconds = <i64>daysBefore(year, month) * 86_400 + (day - 1) * 86_400 + hour * 3_600 + minute * 60 + second
  return <f64>(seconds * 1_000_000 + fraction)
}

/** A number of so many digits; −1 where one of the bytes is none. */
function digits(at: i32, count: i32): i32 {
  let value = 0
  for (let place = at; place < at + count; place += 1) {
    const digit = byteAt(place) - ZERO
    if (<u32>digit > 9) return -1
    value = value * 10 + digit
  }
  return value
}

function isLeap(year: i32): bool {
  return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0)
}

function daysOf(year: i32, month: i32): i32 {
  if (month === 2) return isLeap(year) ? 29 : 28
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31
}

/** Days from the epoch to the first of a month. */
function daysBefore(year: i32, month: i32): i32 {
  const before = year - 1
  // 719,162 days lie before 1970.
  let days = before * 365 + before / 4 - before / 100 + before / 400 - 719_162
  for (let earlier = 1; earlier < month; earlier += 1) days += daysOf(year, earlier)
  return days
}
