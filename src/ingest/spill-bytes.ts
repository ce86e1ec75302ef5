/** Records as bytes on their way through the spill: written by one lane, read by another. */

import { byCodeUnit } from '../consent/choice.ts'
import type { CompactRecord } from '../record/compact-record.ts'
import type { UserRecord } from '../record/record.ts'

/*
 * An entry: its length, the part it came from, its form, the person (16 bytes), asOf and version, then two texts (OUID
 * and user id), each after its length, and the content: compact, or the whole record as JSON. All little-endian but the
 * person, whose bytes are in order.
 */
const PART = 4
const FORM = 8
const PERSON = 9
const AS_OF = PERSON + 16
const VERSION = AS_OF + 8
const TEXTS = VERSION + 8

const COMPACT = 0
const JSON_FORM = 1

/** Writes one entry after the other into a buffer of its own that grows with the largest. */
export class EntryWriter {
  #buffer = Buffer.allocUnsafe(64 * 1024)

  /** The bytes of an entry, of a person (`personBytes`); they hold until the next one is written. */
  compact(part: number, person: string, record: CompactRecord): Buffer {
    const at = this.#head(part, COMPACT, person, record, record.length)
    record.bytes.copy(this.#buffer, at, 0, record.length)
    return this.#end(at + record.length)
  }

  /** The same for a record whose names are in no table. */
  plain(part: number, person: string, record: UserRecord): Buffer {
    const content = JSON.stringify(record)
    const at = this.#head(part, JSON_FORM, person, record, content.length * 3)
    return this.#end(at + this.#buffer.write(content, at, 'utf8'))
  }

  /** Writes everything before the content and answers its place. */
  #head(part: number, form: number, person: string, record: CompactRecord | UserRecord, content: number): number {
    const { ouid, userId, asOf, version } = record
    // Three bytes at most for each unit of UTF-16.
    this.#need(TEXTS + 8 + (ouid.length + userId.length) * 3 + content)
    const buffer = this.#buffer
    buffer.writeUInt32LE(part, PART)
    buffer[FORM] = form
    buffer.write(person, PERSON, 'latin1')
    buffer.writeDoubleLE(asOf, AS_OF)
    buffer.writeDoubleLE(version, VERSION)
    return writeText(buffer, userId, writeText(buffer, ouid, TEXTS))
  }

  #end(length: number): Buffer {
    this.#buffer.writeUInt32LE(length, 0)
    return this.#buffer.subarray(0, length)
  }

  #need(bytes: number): void {
    if (bytes > this.#buffer.length) this.#buffer = Buffer.allocUnsafe(Math.max(this.#buffer.length * 2, bytes))
  }
}

function writeText(buffer: Buffer, text: string, at: number): number {
  const length = buffer.write(text, at + 4, 'utf8')
  buffer.writeUInt32LE(length, at)
  return at + 4 + length
}

/** The places of all entries of a bucket, in order. */
export function* entryPlaces(bytes: Buffer): Iterable<number> {
  for (let at = 0; at < bytes.length; at += bytes.readUInt32LE(at)) yield at
}

/** A table of names: by number, as lines were numbered by it. */
export type NameTable = readonly string[]

/** One entry of a bucket: a line of a Didomi user. */
export class Entry {
  readonly bytes: Buffer
  readonly place: number
  /** What the numbers of its content stand for. */
  readonly names: NameTable
  readonly asOf: number
  readonly version: number
  readonly #userIdAt: number

  constructor(bytes: Buffer, place: number, names: NameTable) {
    this.bytes = bytes
    this.place = place
    this.names = names
    this.asOf = bytes.readDoubleLE(place + AS_OF)
    this.version = bytes.readDoubleLE(place + VERSION)
    this.#userIdAt = textEnd(bytes, place + TEXTS)
    this.personBits = bytes.readUIntBE(place + PERSON + 1, 6)
  }

  get part(): number {
    return this.bytes.readUInt32LE(this.place + PART)
  }

  /** The bits after the first byte, which is that of the bucket: they order persons and tell them apart, nearly always. */
  readonly personBits: number

  /** The place of the person's 16 bytes. */
  get personAt(): number {
    return this.place + PERSON
  }

  /** Places of the first and past the last byte of the OUID. */
  get ouid(): readonly [start: number, end: number] {
    return [this.place + TEXTS + 4, this.#userIdAt]
  }

  get userId(): readonly [start: number, end: number] {
    return [this.#userIdAt + 4, this.#content]
  }

  /** By person, then `user.id` by code unit. */
  compare(other: Entry): number {
    if (this.personBits !== other.personBits) return this.personBits - other.personBits
    const [mine, theirs] = [this.personAt, other.personAt]
    const byPerson = this.bytes.compare(other.bytes, theirs, theirs + 16, mine, mine + 16)
    return byPerson || byCodeUnit(textAt(this.bytes, this.#userIdAt), textAt(other.bytes, other.#userIdAt))
  }

  /** Is the other entry of the same person and the same Didomi user? */
  isOfRecord(other: Entry): boolean {
    const [mine, theirs] = [this.personAt, other.personAt]
    const samePerson = this.bytes.compare(other.bytes, theirs, theirs + 16, mine, mine + 16) === 0
    const [start, end] = [other.#userIdAt, textEnd(other.bytes, other.#userIdAt)]
    return samePerson && this.bytes.compare(other.bytes, start, end, this.#userIdAt, this.#content) === 0
  }

  /** The range of a compact content; `undefined` for a record as JSON. */
  get compact(): { readonly start: number; readonly end: number } | undefined {
    if (this.bytes[this.place + FORM] !== COMPACT) return undefined
    return { start: this.#content, end: this.#end }
  }

  /** The record of an entry that is not compact: our own bytes, of this very run. */
  get plain(): UserRecord {
    return JSON.parse(this.bytes.toString('utf8', this.#content, this.#end)) as UserRecord
  }

  get #content(): number {
    return textEnd(this.bytes, this.#userIdAt)
  }

  get #end(): number {
    return this.place + this.bytes.readUInt32LE(this.place)
  }
}

const textEnd = (bytes: Buffer, at: number): number => at + 4 + bytes.readUInt32LE(at)
const textAt = (bytes: Buffer, at: number): string => bytes.toString('utf8', at + 4, textEnd(bytes, at))
