/** Skips and checks JSON in bytes, without making values of it. Whatever is not plainly valid is a doubt, never an error. */

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
} from '../consent/json-byte.ts'

/** Where something that is no plain JSON stands; whoever meets it reads the line the plain way. */
export const DOUBT = -1

/** By byte: 1 where it stands in a string for itself. */
const PLAIN = Uint8Array.from({ length: 256 }, (_, byte) =>
  byte >= SPACE && byte !== QUOTE && byte !== BACKSLASH ? 1 : 0,
)

/** Deeper values are read the plain way. */
const DEEPEST = 48

/*
 * What is read must be followed by a line feed: no loop below counts bytes, since a line feed ends each of them.
 */

/** The first byte from `at` on that is no JSON white space. */
export function skipSpace(bytes: Uint8Array, at: number): number {
  let next = at
  for (let byte = bytes[next]; byte === SPACE || byte === 0x09 || byte === 0x0d; byte = bytes[next]) next += 1
  return next
}

/** The end of a string whose opening quote stands before `at`: the place after its closing quote. */
export function skipString(bytes: Uint8Array, at: number): number {
  let next = at
  for (;;) {
    while (PLAIN[bytes[next] ?? 0] === 1) next += 1
    if (bytes[next] === QUOTE) return next + 1
    if (bytes[next] !== BACKSLASH) return DOUBT
    const length = escapeLength(bytes, next + 1)
    if (length === DOUBT) return DOUBT
    next += 1 + length
  }
}

/** The closing quote of a member's name that begins at `at`; one with escapes is a doubt. */
export function skipName(bytes: Uint8Array, at: number): number {
  let next = at
  while (PLAIN[bytes[next] ?? 0] === 1) next += 1
  return bytes[next] === QUOTE ? next : DOUBT
}

/** How many bytes follow a backslash: one, or the five of `uXXXX`. */
function escapeLength(bytes: Uint8Array, at: number): number {
  switch (bytes[at]) {
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
      for (let digit = 1; digit <= 4; digit += 1) if (!isHex(bytes[at + digit] ?? 0)) return DOUBT
      return 5
    default:
      return DOUBT
  }
}

const isHex = (byte: number): boolean =>
  (byte >= 0x30 && byte <= 0x39) || (byte >= 0x41 && byte <= 0x46) || (byte >= 0x61 && byte <= 0x66)

const isDigit = (byte: number | undefined): boolean => byte !== undefined && byte >= 0x30 && byte <= 0x39

/** The end of the value that begins at `at`, white space before it not allowed. */
export function skipValue(bytes: Uint8Array, at: number, depth = 0): number {
  switch (bytes[at]) {
    case QUOTE:
      return skipString(bytes, at + 1)
    case OPEN_OBJECT:
      return depth > DEEPEST ? DOUBT : skipObject(bytes, at + 1, depth + 1)
    case OPEN_ARRAY:
      return depth > DEEPEST ? DOUBT : skipArray(bytes, at + 1, depth + 1)
    case TRUE:
      return bytes[at + 1] === 0x72 && bytes[at + 2] === 0x75 && bytes[at + 3] === 0x65 ? at + 4 : DOUBT
    case FALSE:
      return bytes[at + 1] === 0x61 && bytes[at + 2] === 0x6c && bytes[at + 3] === 0x73 && bytes[at + 4] === 0x65
        ? at + 5
        : DOUBT
    case NULL:
      return bytes[at + 1] === 0x75 && bytes[at + 2] === 0x6c && bytes[at + 3] === 0x6c ? at + 4 : DOUBT
    default:
      return skipNumber(bytes, at)
  }
}

function skipObject(bytes: Uint8Array, from: number, depth: number): number {
  let at = skipSpace(bytes, from)
  if (bytes[at] === CLOSE_OBJECT) return at + 1
  for (;;) {
    if (bytes[at] !== QUOTE) return DOUBT
    at = skipColon(bytes, skipString(bytes, at + 1))
    if (at === DOUBT) return DOUBT
    at = skipValue(bytes, at, depth)
    if (at === DOUBT) return DOUBT
    at = skipSpace(bytes, at)
    if (bytes[at] === CLOSE_OBJECT) return at + 1
    if (bytes[at] !== COMMA) return DOUBT
    at = skipSpace(bytes, at + 1)
  }
}

function skipArray(bytes: Uint8Array, from: number, depth: number): number {
  let at = skipSpace(bytes, from)
  if (bytes[at] === CLOSE_ARRAY) return at + 1
  for (;;) {
    at = skipValue(bytes, at, depth)
    if (at === DOUBT) return DOUBT
    at = skipSpace(bytes, at)
    if (bytes[at] === CLOSE_ARRAY) return at + 1
    if (bytes[at] !== COMMA) return DOUBT
    at = skipSpace(bytes, at + 1)
  }
}

/** The place of the value after a member's name that ends at `at`. */
export function skipColon(bytes: Uint8Array, at: number): number {
  if (at === DOUBT) return DOUBT
  const colon = skipSpace(bytes, at)
  return bytes[colon] === COLON ? skipSpace(bytes, colon + 1) : DOUBT
}

function skipNumber(bytes: Uint8Array, from: number): number {
  let at = bytes[from] === MINUS ? from + 1 : from
  if (!isDigit(bytes[at])) return DOUBT
  if (bytes[at] === ZERO) at += 1
  else at = skipDigits(bytes, at)
  if (bytes[at] === POINT) {
    if (!isDigit(bytes[at + 1])) return DOUBT
    at = skipDigits(bytes, at + 1)
  }
  if (bytes[at] === 0x65 || bytes[at] === 0x45) {
    at += bytes[at + 1] === 0x2b || bytes[at + 1] === 0x2d ? 2 : 1
    if (!isDigit(bytes[at])) return DOUBT
    at = skipDigits(bytes, at)
  }
  return at
}

function skipDigits(bytes: Uint8Array, from: number): number {
  let at = from
  while (isDigit(bytes[at])) at += 1
  return at
}
