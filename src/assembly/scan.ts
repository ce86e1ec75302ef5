/** Lines in memory: the structure of each is checked and what counts picked out in a single pass. */

import { LINE_FEED, NULL, OPEN_ARRAY, OPEN_OBJECT, QUOTE } from '../record/json-byte'
import { readConsents } from './consents'
import { addAttribute, beginContent, beginEvent, endEvent, hasRoomForDate, LONGEST } from './content'
import { beginAhead, keepEntry, usualEntry } from './entry'
import { byteAt, DOUBT, skipSpace, skipValue } from './json'
import {
  CONFIRMED,
  CREATED_AT,
  EVENT_ID,
  EVENT_REGULATION,
  EVENT_UPDATED_AT,
  endOf,
  forgetRanges,
  GDPR,
  keepInstant,
  keepRange,
  ORGANIZATION_USER_ID,
  RANGES_BYTES,
  STATUS,
  startOf,
  USER_ID,
  USER_REGULATION,
  USER_UPDATED_AT,
  VERSION,
} from './members'
import { forgetMemos } from './memo'
import { EVENT_BYTES, EVENTS, LINE, MOST_EVENTS, reserve, SCANNED_END, USER } from './memory'
import { beginObject, METADATA, meet, numberOf } from './names'
import { forgetTable } from './table'
import { isPlainText, isWord } from './text'
import { noMember, readArray, readObject } from './walk'

const NONE: i32 = -1

/** Members whose ranges are not kept come behind those whose are. */
const COUNTRY: i32 = 5
const USER_METADATA: i32 = 6
const USER_CONSENTS: i32 = 7
const EVENT_CONSENTS: i32 = 5

reserve(SCANNED_END)

let events = 0
let userMet = false
let country = 0

let longest = 0

/**
 * Forgets every name, since the caller begins to number them anew; that of the attribute `country` has this number.
 * Lines of more bytes are left to the caller.
 */
export function begin(countryNumber: i32, longestLine: i32): void {
  longest = longestLine
  forgetTable()
  forgetMemos()
  country = countryNumber
}

/** Reads the line of so many bytes; answers the number of its events, or below zero where it is out of the common shape. */
export function read(length: i32): i32 {
  return readLine(LINE) === LINE + length ? events : DOUBT
}

/**
 * Reads lines from one place on up to another as long as there is nothing to decide on them, and keeps their entries;
 * answers the place of the first line that is left. Its events are `eventsLeft`, below zero where it is out of the
 * common shape; `isFull` where it was left only because its entry found no room among those of others.
 */
export function readAhead(from: i32, end: i32, latest: f64): i32 {
  beginAhead()
  full = false
  let at = from
  while (at < end) {
    const lineEnd = readLine(at)
    left = lineEnd === DOUBT ? DOUBT : events
    if (left < 0 || lineEnd - at > longest) return at
    const entry = usualEntry(events, latest)
    if (entry === 0) return at
    if (!keepEntry(entry)) {
      full = true
      return at
    }
    at = lineEnd + 1
  }
  return at
}

let left = 0
let full = false

export function eventsLeft(): i32 {
  return left
}

export function isFull(): bool {
  return full
}

/** Reads the line at this place; answers that of the line feed behind it. */
function readLine(at: i32): i32 {
  if (byteAt(at) !== OPEN_OBJECT) return DOUBT
  beginContent()
  events = 0
  userMet = false
  const end = readObject(at, lineMember, readLineMember)
  if (end === DOUBT || !userMet || !hasRoomForDate()) return DOUBT
  const lineEnd = skipSpace(end)
  return byteAt(lineEnd) === LINE_FEED ? lineEnd : DOUBT
}

const LINE_USER: i32 = 0
const LINE_EVENTS: i32 = 1

function lineMember(name: i32, length: i32): i32 {
  if (length === 4) return isWord(name, length, 'user') ? LINE_USER : NONE
  return isWord(name, length, 'events') ? LINE_EVENTS : NONE
}

function readLineMember(member: i32, at: i32, _name: i32, _nameEnd: i32): i32 {
  if (member < 0) return skipValue(at)
  if (member === LINE_EVENTS) return byteAt(at) === OPEN_ARRAY ? readArray(at, readEvent) : DOUBT
  if (byteAt(at) !== OPEN_OBJECT) return DOUBT
  userMet = true
  forgetRanges(USER)
  return readObject(at, userMember, readUserMember)
}

