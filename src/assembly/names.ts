/** The numbers of the names that lines repeat, by their bytes: the caller is asked once for each. */

import { byteAt } from './json'
import { MET, MOST_NAMES, PAIR_BYTES, PAIRS, SLOT_BYTES, SLOTS, TABLE, TEXTS, TEXTS_BYTES } from './memory'

/** What a name is a name of. */
export const PURPOSE: i32 = 0
export const PREFERENCE: i32 = 1
export const CHANNEL: i32 = 2
export const PURPOSE_CHANNEL: i32 = 3
export const METADATA: i32 = 4

/**
 * Asks for the number of the JSON string in this range: of a purpose or a preference (of the purpose `within`) that of
 * its pair, of a channel or a member of the metadata that of its name. Below zero where none is to be had: a doubt.
 */
declare function askNumber(kind: i32, within: i32, start: i32, end: i32): i32

/** Names come from outside: a table this full is emptied, a search this long is given up. */
const MOST_KEPT: i32 = SLOTS / 2
const LONGEST_SEARCH: i32 = 64
/** Longer texts are hardly met twice. */
const LONGEST_KEPT: i32 = 512
const MIX: u32 = 0x9e3779b1

let kept = 0
let textsEnd = TEXTS

/** The number of the name in this range, its quotes included. */
export function numberOf(kind: i32, within: i32, start: i32, end: i32): i32 {
  const length = end - start
  if (length > LONGEST_KEPT) return askNumber(kind, within, start, end)
  const what = (within << 3) | kind
  const hash = hashOf(what, start, end)
  let slot = slotAt(hash)
  for (let search = 0; search < LONGEST_SEARCH; search += 1) {
    const keptLength = load<i32>(slot, 12)
    if (keptLength === 0) return ask(kind, within, start, end, slot, hash)
    if (
      load<u32>(slot) === hash &&
      load<i32>(slot, 4) === what &&
      keptLength === length &&
      isSame(load<i32>(slot, 8), start, length)
    )
      return load<i32>(slot, 16)
    slot = slotAt(hash + search + 1)
  }
  return askNumber(kind, within, start, end)
}

export function forgetNames(): void {
  memory.fill(TABLE, 0, SLOT_BYTES * SLOTS)
  kept = 0
  textsEnd = TEXTS
}

/** Asks for the number and keeps it in the free slot. A slot holds the hash, what the name is of, its text and its number. */
function ask(kind: i32, within: i32, start: i32, end: i32, free: i32, hash: u32): i32 {
  const number = askNumber(kind, within, start, end)
  const length = end - start
  let slot = free
  if (kept >= MOST_KEPT || textsEnd + length > TEXTS + TEXTS_BYTES) {
    forgetNames()
    slot = slotAt(hash)
  }
  memory.copy(textsEnd, start, length)
  store<u32>(slot, hash)
  store<i32>(slot, (within << 3) | kind, 4)
  store<i32>(slot, textsEnd, 8)
  store<i32>(slot, length, 12)
  store<i32>(slot, number, 16)
  textsEnd += length
  kept += 1
  return number
}

function slotAt(hash: u32): i32 {
  return TABLE + <i32>(hash & (SLOTS - 1)) * SLOT_BYTES
}

function hashOf(what: i32, start: i32, end: i32): u32 {
  let hash = (<u32>what ^ <u32>(end - start)) * MIX
  let at = start
  for (; at + 4 <= end; at += 4) hash = (rotl(hash, 5) ^ load<u32>(at)) * MIX
  for (; at < end; at += 1) hash = (rotl(hash, 5) ^ byteAt(at)) * MIX
  return hash ^ (hash >> 15)
}

function isSame(a: i32, b: i32, length: i32): bool {
  let index = 0
  for (; index + 8 <= length; index += 8) if (load<u64>(a + index) !== load<u64>(b + index)) return false
  for (; index < length; index += 1) if (byteAt(a + index) !== byteAt(b + index)) return false
  return true
}

/** The first number of a pair: a purpose's own, a v1 preference's. */
export function firstOf(pair: i32): i32 {
  return load<i32>(PAIRS + pair * PAIR_BYTES)
}

/** The second: that of a purpose's legitimate interest, of a preference's set. */
export function secondOf(pair: i32): i32 {
  return load<i32>(PAIRS + pair * PAIR_BYTES, 4)
}

let object = 0

/** Begins an object in which each name may stand once. */
export function beginObject(): void {
  if (object === i32.MAX_VALUE) {
    memory.fill(MET, 0, 4 * MOST_NAMES)
    object = 0
  }
  object += 1
}

/** Was the name met in this object? */
export function isMet(number: i32): bool {
  return load<i32>(MET + (number << 2)) === object
}

/** Marks the name as met in this object; false where it was, or where it has no number. */
export function meet(number: i32): bool {
  if (number < 0 || isMet(number)) return false
  store<i32>(MET + (number << 2), object)
  return true
}
