/** Writes the compact content of a line, item by item. */

import { ATTRIBUTE, DROPPED, EVENT, EVENT_HEAD, NO, SET, YES } from '../record/compact-item'
import { CONTENT, LONGEST_CONTENT, MARGIN } from './memory'

/** The longest text or row of items; whatever is longer is carried another way. */
export const LONGEST: i32 = 0xffff

/** Copied at once, beyond the end too. */
const PIECE: i32 = 16

const END: i32 = CONTENT + LONGEST_CONTENT

let next = CONTENT

export function beginContent(): void {
  next = CONTENT
}

/** The length of the content so far. */
export function contentLength(): i32 {
  return next - CONTENT
}

/** Is there room for one more attribute, a date? */
export function hasRoomForDate(): bool {
  return next + MARGIN <= END
}

/** Each of these is false where there is no room. */
export function addChoice(name: i32, yes: bool): bool {
  return addItem(yes ? YES : NO, name, 0)
}

/** A set as the JSON string in this range; an empty range for null. */
export function addSet(name: i32, start: i32, end: i32): bool {
  return addItem(SET, name, end - start + 2) && addText(start, end)
}

/** Items as they stood in another content. */
export function addItems(from: i32, bytes: i32): bool {
  if (next + bytes + PIECE > END) return false
  for (let done = 0; done < bytes; done += PIECE) v128.store(next + done, v128.load(from + done))
  next += bytes
  return true
}

export function addAttribute(name: i32, start: i32, end: i32): bool {
  return addItem(ATTRIBUTE, name, end - start + 2) && addText(start, end)
}

/** Begins an event and answers its place, 0 where there is no room; what is added until `endEvent` is the event's. */
export function beginEvent(): i32 {
  const place = next
  if (place + EVENT_HEAD > END) return 0
  store<u8>(place, DROPPED)
  next = place + EVENT_HEAD
  return place
}

/** Ends the event's items; its id is the range, without quotes. */
export function endEvent(place: i32, idStart: i32, idEnd: i32): bool {
  const length = next - place - EVENT_HEAD
  if (length > LONGEST || next + idEnd - idStart + 2 > END) return false
  store<u16>(place + EVENT_HEAD - 2, length)
  return addText(idStart, idEnd)
}

/** An event counts only once it has its span. */
export function dateEvent(place: i32, hi: f64, lo: f64): void {
  store<u8>(place, EVENT)
  store<f64>(place + 1, hi)
  store<f64>(place + 9, lo)
}

function addItem(kind: i32, name: i32, more: i32): bool {
  if (next + 3 + more > END) return false
  store<u8>(next, kind)
  store<u16>(next, name, 1)
  next += 3
  return true
}

function addText(start: i32, end: i32): bool {
  const length = end - start
  if (length > LONGEST) return false
  store<u16>(next, length)
  memory.copy(next + 2, start, length)
  next += 2 + length
  return true
}
