/**
 * Remembers what entries of arrays came to, by their bytes: the same few choices stand in most lines. An entry is known
 * again only whole and byte for byte, so that what is recalled is what reading it once more would come to.
 */

import { CLOSE_ARRAY, CLOSE_OBJECT, COMMA, OPEN_OBJECT } from '../record/json-byte'
import { addItems, contentLength } from './content'
import { byteAt, DOUBT } from './json'
import { CONTENT, MEMO_BYTES, MEMOS, MEMOS_KEPT } from './memory'
import { meet, metAt, metCount } from './names'
import { hashOf, isSame } from './table'

/** Nothing is remembered of an entry. */
export const UNKNOWN: i32 = i32.MIN_VALUE

/*
 * A memo: hash of the entry, what it is an entry of, its length, how many names it met and how many bytes of items it
 * came to; the names, the items, the entry. A later one takes an earlier one's place: there is never more to search.
 */
const WHAT: i32 = 4
const LENGTH: i32 = 8
const NAME_COUNT: i32 = 12
const ITEM_BYTES: i32 = 16
const NAMES: i32 = 20
const MOST_NAMES: i32 = 14
const ITEMS: i32 = NAMES + 2 * MOST_NAMES
const MOST_ITEM_BYTES: i32 = 128
const TEXT: i32 = ITEMS + MOST_ITEM_BYTES + 16
const LONGEST: i32 = MEMO_BYTES - TEXT

export function forgetMemos(): void {
  for (let memo = 0; memo < MEMOS_KEPT; memo += 1) store<i32>(MEMOS + memo * MEMO_BYTES, 0, LENGTH)
}

/** What was looked for last. */
let soughtHash: u32 = 0
let soughtWhat = 0
let soughtEnd = 0
let soughtLength = 0
let namesBefore = 0
let itemsBefore = 0

/**
 * States again what the entry at `at`, of an array of this kind, came to, and answers its end. A doubt where it states
 * what was stated in the same object; `UNKNOWN` where it is to be read, and then remembered.
 */
export function recall(what: i32, at: i32): i32 {
  const end = seemingEnd(at)
  soughtEnd = end
  soughtLength = end - at
  namesBefore = metCount()
  itemsBefore = contentLength()
  if (end === 0) return UNKNOWN
  soughtHash = hashOf(what, at, end)
  soughtWhat = what
  const memo = memoAt(soughtHash)
  if (load<u32>(memo) !== soughtHash || load<i32>(memo, WHAT) !== what) return UNKNOWN
  if (load<i32>(memo, LENGTH) !== soughtLength || !isSame(memo + TEXT, at, soughtLength)) return UNKNOWN
  const names = memo + NAMES
  const namesEnd = names + (load<i32>(memo, NAME_COUNT) << 1)
  for (let name = names; name < namesEnd; name += 2) if (!meet(<i32>load<u16>(name))) return DOUBT
  return addItems(memo + ITEMS, load<i32>(memo, ITEM_BYTES)) ? end : DOUBT
}

/** Remembers what the entry at `at`, which was looked for last, has come to, now that it was read to its end. */
export function remember(at: i32, end: i32): void {
  const names = metCount() - namesBefore
  const items = contentLength() - itemsBefore
  // One that ended elsewhere than it seemed to would not be looked for again.
  if (soughtEnd !== end || names > MOST_NAMES || items > MOST_ITEM_BYTES) return
  const memo = memoAt(soughtHash)
  store<u32>(memo, soughtHash)
  store<i32>(memo, soughtWhat, WHAT)
  store<i32>(memo, soughtLength, LENGTH)
  store<i32>(memo, names, NAME_COUNT)
  store<i32>(memo, items, ITEM_BYTES)
  memory.copy(memo + NAMES, metAt(namesBefore), names << 1)
  memory.copy(memo + ITEMS, CONTENT + itemsBefore, items)
  memory.copy(memo + TEXT, at, soughtLength)
}

function memoAt(hash: u32): i32 {
  return MEMOS + <i32>(hash & (MEMOS_KEPT - 1)) * MEMO_BYTES
}

/** Where an entry seems to end: behind the first brace before a bracket or before another entry. 0 for one that is long. */
function seemingEnd(at: i32): i32 {
  if (byteAt(at) !== OPEN_OBJECT) return 0
  for (let next = at; next < at + LONGEST; next += 16) {
    const behind = v128.load(next, 1)
    const another = v128.and(isByte(behind, COMMA), isByte(v128.load(next, 2), OPEN_OBJECT))
    const last = v128.or(isByte(behind, CLOSE_ARRAY), another)
    const bits = i8x16.bitmask(v128.and(isByte(v128.load(next), CLOSE_OBJECT), last))
    if (bits === 0) continue
    const end = next + ctz(bits) + 1
    return end - at > LONGEST ? 0 : end
  }
  return 0
}

function isByte(piece: v128, byte: i32): v128 {
  return i8x16.eq(piece, i8x16.splat(<i8>byte))
}
