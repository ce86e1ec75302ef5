/** The numbers of the names that lines repeat, by their bytes: the caller is asked once for each. */

import { MET, MET_NAMES, MOST_NAMES, PAIR_BYTES, PAIRS } from './memory'
import { find, keep, NOT_KEPT } from './table'

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

/** The number of the name in this range, its quotes included. */
export function numberOf(kind: i32, within: i32, start: i32, end: i32): i32 {
  const what = (within << 3) | kind
  const known = find(what, start, end)
  if (known !== NOT_KEPT) return known
  const number = askNumber(kind, within, start, end)
  keep(number)
  return number
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
let met = 0

/** Begins an object in which each name may stand once. */
export function beginObject(): void {
  if (object === i32.MAX_VALUE) {
    memory.fill(MET, 0, 4 * MOST_NAMES)
    object = 0
  }
  object += 1
  met = 0
}

/** Marks the name as met in this object; false where it was, or where it has no number. */
export function meet(number: i32): bool {
  if (number < 0 || load<i32>(MET + (number << 2)) === object) return false
  store<i32>(MET + (number << 2), object)
  store<u16>(metAt(met), number)
  met += 1
  return true
}

/** How many names were met in this object, and where each of them stands. */
export function metCount(): i32 {
  return met
}

export function metAt(index: i32): i32 {
  return MET_NAMES + (index << 1)
}
