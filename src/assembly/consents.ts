/**
 * What a `consents` object states (semantics §2.6), read in the pass that checks it. What the rules would have to settle
 * – one key stated twice, a preference in both generations, an id behind what it names – is a doubt.
 */

import { FALSE, NULL, OPEN_ARRAY, OPEN_OBJECT, QUOTE, TRUE } from '../record/json-byte'
import { addChoice, addSet, LONGEST } from './content'
import { byteAt, DOUBT, skipValue } from './json'
import { readOnce } from './memo'
import { beginObject, CHANNEL, firstOf, meet, numberOf, PREFERENCE, PURPOSE, PURPOSE_CHANNEL, secondOf } from './names'
import { isWord } from './text'
import { noMember, readArray, readObject } from './walk'

const NONE: i32 = -1

/** Reads the value at `at` and answers its end; anything but an object states nothing. */
export function readConsents(at: i32): i32 {
  if (byteAt(at) !== OPEN_OBJECT) return skipValue(at)
  beginObject()
  return readObject(at, consentsMember, readConsentsMember)
}

const PURPOSES: i32 = 0
const CHANNELS: i32 = 1

function consentsMember(name: i32, length: i32): i32 {
  if (length !== 8) return NONE
  return isWord(name, length, 'purposes') ? PURPOSES : isWord(name, length, 'channels') ? CHANNELS : NONE
}

function readConsentsMember(member: i32, at: i32, _name: i32, _nameEnd: i32): i32 {
  if (member < 0 || byteAt(at) !== OPEN_ARRAY) return skipValue(at)
  return readArray(at, member === PURPOSES ? readPurposeOnce : readOwnChannelOnce)
}

function readPurposeOnce(at: i32): i32 {
  return readOnce(PURPOSE, at, readPurpose)
}

function readOwnChannelOnce(at: i32): i32 {
  return readOnce(CHANNEL, at, readOwnChannel)
}

function readOwnChannel(at: i32): i32 {
  channelKind = CHANNEL
  purpose = 0
  return readChannel(at)
}

/** The pair of the purpose being read; below zero before its id. */
let purpose = NONE

function readPurpose(at: i32): i32 {
  if (byteAt(at) !== OPEN_OBJECT) return skipValue(at)
  purpose = NONE
  return readObject(at, purposeMember, readPurposeMember)
}

const ID: i32 = 0
const ENABLED: i32 = 1
const ENABLED_LI: i32 = 2
const VALUES: i32 = 3
const PREFERENCES: i32 = 4
const PURPOSE_CHANNELS: i32 = 5

function purposeMember(name: i32, length: i32): i32 {
  switch (length) {
    case 2:
      return isWord(name, length, 'id') ? ID : NONE
    case 6:
      return isWord(name, length, 'values') ? VALUES : NONE
    case 7:
      return isWord(name, length, 'enabled') ? ENABLED : NONE
    case 8:
      return isWord(name, length, 'channels') ? PURPOSE_CHANNELS : NONE
    case 10:
      return isWord(name, length, 'enabled_li') ? ENABLED_LI : NONE
    case 11:
      return isWord(name, length, 'preferences') ? PREFERENCES : NONE
    default:
      return NONE
  }
}

function readPurposeMember(member: i32, at: i32, _name: i32, _nameEnd: i32): i32 {
  if (member < 0) return skipValue(at)
  if (member === ID) {
    const end = skipValue(at)
    if (end !== DOUBT && byteAt(at) === QUOTE) purpose = numberOf(PURPOSE, 0, at, end)
    // Without a usable id the entry states nothing, which only the end of it would show.
    return purpose < 0 ? DOUBT : end
  }
  if (purpose < 0) return DOUBT
  switch (member) {
    case ENABLED:
      return readFlag(at, firstOf(purpose))
    case ENABLED_LI:
      return readFlag(at, secondOf(purpose))
    case VALUES:
      return byteAt(at) === OPEN_OBJECT ? readObject(at, noMember, readSelection) : skipValue(at)
    default:
      if (byteAt(at) !== OPEN_ARRAY) return skipValue(at)
      if (member === PREFERENCES) return readArray(at, readPreference)
      channelKind = PURPOSE_CHANNEL
      return readArray(at, readChannel)
  }
}

