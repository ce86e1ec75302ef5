/** The lines of each Didomi user in a bucket, as their compact contents, reduced to one row with one state (semantics §3). */

import { ATTRIBUTE, DROPPED, EVENT, EVENT_HEAD, NO, SET, YES } from '../record/compact-item'
import { ALIGNMENT, AS_OF, COMPACT, FORM, PERSON, SOURCE, VERSION } from '../record/entry-layout'
import { attribute, beginDraft, happened, happenedSet, said, saidSet } from './draft'
import { useAttribute, useKey } from './draft-slot'
import { writeDraft } from './draft-text'
import { byteAt } from './json'
import { itemEnd, madeAnew, madeEnd, madeStart, makeAttribute, makeSet } from './made'
import { newMark } from './mark'
import { aligned, BUCKET, ROWS, ROWS_BYTES, reserve, TABLES } from './memory'
import { contentOf, olderThan, recordAt } from './records'
import { find, keep, NOT_KEPT } from './table'

/** Asks for the slot of a name that is met for the first time in a table of names; 0 where there is none to be had. */
declare function askSlot(table: i32, name: i32): i32
/** Tells a value id of a set that is met for the first time. */
declare function tellValue(slot: i32, start: i32, end: i32): void
/** Asks for names to be put in rank, some being new; false where they are too many for it. */
declare function askRanks(): bool

reserve(BUCKET)

/** The caller takes rows before they leave less room than this for the next one. */
const ROOM: i32 = ROWS_BYTES / 2

/** Before the identity in a row: the length of the state, aligned. */
const ROW_HEAD: i32 = ALIGNMENT

let rowsEnd: i32 = ROWS
let isStuck = false
let table = 0
let stamp = 0
let namesAreNew = true
let ranked = false

/** Forgets what is known of names, since the caller has. */
export function forgetRanks(): void {
  namesAreNew = true
}

/**
 * Reduces records in order up to this index, and keeps their rows from `ROWS` on. Answers the index of the first that
 * is left: because there are rows enough, or (`stuck`) because its state must be made another way.
 */
export function reduceRecords(from: i32, to: i32): i32 {
  rowsEnd = ROWS
  isStuck = false
  for (let index = from; index < to; index += 1) {
    if (rowsEnd > ROWS + ROOM) return index
    if (!reduceRecord(recordAt(index))) {
      isStuck = true
      return index
    }
  }
  return to
}

export function endOfRows(): i32 {
  return rowsEnd
}

export function stuck(): bool {
  return isStuck
}

function reduceRecord(newest: i32): bool {
  beginDraft()
  for (let entry = newest; entry !== 0; entry = olderThan(entry)) if (!take(entry)) return false
  if (namesAreNew) {
    ranked = askRanks()
    namesAreNew = false
  }
  return writeRow(newest)
}

/** What the entry has from its person to its content, and the state, each aligned. */
function writeRow(entry: i32): bool {
  const identity = entry + PERSON
  const length = contentOf(entry) - identity
  if (length > ROOM / 2) return false
  const state = aligned(rowsEnd + ROW_HEAD + length)
  const written = writeDraft(state, ranked)
  if (written < 0) return false
  store<i32>(rowsEnd, written)
  memory.copy(rowsEnd + ROW_HEAD, identity, length)
  rowsEnd = aligned(state + written)
  return true
}

/** Takes a line by its entry; newest first is quickest. False where the state must be made another way. */
function take(entry: i32): bool {
  table = load<i32>(TABLES + ((<i32>load<u16>(entry, SOURCE)) << 2))
  if (load<u8>(entry, FORM) !== COMPACT || table === 0) return false
  stamp = newMark(load<f64>(entry, AS_OF), load<f64>(entry, VERSION), 0, 0)
  if (stamp === 0) return false
  const end = entry + load<i32>(entry)
  let at = contentOf(entry)
  while (at < end) {
    at = takeItem(at)
    if (at === 0) return false
  }
  return true
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
  if (known !== 0) return known
  namesAreNew = true
  return askSlot(table, name)
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
