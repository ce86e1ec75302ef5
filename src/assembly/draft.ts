/** A state in the making: what the joined states of all lines of a Didomi user are (semantics §3). */

import { beginSlots, EVENTS_OF, NEWEST, NO_MARK, OTHER, SAID, SET_LIST, useKey, YES_MARK } from './draft-slot'
import { beginMade } from './made'
import { beginMarks, isAfter } from './mark'
import { MOST_SETS, SET_BYTES, SETS } from './memory'
import { compareTexts } from './order'
import { isSame } from './table'

let nextSet = SETS

export function beginDraft(): void {
  beginSlots()
  beginMarks()
  beginMade()
  nextSet = SETS
}

/** A line stated a choice of this key. */
export function said(slot: i32, yes: bool, stamp: i32): void {
  useKey(slot)
  keepGreatest(slot + SAID + (yes ? YES_MARK : NO_MARK), stamp)
}

/** An event stated a choice of this key. */
export function happened(slot: i32, yes: bool, mark: i32): void {
  useKey(slot)
  keepGreatest(slot + EVENTS_OF + (yes ? YES_MARK : NO_MARK), mark)
}

/** A line stated a set of a key in use, as the text in this range; false where there is no room. */
export function saidSet(slot: i32, start: i32, end: i32, stamp: i32): bool {
  return keepSet(slot + SAID + SET_LIST, start, end, stamp)
}

export function happenedSet(slot: i32, start: i32, end: i32, mark: i32): bool {
  return keepSet(slot + EVENTS_OF + SET_LIST, start, end, mark)
}

/** A line gave this attribute in use a value, as the canonical JSON in this range. */
export function attribute(slot: i32, start: i32, end: i32, stamp: i32): void {
  const newest = slot + NEWEST
  const other = slot + OTHER
  if (isNone(newest)) {
    keepValue(newest, start, end, stamp)
  } else if (isValue(newest, start, end)) {
    if (isAfter(stamp, load<i32>(newest, 8))) keepValue(newest, start, end, stamp)
  } else if (isNewer(newest, start, end, stamp)) {
    memory.copy(other, newest, 12)
    keepValue(newest, start, end, stamp)
  } else if (isNone(other) || isNewer(other, start, end, stamp)) {
    keepValue(other, start, end, stamp)
  }
}

function keepGreatest(place: i32, mark: i32): void {
  const known = load<i32>(place)
  if (known === 0 || isAfter(mark, known)) store<i32>(place, mark)
}

/** A set stands with its range, its mark and the next of its list. */
function keepSet(list: i32, start: i32, end: i32, mark: i32): bool {
  const length = end - start
  for (let set = load<i32>(list); set !== 0; set = load<i32>(set, 12)) {
    const known = load<i32>(set)
    if (load<i32>(set, 4) - known !== length || !isSame(known, start, length)) continue
    if (isAfter(mark, load<i32>(set, 8))) store<i32>(set, mark, 8)
    return true
  }
  if (nextSet >= SETS + SET_BYTES * MOST_SETS) return false
  store<i32>(nextSet, start)
  store<i32>(nextSet, end, 4)
  store<i32>(nextSet, mark, 8)
  store<i32>(nextSet, load<i32>(list), 12)
  store<i32>(list, nextSet)
  nextSet += SET_BYTES
  return true
}

/** A value stands with its range and its stamp. */
function keepValue(place: i32, start: i32, end: i32, stamp: i32): void {
  store<i32>(place, start)
  store<i32>(place, end, 4)
  store<i32>(place, stamp, 8)
}

function isNone(place: i32): bool {
  return load<i32>(place) === 0
}

function isValue(place: i32, start: i32, end: i32): bool {
  const known = load<i32>(place)
  return load<i32>(place, 4) - known === end - start && isSame(known, start, end - start)
}

/** By stamp, then by the value. */
function isNewer(than: i32, start: i32, end: i32, stamp: i32): bool {
  const known = load<i32>(than, 8)
  if (isAfter(stamp, known)) return true
  return !isAfter(known, stamp) && compareTexts(start, end, load<i32>(than), load<i32>(than, 4)) > 0
}
