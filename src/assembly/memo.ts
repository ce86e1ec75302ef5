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

/**
 * Reads the entry at `at`, of an array of this kind, unless what it came to is remembered: then that is stated again.
 * Answers its end; a doubt also where it states what was stated in the same object.
 */
export function readOnce(what: i32, at: i32, readEntry: (at: i32) => i32): i32 {
  const end = seemingEnd(at)
  if (end === 0) return readEntry(at)
  const length = end - at
  const hash = hashOf(what, at, end)
  const memo = memoAt(hash)
  if (isOf(memo, hash, what, at, length)) return recall(memo) ? end : DOUBT
  const names = metCount()
  const items = contentLength()
  const read = readEntry(at)
  // One that ended elsewhere than it seemed to would not be looked for again.
  if (read !== end || !remember(memo, names, items)) return read
  store<u32>(memo, hash)
  store<i32>(memo, what, WHAT)
  store<i32>(memo, length, LENGTH)
  memory.copy(memo + TEXT, at, length)
  return read
}

function isOf(memo: i32, hash: u32, what: i32, at: i32, length: i32): bool {
  if (load<u32>(memo) !== hash || load<i32>(memo, WHAT) !== what || load<i32>(memo, LENGTH) !== length) return false
  return isSame(memo + TEXT, at, length)
}

/** States again what is remembered; false where it was stated in this object, or finds no room. */
function recall(memo: i32): bool {
  const names = memo + NAMES
  const namesEnd = names + (load<i32>(memo, NAME_COUNT) << 1)
  for (let name = names; name < namesEnd; name += 2) if (!meet(<i32>load<u16>(name))) return false
  return addItems(memo + ITEMS, load<i32>(memo, ITEM_BYTES))
}

/** Remembers what was stated since there were so many names and bytes of items; false where it is too much. */
function remember(memo: i32, namesBefore: i32, itemsBefore: i32): bool {
  const names = metCount() - namesBefore
  const items = contentLength() - itemsBefore
  if (names > MOST_NAMES || items > MOST_ITEM_BYTES) return false
  store<i32>(memo, names, NAME_COUNT)
  store<i32>(memo, items, ITEM_BYTES)
  memory.copy(memo + NAMES, metAt(namesBefore), names << 1)
  memory.copy(memo + ITEMS, CONTENT + itemsBefore, items)
  return true
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
