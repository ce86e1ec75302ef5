/** Texts that stand for what a line holds: of sets in order and without repeats, of attributes in canonical JSON. */

import { BACKSLASH, COMMA, DELETE, SPACE } from '../record/json-byte'
import { canonicalScalarEnd, writeCanonical } from './canonical'
import { RAW, TEXT } from './draft-slot'
import { byteAt } from './json'
import { MADE, MADE_BYTES } from './memory'
import { compareTexts } from './order'
import { isSame } from './table'

/** Asks for the text of the set (or the attribute) in this range, written to `to`; its length, or one of the two below. */
declare function askSet(start: i32, end: i32, to: i32, room: i32): i32
declare function askAttribute(start: i32, end: i32, to: i32, room: i32): i32

/** A value that cannot be stored. */
const NOTHING: i32 = -1

/** Sets of more are put in order by the caller. */
const MOST_ITEMS: i32 = 64

let next = MADE

/** The text made last, and whether it is another than the one before it of the same slot. */
export let madeStart = 0
export let madeEnd = 0
export let madeAnew = false

export function beginMade(): void {
  next = MADE
}

/**
 * Makes the text of the set in this range, a JSON string (or nothing, for null), of which `slot` is the key: repeated
 * from line to line it is made once. False where there is no room.
 */
export function makeSet(slot: i32, start: i32, end: i32): bool {
  madeAnew = false
  if (start === end) return give(start, start)
  if (isLast(slot, start, end)) return true
  return (
    (sortedSet(start + 1, end - 1) || asked(askSet(start, end, next, MADE + MADE_BYTES - next))) &&
    remember(slot, start, end)
  )
}

/** The same for an attribute; the text is empty for a value that cannot be stored. */
export function makeAttribute(slot: i32, start: i32, end: i32): bool {
  if (isLast(slot, start, end)) return true
  if (canonicalScalarEnd(start) === end) return give(start, end) && remember(slot, start, end)
  return (
    (written(start, end) || asked(askAttribute(start, end, next, MADE + MADE_BYTES - next))) &&
    remember(slot, start, end)
  )
}

function written(start: i32, end: i32): bool {
  const writtenEnd = next + end - start > MADE + MADE_BYTES ? 0 : writeCanonical(start, next)
  if (writtenEnd === 0) return false
  give(next, writtenEnd)
  next = writtenEnd
  return true
}

function give(start: i32, end: i32): bool {
  madeStart = start
  madeEnd = end
  return true
}

function asked(length: i32): bool {
  if (length < NOTHING) return false
  give(next, length === NOTHING ? next : next + length)
  next = madeEnd
  return true
}

/** Is this what was last met for the slot? */
function isLast(slot: i32, start: i32, end: i32): bool {
  const raw = load<i32>(slot, RAW)
  if (raw === 0 || load<i32>(slot, RAW + 4) !== end - start || !isSame(raw, start, end - start)) return false
  return give(load<i32>(slot, TEXT), load<i32>(slot, TEXT + 4))
}

function remember(slot: i32, start: i32, end: i32): bool {
  madeAnew = true
  store<i32>(slot, start, RAW)
  store<i32>(slot, end - start, RAW + 4)
  store<i32>(slot, madeStart, TEXT)
  store<i32>(slot, madeEnd, TEXT + 4)
  return true
}

/** Where the items of a set begin. */
const items = memory.data(4 * (MOST_ITEMS + 1), 4)

/** Makes the set of these comma-separated items, if they are plain: no blank, no empty item, nothing to be decoded, none twice. */
function sortedSet(start: i32, end: i32): bool {
  if (start === end) return give(start, end)
  const place = <i32>items
  let count = 0
  let before = COMMA
  for (let at = start; at < end; at += 1) {
    const byte = byteAt(at)
    if (byte <= SPACE || byte >= DELETE || byte === BACKSLASH || (byte === COMMA && before === COMMA)) return false
    if (before === COMMA) {
      if (count === MOST_ITEMS) return false
      store<i32>(place + (count << 2), at)
      count += 1
    }
    before = byte
  }
  if (before === COMMA) return false
  return count === 1 ? give(start, end) : joinedItems(place, count, end)
}

/** Items are few: each finds its place among those before it. */
function joinedItems(place: i32, count: i32, end: i32): bool {
  let inOrder = true
  for (let index = 1; index < count; index += 1) {
    const item = load<i32>(place + (index << 2))
    let at = index
    for (; at > 0; at -= 1) {
      const order = compareItems(load<i32>(place + ((at - 1) << 2)), item, end)
      if (order === 0) return false
      if (order < 0) break
      store<i32>(place + (at << 2), load<i32>(place + ((at - 1) << 2)))
    }
    if (at !== index) inOrder = false
    store<i32>(place + (at << 2), item)
  }
  if (inOrder) return give(load<i32>(place), end)
  return writeItems(place, count, end)
}

function compareItems(a: i32, b: i32, end: i32): i32 {
  return compareTexts(a, itemEnd(a, end), b, itemEnd(b, end))
}

/** The end of the item of a set that begins here. */
export function itemEnd(start: i32, end: i32): i32 {
  let at = start
  while (at < end && byteAt(at) !== COMMA) at += 1
  return at
}

function writeItems(place: i32, count: i32, end: i32): bool {
  const from = next
  let to = next
  for (let index = 0; index < count; index += 1) {
    const item = load<i32>(place + (index << 2))
    const length = itemEnd(item, end) - item
    if (to + length + 1 > MADE + MADE_BYTES) return false
    memory.copy(to, item, length)
    store<u8>(to + length, COMMA)
    to += length + 1
  }
  next = to - 1
  return give(from, next)
}