function readFlag(at: i32, key: i32): i32 {
  const end = skipValue(at)
  const byte = byteAt(at)
  if (end === DOUBT || (byte !== TRUE && byte !== FALSE)) return end
  return stateChoice(key, byte === TRUE) ? end : DOUBT
}

/** States a choice; false where its key was met before in this object. */
function stateChoice(key: i32, yes: bool): bool {
  return meet(key) && addChoice(key, yes)
}

/** A member of `values`: a preference with the set of its values. */
function readSelection(_member: i32, at: i32, name: i32, nameEnd: i32): i32 {
  const pair = numberOf(PREFERENCE, purpose, name, nameEnd)
  // The last of two members of one name would count, whatever each says.
  if (pair < 0 || !meetPreference(pair)) return DOUBT
  if (byteAt(at) !== OPEN_OBJECT) return skipValue(at)
  valueStart = NONE
  const end = readObject(at, selectionMember, readSelectionMember)
  if (end === DOUBT || valueStart < 0) return end
  const byte = byteAt(valueStart)
  if (byte === NULL) return addSet(secondOf(pair), 0, 0) ? end : DOUBT
  if (byte !== QUOTE) return end
  if (valueEnd - valueStart > LONGEST) return DOUBT
  return addSet(secondOf(pair), valueStart, valueEnd) ? end : DOUBT
}

let valueStart = NONE
let valueEnd = NONE

function selectionMember(name: i32, length: i32): i32 {
  return isWord(name, length, 'value') ? 0 : NONE
}

function readSelectionMember(member: i32, at: i32, _name: i32, _nameEnd: i32): i32 {
  const end = skipValue(at)
  if (member < 0) return end
  valueStart = at
  valueEnd = end
  return end
}

let channelKind = CHANNEL

/** An `{id, enabled}` entry whose id is a channel. */
function readChannel(at: i32): i32 {
  const end = readSwitch(at)
  if (end === DOUBT || idStart < 0 || enabled === 0) return end
  return stateChoice(numberOf(channelKind, purpose, idStart, idEnd), enabled === TRUE) ? end : DOUBT
}

/** An `{id, enabled}` entry whose id is a preference (v1). */
function readPreference(at: i32): i32 {
  const end = readSwitch(at)
  if (end === DOUBT || idStart < 0 || enabled === 0) return end
  const pair = numberOf(PREFERENCE, purpose, idStart, idEnd)
  return pair >= 0 && meetPreference(pair) && addChoice(firstOf(pair), enabled === TRUE) ? end : DOUBT
}

/** Whatever its generation, a preference is met by its first number; false where it was. */
function meetPreference(pair: i32): bool {
  return meet(firstOf(pair))
}

let idStart = NONE
let idEnd = NONE
/** The first byte of the boolean, 0 where there is none. */
let enabled = 0

function readSwitch(at: i32): i32 {
  idStart = NONE
  enabled = 0
  if (byteAt(at) !== OPEN_OBJECT) return skipValue(at)
  return readObject(at, switchMember, readSwitchMember)
}

function switchMember(name: i32, length: i32): i32 {
  if (length === 2) return isWord(name, length, 'id') ? ID : NONE
  return isWord(name, length, 'enabled') ? ENABLED : NONE
}

function readSwitchMember(member: i32, at: i32, _name: i32, _nameEnd: i32): i32 {
  const end = skipValue(at)
  if (end === DOUBT || member < 0) return end
  const byte = byteAt(at)
  if (member === ENABLED) {
    if (byte === TRUE || byte === FALSE) enabled = byte
  } else if (byte === QUOTE) {
    idStart = at
    idEnd = end
  }
  return end
}
