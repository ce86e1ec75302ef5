/** Skips and checks JSON in memory, without making values of it. Whatever is not plainly valid is a doubt, never an error. */

import {
  BACKSLASH,
  CLOSE_ARRAY,
  CLOSE_OBJECT,
  COLON,
  COMMA,
  FALSE,
  MINUS,
  NULL,
  OPEN_ARRAY,
  OPEN_OBJECT,
  POINT,
  QUOTE,
  SPACE,
  TRUE,
  ZERO,
} from '../record/json-byte'

/** Where something that is no plain JSON stands; whoever meets it reads the line the plain way. */
export const DOUBT: i32 = -1

/** Deeper values are read the plain way. */
const DEEPEST: i32 = 48

/** The words as they stand in memory, least byte first. */
const TRUE_WORD: u32 = 0x65757274
const NULL_WORD: u32 = 0x6c6c756e
const ALSE_WORD: u32 = 0x65736c61

/*
 * A line feed stands behind what is read: no loop below counts bytes, since a line feed ends each of them.
 */

export function byteAt(at: i32): i32 {
  return load<u8>(at)
}

/** The first byte from `at` on that is no JSON white space. */
export function skipSpace(at: i32): i32 {
  let next = at
  for (let byte = byteAt(next); byte <= SPACE && isSpace(byte); byte = byteAt(next)) next += 1
  return next
}

function isSpace(byte: i32): bool {
  return byte === SPACE || byte === 0x09 || byte === 0x0d
}

/** The first byte from `at` on that does not stand in a string for itself: quote, backslash or control. */
export function skipPlain(at: i32): i32 {
  let next = at
  while (true) {
    const piece = v128.load(next)
    const special = v128.or(
      v128.or(i8x16.eq(piece, i8x16.splat(<i8>QUOTE)), i8x16.eq(piece, i8x16.splat(<i8>BACKSLASH))),
      i8x16.lt_u(piece, i8x16.splat(<i8>SPACE)),
    )
    const bits = i8x16.bitmask(special)
    if (bits !== 0) return next + ctz(bits)
    next += 16
  }
}

/** The end of a string whose opening quote stands before `at`: the place after its closing quote. */
export function skipString(at: i32): i32 {
  let next = at
  while (true) {
    next = skipPlain(next)
    const byte = byteAt(next)
    if (byte === QUOTE) return next + 1
    if (byte !== BACKSLASH) return DOUBT
    const length = escapeLength(next + 1)
    if (length === DOUBT) return DOUBT
    next += 1 + length
  }
}

/** The closing quote of a member's name that begins at `at`; one with escapes is a doubt. */
export function skipName(at: i32): i32 {
  const end = skipPlain(at)
  return byteAt(end) === QUOTE ? end : DOUBT
}

/** How many bytes follow a backslash: one, or the five of `uXXXX`. */
function escapeLength(at: i32): i32 {
  switch (byteAt(at)) {
    case QUOTE:
    case BACKSLASH:
    case 0x2f: // /
    case 0x62: // b
    case 0x66: // f
    case 0x6e: // n
    case 0x72: // r
    case 0x74: // t
      return 1
    case 0x75: // u
      for (let digit = 1; digit <= 4; digit += 1) if (!isHex(byteAt(at + digit))) return DOUBT
      return 5
    default:
      return DOUBT
  }
}

function isHex(byte: i32): bool {
  return isDigit(byte) || (byte >= 0x41 && byte <= 0x46) || (byte >= 0x61 && byte <= 0x66)
}

export function isDigit(byte: i32): bool {
  return <u32>(byte - ZERO) < 10
}

/** The end of the value that begins at `at`, white space before it not allowed. */
export function skipValue(at: i32, depth: i32 = 0): i32 {
  switch (byteAt(at)) {
    case QUOTE:
      return skipString(at + 1)
    case OPEN_OBJECT:
      return depth > DEEPEST ? DOUBT : skipObject(at + 1, depth + 1)
    case OPEN_ARRAY:
      return depth > DEEPEST ? DOUBT : skipArray(at + 1, depth + 1)
    case TRUE:
      return load<u32>(at) === TRUE_WORD ? at + 4 : DOUBT
    case FALSE:
      return load<u32>(at + 1) === ALSE_WORD ? at + 5 : DOUBT
    case NULL:
      return load<u32>(at) === NULL_WORD ? at + 4 : DOUBT
    default:
      return skipNumber(at)
  }
}

// As in `walk.ts`, spaces and other values than strings are looked for only where there is no such thing as usual: measured
// at a thirtieth of an ingest's processor time.
function skipObject(from: i32, depth: i32): i32 {
  let at = skipSpace(from)
  if (byteAt(at) === CLOSE_OBJECT) return at + 1
  while (true) {
    if (byteAt(at) !== QUOTE) return DOUBT
    at = skipString(at + 1)
    if (at === DOUBT) return DOUBT
    at = byteAt(at) === COLON && byteAt(at + 1) > SPACE ? at + 1 : skipColon(at)
    if (at === DOUBT) return DOUBT
    at = byteAt(at) === QUOTE ? skipString(at + 1) : skipValue(at, depth)
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

function skipArray(from: i32, depth: i32): i32 {
  let at = skipSpace(from)
  if (byteAt(at) === CLOSE_ARRAY) return at + 1
  while (true) {
    at = byteAt(at) === QUOTE ? skipString(at + 1) : skipValue(at, depth)
    if (at === DOUBT) return DOUBT
    if (byteAt(at) === COMMA && byteAt(at + 1) > SPACE) {
      at += 1
      continue
    }
    at = skipSpace(at)
    if (byteAt(at) === CLOSE_ARRAY) return at + 1
    if (byteAt(at) !== COMMA) return DOUBT
    at = skipSpace(at + 1)
  }
}

/** The place of the value after a member's name that ends at `at`. */
export function skipColon(at: i32): i32 {
  const colon = skipSpace(at)
  return byteAt(colon) === COLON ? skipSpace(colon + 1) : DOUBT
}

function skipNumber(from: i32): i32 {
  let at = byteAt(from) === MINUS ? from + 1 : from
  if (!isDigit(byteAt(at))) return DOUBT
  at = byteAt(at) === ZERO ? at + 1 : skipDigits(at)
  if (byteAt(at) === POINT) {
    if (!isDigit(byteAt(at + 1))) return DOUBT
    at = skipDigits(at + 1)
  }
  if (byteAt(at) === 0x65 || byteAt(at) === 0x45) {
    at += byteAt(at + 1) === 0x2b || byteAt(at + 1) === 0x2d ? 2 : 1
    if (!isDigit(byteAt(at))) return DOUBT
    at = skipDigits(at)
  }
  return at
}

function skipDigits(from: i32): i32 {
  let at = from
  while (isDigit(byteAt(at))) at += 1
  return at
}
