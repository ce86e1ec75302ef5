/** Entries as they are read from a spill: written by one lane, read by another. */

import { byCodeUnit } from '../consent/choice.ts'
import { expandedContent } from './compact-record.ts'
import { AS_OF, COMPACT, FORM, PART, PERSON, TEXTS, VERSION } from './entry-layout.ts'
import type { UserRecord } from './record.ts'

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
  get #personAt(): number {
    return this.place + PERSON
  }

  /** The range from the person to the content: whom the entry is about (`identityAt`). */
  get identity(): readonly [start: number, end: number] {
    return [this.#personAt, this.#content]
  }

  /** By person, then `user.id` by code unit. */
  compare(other: Entry): number {
    if (this.personBits !== other.personBits) return this.personBits - other.personBits
    const [mine, theirs] = [this.#personAt, other.#personAt]
    const byPerson = this.bytes.compare(other.bytes, theirs, theirs + 16, mine, mine + 16)
    return byPerson || byCodeUnit(textAt(this.bytes, this.#userIdAt), textAt(other.bytes, other.#userIdAt))
  }

  /** Is the other entry of the same person and the same Didomi user? */
  isOfRecord(other: Entry): boolean {
    const length = this.#content - this.#userIdAt
    return (
      areSame(this.bytes, this.#personAt, other.bytes, other.#personAt, 16) &&
      other.#content - other.#userIdAt === length &&
      areSame(this.bytes, this.#userIdAt, other.bytes, other.#userIdAt, length)
    )
  }

  /** The range of a compact content; `undefined` for a record as JSON. */
  get compact(): { readonly start: number; readonly end: number } | undefined {
    if (this.bytes[this.place + FORM] !== COMPACT) return undefined
    return { start: this.#content, end: this.#end }
  }

  /** The record that it stands for. */
  get record(): UserRecord {
    const { compact, bytes, asOf, version } = this
    // Our own bytes, of this very run.
    if (compact === undefined) return JSON.parse(bytes.toString('utf8', this.#content, this.#end)) as UserRecord
    const { ouid, userId } = identityAt(bytes, this.#personAt)
    return { ouid, userId, asOf, version, ...expandedContent(bytes, compact.start, compact.end, this.names) }
  }

  get #content(): number {
    return textEnd(this.bytes, this.#userIdAt)
  }

  get #end(): number {
    return this.place + this.bytes.readUInt32LE(this.place)
  }
}

/** For a few bytes this is less work than a call of `compare`. */
function areSame(a: Buffer, aAt: number, b: Buffer, bAt: number, length: number): boolean {
  for (let index = 0; index < length; index += 1) if (a[aAt + index] !== b[bAt + index]) return false
  return true
}

const textEnd = (bytes: Buffer, at: number): number => at + 4 + bytes.readUInt32LE(at)
const textAt = (bytes: Buffer, at: number): string => bytes.toString('utf8', at + 4, textEnd(bytes, at))

/** Whom the bytes from a person on are about, as they stand in an entry; the id in hex, and where that ends. */
export function identityAt(
  bytes: Buffer,
  at: number,
): { readonly person: string; readonly ouid: string; readonly userId: string; readonly end: number } {
  const ouidAt = at + TEXTS - PERSON
  const userIdAt = textEnd(bytes, ouidAt)
  return {
    person: bytes.toString('hex', at, at + 16),
    ouid: textAt(bytes, ouidAt),
    userId: textAt(bytes, userIdAt),
    end: textEnd(bytes, userIdAt),
  }
}
