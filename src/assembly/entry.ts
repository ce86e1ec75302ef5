/**
 * The entry of a line that stands as lines nearly always do: it is a record, and all of its events count (semantics §2).
 * Whatever there is to decide is left to the caller.
 */

import { AS_OF, COMPACT, FORM, PERSON, TEXTS, VERSION as VERSION_AT } from '../record/entry-layout'
import { SPACE } from '../record/json-byte'
import { addAttribute, contentLength, dateEvent } from './content'
import { byteAt, isDigit } from './json'
import {
  CREATED_AT,
  EVENT_REGULATION,
  EVENT_UPDATED_AT,
  endOf,
  instantOf,
  ORGANIZATION_USER_ID,
  RANGES_BYTES,
  STATUS,
  startOf,
  USER_ID,
  USER_REGULATION,
  USER_UPDATED_AT,
  VERSION,
} from './members'
import { aligned, CONTENT, ENTRIES, ENTRIES_BYTES, EVENT_BYTES, EVENTS, LONGEST_IN_HEAD, MISSING, USER } from './memory'
import { LONGEST_OUID, putPerson } from './person'
import { isPlainText } from './text'

const SECOND: i64 = 1_000_000
/** More digits might not be a number that is told exactly. */
const MOST_DIGITS: i32 = 15
const UNUSUAL: f64 = -2

let updatedAtName = 0
let gdprCounts = false
let ouidsLowered = false

/** By the caller's settings: does the usual regulation count, and are OUIDs lowered? The attribute has this name. */
export function beginEntries(updatedAt: i32, gdpr: bool, lowered: bool): void {
  updatedAtName = updatedAt
  gdprCounts = gdpr
  ouidsLowered = lowered
}

/**
 * The place of the entry of the line that was read last; 0 where something is to be decided. Its part is left out, and
 * the person of a long OUID (`LONGEST_OUID`).
 *
 * @param events of the line
 * @param latest the latest believable instant
 */
export function onlyEntry(events: i32, latest: f64): i32 {
  beginAhead()
  const entry = usualEntry(events, latest)
  return entry !== 0 && keepEntry(entry) ? ENTRIES : 0
}

/** The same, where it stands only until the next line is read. */
export function usualEntry(events: i32, latest: f64): i32 {
  if (!gdprCounts || startOf(USER, USER_REGULATION) >= 0) return 0
  const ouid = startOf(USER, ORGANIZATION_USER_ID)
  const ouidEnd = endOf(USER, ORGANIZATION_USER_ID)
  if (ouid < 0 || !isUsualText(ouid, ouidEnd) || !isNormal(ouid + 1, ouidEnd - 1)) return 0
  const userId = startOf(USER, USER_ID)
  const userIdEnd = endOf(USER, USER_ID)
  if (userId !== MISSING && !isUsualText(userId, userIdEnd)) return 0
  const version = usualVersion()
  const updatedAt = startOf(USER, USER_UPDATED_AT)
  const asOf = instantOf(USER, 0)
  // Not NaN either.
  if (version === UNUSUAL || updatedAt < 0 || !(asOf <= latest)) return 0
  for (let event = 0; event < events; event += 1) {
    if (!dateUsual(EVENTS + event * EVENT_BYTES, latest)) return 0
  }
  // Milliseconds that are not all zero are written with three digits.
  const updatedAtEnd = endOf(USER, USER_UPDATED_AT)
  if (updatedAtEnd - updatedAt !== 26 || <i64>asOf % SECOND === 0) return 0
  if (!addAttribute(updatedAtName, updatedAt, updatedAtEnd)) return 0
  const ouidLength = ouidEnd - ouid - 2
  const userIdLength = userId < 0 ? 0 : userIdEnd - userId - 2
  const entry = CONTENT - (TEXTS + 8 + ouidLength + userIdLength)
  store<i32>(entry, CONTENT + contentLength() - entry)
  store<u8>(entry, COMPACT, FORM)
  store<f64>(entry, asOf, AS_OF)
  store<f64>(entry, version, VERSION_AT)
  putText(putText(entry + TEXTS, ouid + 1, ouidLength), userId + 1, userIdLength)
  if (ouidLength <= LONGEST_OUID) putPerson(entry + PERSON, ouid + 1, ouidLength)
  return entry
}

let entriesKept = 0
let entriesEnd = ENTRIES

/** How many entries are kept for the caller. */
export function keptEntries(): i32 {
  return entriesKept
}

/** Lets go of the entries kept so far. */
export function beginAhead(): void {
  entriesKept = 0
  entriesEnd = ENTRIES
}

/** Keeps an entry behind those before it; false where there is no room. */
export function keepEntry(entry: i32): bool {
  const length = load<i32>(entry)
  if (entriesEnd + length > ENTRIES + ENTRIES_BYTES) return false
  memory.copy(entriesEnd, entry, length)
  entriesEnd = aligned(entriesEnd + length)
  entriesKept += 1
  return true
}

/** Puts a text behind its length, and answers its end. */
function putText(at: i32, start: i32, length: i32): i32 {
  store<i32>(at, length)
  memory.copy(at + 4, start, length)
  return at + 4 + length
}

function isUsualText(start: i32, end: i32): bool {
  return end - start <= LONGEST_IN_HEAD && isPlainText(start, end)
}

/** Does the text of ASCII stay as it is when it is normalised? */
function isNormal(start: i32, end: i32): bool {
  if (byteAt(start) === SPACE || byteAt(end - 1) === SPACE) return false
  if (!ouidsLowered) return true
  for (let at = start; at < end; at += 1) if (<u32>(byteAt(at) - 0x41) < 26) return false
  return true
}

/** The version, −1 where there is none; `UNUSUAL` for anything but a few digits. */
function usualVersion(): f64 {
  const start = startOf(USER, VERSION)
  if (start === MISSING) return -1
  const end = endOf(USER, VERSION)
  if (end - start > MOST_DIGITS) return UNUSUAL
  let version: i64 = 0
  for (let at = start; at < end; at += 1) {
    if (!isDigit(byteAt(at))) return UNUSUAL
    version = version * 10 + (byteAt(at) & 0x0f)
  }
  return <f64>version
}

/** Dates an event that counts, with all of it as nearly always; false where something is to be decided. */
function dateUsual(event: i32, latest: f64): bool {
  if (startOf(event, STATUS) >= 0 || startOf(event, EVENT_REGULATION) >= 0) return false
  const lo = instantOf(event, 0)
  const hi = startOf(event, EVENT_UPDATED_AT) === MISSING ? lo : max(lo, instantOf(event, 1))
  // Not NaN either.
  if (startOf(event, CREATED_AT) < 0 || !(hi <= latest)) return false
  dateEvent(load<i32>(event, RANGES_BYTES), hi, lo)
  return true
}
