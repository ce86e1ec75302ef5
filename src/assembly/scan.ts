/** One line in memory: its structure checked and what counts picked out in a single pass. */

import { NULL, OPEN_ARRAY, OPEN_OBJECT, QUOTE } from '../record/json-byte'
import { readConsents } from './consents'
import { addAttribute, beginContent, beginEvent, endEvent, hasRoomForDate, LONGEST } from './content'
import { byteAt, DOUBT, skipSpace, skipValue } from './json'
import {
  EVENT_BYTES,
  EVENTS,
  LINE,
  MISSING,
  MOST_EVENTS,
  reserve,
  SCANNED_END,
  USER,
  USER_BYTES,
  USUAL,
} from './memory'
import { beginObject, METADATA, meet, numberOf } from './names'
import { forgetTable } from './table'
import { isPlainText, isWord, usualInstant } from './text'
import { noMember, readArray, readObject } from './walk'

const NONE: i32 = -1

reserve(SCANNED_END)

let events = 0
let userMet = false
let country = 0

/** Forgets every name, since the caller begins to number them anew; that of the attribute `country` has this number. */
export function begin(countryNumber: i32): void {
  forgetTable()
  country = countryNumber
}

/** Reads the line of so many bytes; answers the number of its events, or below zero where it is out of the common shape. */
export function read(length: i32): i32 {
  if (byteAt(LINE) !== OPEN_OBJECT) return DOUBT
  beginContent()
  events = 0
  userMet = false
  const end = readObject(LINE, lineMember, readLineMember)
  if (end === DOUBT || !userMet || skipSpace(end) < LINE + length) return DOUBT
  return hasRoomForDate() ? events : DOUBT
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
  for (let member = USER; member < USER + USER_BYTES; member += 8) store<i32>(member, MISSING)
  return readObject(at, userMember, readUserMember)
}

/** Behind ranges and place stand instants in microseconds, NaN where they are not written in the usual form. */
export const INSTANTS: i32 = 48

/** Members whose ranges are kept come first, in the order in which their ranges stand. */
const USER_ID: i32 = 0
const ORGANIZATION_USER_ID: i32 = 1
const VERSION: i32 = 2
const USER_UPDATED_AT: i32 = 3
const USER_REGULATION: i32 = 4
const COUNTRY: i32 = 5
const USER_METADATA: i32 = 6
const USER_CONSENTS: i32 = 7

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
      keepRange(USER + member * 8, at, end, member === USER_REGULATION ? GDPR : 0)
      if (member === USER_UPDATED_AT) store<f64>(USER, usualInstant(at, end), INSTANTS)
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

/** Members of an event whose ranges are kept, in the order in which they stand; its place in the content stands behind them. */
const EVENT_ID: i32 = 0
const STATUS: i32 = 1
const EVENT_REGULATION: i32 = 2
const CREATED_AT: i32 = 3
const EVENT_UPDATED_AT: i32 = 4
const EVENT_CONSENTS: i32 = 5
const EVENT_RANGES_BYTES: i32 = 40

let event = EVENTS

function readEvent(at: i32): i32 {
  if (byteAt(at) !== OPEN_OBJECT || events >= MOST_EVENTS) return DOUBT
  event = EVENTS + events * EVENT_BYTES
  events += 1
  for (let member = event; member < event + EVENT_RANGES_BYTES; member += 8) store<i32>(member, MISSING)
  const place = beginEvent()
  if (place === 0) return DOUBT
  store<i32>(event, place, EVENT_RANGES_BYTES)
  const end = readObject(at, eventMember, readEventMember)
  return end !== DOUBT && endKept(place) ? end : DOUBT
}

/** Ends the event with its id, empty where that is no text. */
function endKept(place: i32): bool {
  const start = load<i32>(event)
  if (start < 0 || byteAt(start) !== QUOTE) return endEvent(place, 0, 0)
  const end = load<i32>(event, 4)
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
  keepRange(event + member * 8, at, end, member === STATUS ? CONFIRMED : member === EVENT_REGULATION ? GDPR : 0)
  if (member >= CREATED_AT) store<f64>(event + (member - CREATED_AT) * 8, usualInstant(at, end), INSTANTS)
  return end
}

const GDPR: i32 = 1
const CONFIRMED: i32 = 2

/** Keeps the range of a member, or that it stands as nearly always. */
function keepRange(place: i32, start: i32, end: i32, usual: i32): void {
  const isUsual =
    (usual === GDPR && isWord(start, end - start, '"gdpr"')) ||
    (usual === CONFIRMED && isWord(start, end - start, '"confirmed"'))
  store<i32>(place, isUsual ? USUAL : start)
  store<i32>(place, end, 4)
}
