/**
 * What a state in the making holds for one name, a key's or an attribute's: a record in memory at whose address
 *
 *   NAME     its bytes and their number, and again as a JSON member with its colon
 *   IS_SET   whether it is the key of a set
 *   RANK     its place among all names, where they are in rank
 *   DRAFT    the state it was last used in
 *   SAID, EVENTS    the greatest mark of a yes, of a no, and a list of sets
 *   NEWEST, OTHER   an attribute's two newest values: a range and its stamp
 *   RAW, TEXT       the range last met for it, and the text that it stands for
 *
 * stand. An address of 0 stands for nothing.
 */

import { MOST_DRAFT_SLOTS, USED } from './memory'

export const NAME: i32 = 0
export const MEMBER: i32 = 8
export const IS_SET: i32 = 16
export const RANK: i32 = 20
const DRAFT: i32 = 24
export const SAID: i32 = 28
export const EVENTS_OF: i32 = 40
export const NEWEST: i32 = 52
export const OTHER: i32 = 64
export const RAW: i32 = 76
export const TEXT: i32 = 84
const END: i32 = 92

/** Within marks. */
export const YES_MARK: i32 = 0
export const NO_MARK: i32 = 4
export const SET_LIST: i32 = 8

let draft = 0
let keys = 0
let attributes = 0

/** The slots that the state at hand uses, in a list of addresses. */
export const KEYS_USED: i32 = USED
export const ATTRIBUTES_USED: i32 = USED + 4 * MOST_DRAFT_SLOTS

export function beginSlots(): void {
  draft += 1
  keys = 0
  attributes = 0
}

export function keysUsed(): i32 {
  return keys
}

export function attributesUsed(): i32 {
  return attributes
}

/** Uses a slot for a key of the state at hand: at first it holds nothing. */
export function useKey(slot: i32): void {
  if (load<i32>(slot, DRAFT) === draft) return
  clear(slot)
  store<i32>(KEYS_USED + (keys << 2), slot)
  keys += 1
}

/** The same for an attribute. */
export function useAttribute(slot: i32): void {
  if (load<i32>(slot, DRAFT) === draft) return
  clear(slot)
  store<i32>(ATTRIBUTES_USED + (attributes << 2), slot)
  attributes += 1
}

function clear(slot: i32): void {
  memory.fill(slot + SAID, 0, END - SAID)
  store<i32>(slot, draft, DRAFT)
}
