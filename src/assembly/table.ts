/** Remembers a number for each text that lines repeat, by its bytes. */

import { SLOT_BYTES, SLOTS, TABLE, TEXTS, TEXTS_BYTES } from './memory'

export const NOT_KEPT: i32 = i32.MIN_VALUE

/** Texts come from outside: a table this full is emptied, a search this long is given up. */
const MOST_KEPT: i32 = SLOTS / 2
const LONGEST_SEARCH: i32 = 64
/** Longer texts are hardly met twice. */
const LONGEST_KEPT: i32 = 512
const MIX: u64 = (0x9e3779b9 << 32) | 0x7f4a7c15

let kept = 0
let textsEnd = TEXTS

/** What was looked for last, and the free slot where it may be kept; 0 where it may not. */
let soughtHash: u32 = 0
let soughtWhat = 0
let soughtStart = 0
let soughtLength = 0
let free = 0

export function forgetTable(): void {
  memory.fill(TABLE, 0, SLOT_BYTES * SLOTS)
  kept = 0
  textsEnd = TEXTS
}

/** The number kept for the text in this range, of what it is a text of; or `NOT_KEPT`. */
export function find(what: i32, start: i32, end: i32): i32 {
  free = 0
  const length = end - start
  if (length > LONGEST_KEPT || length === 0) return NOT_KEPT
  const hash = hashOf(what, start, end)
  for (let search = 0; search < LONGEST_SEARCH; search += 1) {
    const slot = slotAt(hash + search)
    const keptLength = load<i32>(slot, 12)
    if (keptLength === 0) {
      seek(hash, what, start, length, slot)
      return NOT_KEPT
    }
    if (load<u32>(slot) !== hash || load<i32>(slot, 4) !== what || keptLength !== length) continue
    if (isSame(load<i32>(slot, 8), start, length)) return load<i32>(slot, 16)
  }
  return NOT_KEPT
}

function seek(hash: u32, what: i32, start: i32, length: i32, slot: i32): void {
  soughtHash = hash
  soughtWhat = what
  soughtStart = start
  soughtLength = length
  free = slot
}

/** Keeps a number for what was looked for last and not found. A slot holds hash, what, the text's range and the number. */
export function keep(number: i32): void {
  if (free === 0) return
  if (kept >= MOST_KEPT || textsEnd + soughtLength > TEXTS + TEXTS_BYTES) {
    forgetTable()
    free = slotAt(soughtHash)
  }
  memory.copy(textsEnd, soughtStart, soughtLength)
  store<u32>(free, soughtHash)
  store<i32>(free, soughtWhat, 4)
  store<i32>(free, textsEnd, 8)
  store<i32>(free, soughtLength, 12)
  store<i32>(free, number, 16)
  textsEnd += soughtLength
  kept += 1
}

function slotAt(hash: u32): i32 {
  return TABLE + <i32>(hash & (SLOTS - 1)) * SLOT_BYTES
}

/** A hash of what the text is a text of, and of its bytes. */
export function hashOf(what: i32, start: i32, end: i32): u32 {
  let hash = (<u64>what ^ ((<u64>(end - start)) << 32)) * MIX
  let at = start
  for (; at + 8 <= end; at += 8) hash = (rotl(hash, 5) ^ load<u64>(at)) * MIX
  if (at < end) hash = (rotl(hash, 5) ^ lastBytes(at, end)) * MIX
  return <u32>(hash >> 32)
}

/** The bytes up to the end, fewer than eight, of a word that reaches beyond it. */
function lastBytes(at: i32, end: i32): u64 {
  return load<u64>(at) & (((<u64>1) << ((end - at) << 3)) - 1)
}

/** Are these the same bytes? */
export function isSame(a: i32, b: i32, length: i32): bool {
  let index = 0
  for (; index + 8 <= length; index += 8) if (load<u64>(a + index) !== load<u64>(b + index)) return false
  return index === length || lastBytes(a + index, a + length) === lastBytes(b + index, b + length)
}
