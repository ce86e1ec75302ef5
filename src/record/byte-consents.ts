/** What a `consents` object in bytes states (semantics §2.6), read in the pass that checks it. */

import { FALSE, NULL, OPEN_ARRAY, OPEN_OBJECT, QUOTE, TRUE } from '../consent/json-byte.ts'
import { keyText } from '../consent/key.ts'
import { readArray, readObject } from './byte-object.ts'
import { Shape } from './byte-shape.ts'
import { ByteTable } from './byte-table.ts'
import { type CompactWriter, LONGEST_COMPACT } from './compact-bytes.ts'
import { asId } from './json.ts'
import { DOUBT, skipValue } from './json-scan.ts'
import { type Names, NO_NUMBER } from './names.ts'

/** The numbers of the keys of one preference. */
interface PreferenceKeys {
  readonly preference: number
  readonly set: number
}

/** The numbers of the keys of one purpose; `undefined` inside a table for an id that is no usable text. */
interface PurposeKeys {
  readonly purpose: number
  readonly legitimateInterest: number
  readonly preferences: ByteTable<PreferenceKeys | undefined>
  /** The members of its `values`. */
  readonly values: Shape<PreferenceKeys | undefined>
  readonly channels: ByteTable<number | undefined>
}

/**
 * Reads statements into a compact content. What the rules would have to settle – one key stated twice, a preference in both
 * generations, an id behind what it names – is a doubt, and the line is read the plain way.
 */
export class ByteConsents {
  readonly #shape = Shape.of('purposes', 'channels')
  readonly #purposeShape = Shape.of('id', 'enabled', 'enabled_li', 'values', 'preferences', 'channels')
  readonly #switchShape = Shape.of('id', 'enabled')
  readonly #valueShape = Shape.of('value')
  readonly #purposes: ByteTable<PurposeKeys | undefined>
  readonly #channels: ByteTable<number | undefined>
  /** By key number: the object in which it was last met. */
  readonly #metIn: number[] = []
  #object = 0
  readonly #into: CompactWriter

