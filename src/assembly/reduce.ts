/** One Didomi user's lines, as their compact contents, reduced to one state (semantics §3). */

import { ATTRIBUTE, DROPPED, EVENT, EVENT_HEAD, NO, SET, YES } from '../record/compact-item'
import { attribute, beginDraft, happened, happenedSet, said, saidSet } from './draft'
import { useAttribute, useKey } from './draft-slot'
import { writeDraft } from './draft-text'
import { byteAt } from './json'
import { itemEnd, madeAnew, madeEnd, madeStart, makeAttribute, makeSet } from './made'
import { newMark } from './mark'
import { CONTENTS, CONTENTS_BYTES, REDUCED_END, reserve } from './memory'
import { find, keep, NOT_KEPT } from './table'

/** Asks for the slot of a name that is met for the first time in a table of names; 0 where there is none to be had. */
declare function askSlot(table: i32, name: i32): i32
/** Tells a value id of a set that is met for the first time. */
declare function tellValue(slot: i32, start: i32, end: i32): void

reserve(REDUCED_END)

let contentsEnd = CONTENTS
let table = 0
let stamp = 0

/** Begins the next state. */
export function begin(): void {
  contentsEnd = CONTENTS
  beginDraft()
}

/** Where a content of so many bytes is to be put; 0 where there is no room. */
export function roomFor(length: i32): i32 {
  return contentsEnd + length + 16 > CONTENTS + CONTENTS_BYTES ? 0 : contentsEnd
}

/**
 * Takes a line with its content, put where there was room for it; its names are numbered by the table. Newest first is
 * quickest. False where the state must be made another way.
 */
export function take(names: i32, length: i32, asOf: f64, version: f64): bool {
  table = names
  stamp = newMark(asOf, version, 0, 0)
  if (stamp === 0) return false
  const end = contentsEnd + length
  let at = contentsEnd
  contentsEnd = end
  while (at < end) {
    at = takeItem(at)
    if (at === 0) return false
  }
  return true
}

/** The text of the state, in memory from `STATE` on: its length; less than 0 where it must be made another way. */
export function write(ranked: bool): i32 {
  return writeDraft(ranked)
}

/** Takes the item at this place; answers its end, 0 where there is no room. */
function takeItem(at: i32): i32 {
  const kind = byteAt(at)
  if (kind === EVENT) return takeEvent(at)
  if (kind === DROPPED) return eventEnd(at)
  const slot = slotOf(load<u16>(at, 1))
  if (slot === 0) return 0
  if (kind === NO || kind === YES) {
    said(slot, kind === YES, stamp)
    return at + 3
  }
  const start = at + 5
  const end = start + <i32>load<u16>(at, 3)
  if (kind === SET) {
    return makeTold(slot, start, end) && saidSet(slot, madeStart, madeEnd, stamp) ? end : 0
  }
  useAttribute(slot)
  if (kind !== ATTRIBUTE || !makeAttribute(slot, start, end)) return 0
  if (madeStart !== madeEnd) attribute(slot, madeStart, madeEnd, stamp)
  return end
}

function takeEvent(at: i32): i32 {
  const itemsEnd = idAt(at)
  const idStart = itemsEnd + 2
  const idEnd = idStart + <i32>load<u16>(itemsEnd)
  const mark = newMark(load<f64>(at, 1), load<f64>(at, 9), idStart, idEnd)
  if (mark === 0) return 0
  for (let item = at + EVENT_HEAD; item < itemsEnd; ) {
    const kind = byteAt(item)
    const slot = slotOf(load<u16>(item, 1))
    if (slot === 0) return 0
    if (kind === SET) {
      const start = item + 5
      const end = start + <i32>load<u16>(item, 3)
      if (!makeTold(slot, start, end) || !happenedSet(slot, madeStart, madeEnd, mark)) return 0
      item = end
    } else {
      happened(slot, kind === YES, mark)
      item += 3
    }
  }
  return idEnd
}

/** The end of an event: behind its items and its id. */
function eventEnd(at: i32): i32 {
  const id = idAt(at)
  return id + 2 + <i32>load<u16>(id)
}

function idAt(event: i32): i32 {
  const items = event + EVENT_HEAD
  return items + <i32>load<u16>(items - 2)
}

function slotOf(name: i32): i32 {
  const known = load<i32>(table + (name << 2))
  return known !== 0 ? known : askSlot(table, name)
}

/** Makes the text of a set for a key, which is used from now on, and tells its values, each once for ever. */
function makeTold(slot: i32, start: i32, end: i32): bool {
  useKey(slot)
  if (!makeSet(slot, start, end)) return false
  if (!madeAnew) return true
  for (let at = madeStart; at < madeEnd; ) {
    const end = itemEnd(at, madeEnd)
    if (find(slot, at, end) === NOT_KEPT) {
      tellValue(slot, at, end)
      keep(1)
    }
    at = end + 1
  }
  return true
}