function userMember(name: i32, length: i32): i32 {
  switch (length) {
    case 2:
      return isWord(name, length, 'id') ? USER_ID : NONE
    case 7:
      return isWord(name, length, 'version') ? VERSION : isWord(name, length, 'country') ? COUNTRY : NONE
    case 8:
      return isWord(name, length, 'consents') ? USER_CONSENTS : isWord(name, length, 'metadata') ? USER_METADATA : NONE
    case 10:
      return isWord(name, length, 'updated_at')
        ? USER_UPDATED_AT
        : isWord(name, length, 'regulation')
          ? USER_REGULATION
          : NONE
    case 20:
      return isWord(name, length, 'organization_user_id') ? ORGANIZATION_USER_ID : NONE
    default:
      return NONE
  }
}

function readUserMember(member: i32, at: i32, _name: i32, _nameEnd: i32): i32 {
  switch (member) {
    case USER_CONSENTS:
      return readConsents(at)
    case USER_METADATA:
      return readMetadata(at)
    case COUNTRY: {
      const end = skipValue(at)
      if (end === DOUBT || byteAt(at) !== QUOTE) return end
      return country >= 0 && addKept(country, at, end) ? end : DOUBT
    }
    default: {
      const end = skipValue(at)
      if (end === DOUBT || member < 0) return end
      keepRange(USER, member, at, end, member === USER_REGULATION ? GDPR : 0)
      if (member === USER_UPDATED_AT) keepInstant(USER, 0, at, end)
      return end
    }
  }
}

/** Reads the metadata; anything but an object holds none. */
function readMetadata(at: i32): i32 {
  if (byteAt(at) !== OPEN_OBJECT) return skipValue(at)
  beginObject()
  return readObject(at, noMember, readMetadataMember)
}

function readMetadataMember(_member: i32, at: i32, name: i32, nameEnd: i32): i32 {
  const number = numberOf(METADATA, 0, name, nameEnd)
  // The last of two members of one name would count.
  if (!meet(number)) return DOUBT
  const end = skipValue(at)
  if (end === DOUBT || byteAt(at) === NULL) return end
  return addKept(number, at, end) ? end : DOUBT
}

function addKept(name: i32, start: i32, end: i32): bool {
  return end - start <= LONGEST && addAttribute(name, start, end)
}

let event = EVENTS

function readEvent(at: i32): i32 {
  if (byteAt(at) !== OPEN_OBJECT || events >= MOST_EVENTS) return DOUBT
  event = EVENTS + events * EVENT_BYTES
  events += 1
  forgetRanges(event)
  const place = beginEvent()
  if (place === 0) return DOUBT
  store<i32>(event, place, RANGES_BYTES)
  const end = readObject(at, eventMember, readEventMember)
  return end !== DOUBT && endKept(place) ? end : DOUBT
}

/** Ends the event with its id, empty where that is no text. */
function endKept(place: i32): bool {
  const start = startOf(event, EVENT_ID)
  if (start < 0 || byteAt(start) !== QUOTE) return endEvent(place, 0, 0)
  const end = endOf(event, EVENT_ID)
  return isPlainText(start, end) && endEvent(place, start + 1, end - 1)
}

function eventMember(name: i32, length: i32): i32 {
  switch (length) {
    case 2:
      return isWord(name, length, 'id') ? EVENT_ID : NONE
    case 6:
      return isWord(name, length, 'status') ? STATUS : NONE
    case 8:
      return isWord(name, length, 'consents') ? EVENT_CONSENTS : NONE
    case 10:
      return isWord(name, length, 'created_at')
        ? CREATED_AT
        : isWord(name, length, 'updated_at')
          ? EVENT_UPDATED_AT
          : isWord(name, length, 'regulation')
            ? EVENT_REGULATION
            : NONE
    default:
      return NONE
  }
}

function readEventMember(member: i32, at: i32, _name: i32, _nameEnd: i32): i32 {
  if (member === EVENT_CONSENTS) return readConsents(at)
  const end = skipValue(at)
  if (end === DOUBT || member < 0) return end
  keepRange(event, member, at, end, member === STATUS ? CONFIRMED : member === EVENT_REGULATION ? GDPR : 0)
  if (member >= CREATED_AT) keepInstant(event, member - CREATED_AT, at, end)
  return end
}