  constructor(names: Names, into: CompactWriter) {
    this.#into = into
    this.#purposes = new ByteTable((text) => {
      const purpose = asId(text)
      return purpose === undefined ? undefined : purposeKeys(purpose, names)
    })
    this.#channels = new ByteTable((text) => {
      const channel = asId(text)
      return channel === undefined ? undefined : names.numberOf(keyText({ kind: 'channel', channel }))
    })
  }

  /** Reads the value at `at` and answers its end; anything but an object states nothing. */
  read(bytes: Buffer, at: number): number {
    if (bytes[at] !== OPEN_OBJECT) return skipValue(bytes, at)
    this.#object += 1
    this.#membersMet = 0
    return readObject(bytes, at, this.#shape, this.#readMember)
  }

  /** Members of the consents object already met, as bits. */
  #membersMet = 0

  readonly #readMember = (bytes: Buffer, member: number, at: number): number => {
    if (member < 0) return skipValue(bytes, at)
    if ((this.#membersMet & (1 << member)) !== 0) return DOUBT
    this.#membersMet |= 1 << member
    if (bytes[at] !== OPEN_ARRAY) return skipValue(bytes, at)
    if (member === 0) return readArray(bytes, at, this.#readPurpose)
    this.#switchTable = this.#channels
    return readArray(bytes, at, this.#readSwitch)
  }

  #keys: PurposeKeys | undefined
  #purposeMembersMet = 0

  readonly #readPurpose = (bytes: Buffer, at: number): number => {
    if (bytes[at] !== OPEN_OBJECT) return skipValue(bytes, at)
    this.#keys = undefined
    this.#purposeMembersMet = 0
    return readObject(bytes, at, this.#purposeShape, this.#readPurposeMember)
  }

  readonly #readPurposeMember = (bytes: Buffer, member: number, at: number): number => {
    if (member < 0) return skipValue(bytes, at)
    if ((this.#purposeMembersMet & (1 << member)) !== 0) return DOUBT
    this.#purposeMembersMet |= 1 << member
    const end = this.#readKnownMember(bytes, member, at)
    // Without a usable id the entry states nothing, which only the end of it would show.
    return this.#keys === undefined ? DOUBT : end
  }

  #readKnownMember(bytes: Buffer, member: number, at: number): number {
    const keys = this.#keys
    if (member === 0) {
      const end = skipValue(bytes, at)
      if (end !== DOUBT && bytes[at] === QUOTE) this.#keys = this.#purposes.at(bytes, at, end)
      return end
    }
    if (keys === undefined) return DOUBT
    if (member === 1) return this.#readFlag(bytes, at, keys.purpose)
    if (member === 2) return this.#readFlag(bytes, at, keys.legitimateInterest)
    if (member === 3) {
      if (bytes[at] !== OPEN_OBJECT) return skipValue(bytes, at)
      return readObject(bytes, at, keys.values, this.#readSelection)
    }
    if (bytes[at] !== OPEN_ARRAY) return skipValue(bytes, at)
    if (member === 5) {
      this.#switchTable = keys.channels
      return readArray(bytes, at, this.#readSwitch)
    }
    return readArray(bytes, at, this.#readPreference)
  }

  #readFlag(bytes: Buffer, at: number, key: number): number {
    const end = skipValue(bytes, at)
    const byte = bytes[at]
    if (end === DOUBT || (byte !== TRUE && byte !== FALSE)) return end
    return this.#state(key, byte === TRUE) ? end : DOUBT
  }

  readonly #readSelection = (bytes: Buffer, keys: PreferenceKeys | undefined, at: number): number => {
    // The last of two members of one name would count, whatever each says.
    if (keys === undefined || !this.#meet(keys.set) || this.#isMet(keys.preference)) return DOUBT
    if (bytes[at] !== OPEN_OBJECT) return skipValue(bytes, at)
    this.#valueStart = -1
    const end = readObject(bytes, at, this.#valueShape, this.#readValue)
    if (end === DOUBT || this.#valueStart < 0) return end
    const byte = bytes[this.#valueStart]
    if (byte === NULL) this.#into.set(keys.set, bytes, 0, 0)
    if (byte !== QUOTE) return end
    if (this.#valueEnd - this.#valueStart > LONGEST_COMPACT) return DOUBT
    this.#into.set(keys.set, bytes, this.#valueStart, this.#valueEnd)
    return end
  }

  #valueStart = -1
  #valueEnd = -1

  readonly #readValue = (bytes: Buffer, member: number, at: number): number => {
    const end = skipValue(bytes, at)
    if (end === DOUBT || member < 0) return end
    if (this.#valueStart >= 0) return DOUBT
    this.#valueStart = at
    this.#valueEnd = end
    return end
  }

  #switchTable: ByteTable<number | undefined> = new ByteTable(() => undefined)
  #idStart = -1
  #idEnd = -1
  #enabled = 0

  /** An `{id, enabled}` entry whose id is a channel. */
  readonly #readSwitch = (bytes: Buffer, at: number): number => {
    const end = this.#scanSwitch(bytes, at)
    if (end === DOUBT || this.#idStart < 0 || this.#enabled === 0) return end
    const key = this.#switchTable.at(bytes, this.#idStart, this.#idEnd)
    return key === undefined || this.#state(key, this.#enabled === TRUE) ? end : DOUBT
  }

  /** An `{id, enabled}` entry whose id is a preference (v1). */
  readonly #readPreference = (bytes: Buffer, at: number): number => {
    const end = this.#scanSwitch(bytes, at)
    if (end === DOUBT || this.#idStart < 0 || this.#enabled === 0) return end
    const keys = this.#keys?.preferences.at(bytes, this.#idStart, this.#idEnd)
    if (keys === undefined) return end
    if (this.#isMet(keys.set)) return DOUBT
    return this.#state(keys.preference, this.#enabled === TRUE) ? end : DOUBT
  }

  #scanSwitch(bytes: Buffer, at: number): number {
    this.#idStart = -1
    this.#enabled = 0
    this.#switchMembersMet = 0
    if (bytes[at] !== OPEN_OBJECT) return skipValue(bytes, at)
    return readObject(bytes, at, this.#switchShape, this.#readSwitchMember)
  }

  #switchMembersMet = 0

  readonly #readSwitchMember = (bytes: Buffer, member: number, at: number): number => {
    const end = skipValue(bytes, at)
    if (end === DOUBT || member < 0) return end
    if ((this.#switchMembersMet & (1 << member)) !== 0) return DOUBT
    this.#switchMembersMet |= 1 << member
    const byte = bytes[at] ?? 0
    if (member === 1) {
      if (byte === TRUE || byte === FALSE) this.#enabled = byte
    } else if (byte === QUOTE) {
      this.#idStart = at
      this.#idEnd = end
    }
    return end
  }

  /** States a choice; false where its key was met before in this object. */
  #state(key: number, yes: boolean): boolean {
    if (!this.#meet(key)) return false
    this.#into.choice(key, yes)
    return true
  }

  #meet(key: number): boolean {
    if (key === NO_NUMBER || this.#isMet(key)) return false
    this.#metIn[key] = this.#object
    return true
  }

  #isMet(key: number): boolean {
    return this.#metIn[key] === this.#object
  }
}

function purposeKeys(purpose: string, names: Names): PurposeKeys {
  const preferenceKeys = (text: string): PreferenceKeys | undefined => {
    const preference = asId(text)
    if (preference === undefined) return undefined
    return {
      preference: names.numberOf(keyText({ kind: 'preference', purpose, preference })),
      set: names.numberOf(keyText({ kind: 'set', purpose, preference })),
    }
  }
  return {
    purpose: names.numberOf(keyText({ kind: 'purpose', purpose })),
    legitimateInterest: names.numberOf(keyText({ kind: 'purpose-li', purpose })),
    preferences: new ByteTable(preferenceKeys),
    values: new Shape(preferenceKeys),
    channels: new ByteTable((text) => {
      const channel = asId(text)
      return channel === undefined ? undefined : names.numberOf(keyText({ kind: 'purpose-channel', purpose, channel }))
    }),
  }
}
