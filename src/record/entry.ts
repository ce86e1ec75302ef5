/** Entries as they are read from a spill: written by one lane, read by another. */

import { expandedContent } from './compact-record.ts'
import { AS_OF, COMPACT, FORM, PERSON, TEXTS, VERSION } from './entry-layout.ts'
import type { UserRecord } from './record.ts'

/** A table of names: by number, as lines were numbered by it. */
export type NameTable = readonly string[]

/** One entry of a bucket: a line of a Didomi user. */
export class Entry {
  readonly bytes: Buffer
  readonly #place: number
  readonly #names: NameTable

  /** @param names what the numbers of its content stand for */
  constructor(bytes: Buffer, place: number, names: NameTable) {
    this.bytes = bytes
    this.#place = place
    this.#names = names
  }

  /** The range from the person to the content: whom the entry is about (`identityAt`). */
  get identity(): { readonly start: number; readonly end: number } {
    const start = this.#place + PERSON
    return { start, end: identityAt(this.bytes, start).end }
  }

  /** The record that it stands for. */
  get record(): UserRecord {
    const { bytes } = this
    const place = this.#place
    const { userId, end: contentAt } = identityAt(bytes, place + PERSON)
    const end = place + bytes.readUInt32LE(place)
    // Our own bytes, of this very run.
    if (bytes[place + FORM] !== COMPACT) return JSON.parse(bytes.toString('utf8', contentAt, end)) as UserRecord
    return {
      ouid: ouidAt(bytes, place + PERSON),
      userId,
      asOf: bytes.readDoubleLE(place + AS_OF),
      version: bytes.readDoubleLE(place + VERSION),
      ...expandedContent(bytes, contentAt, end, this.#names),
    }
  }
}

const textEnd = (bytes: Buffer, at: number): number => at + 4 + bytes.readUInt32LE(at)
const textAt = (bytes: Buffer, at: number): string => bytes.toString('utf8', at + 4, textEnd(bytes, at))

/** Whom the bytes from a person on are about, as they stand in an entry; the id in hex, and where that ends. */
export function identityAt(
  bytes: Buffer,
  at: number,
): { readonly person: string; readonly userId: string; readonly end: number } {
  const userIdAt = textEnd(bytes, at + TEXTS - PERSON)
  return {
    person: bytes.toString('hex', at, at + 16),
    userId: textAt(bytes, userIdAt),
    end: textEnd(bytes, userIdAt),
  }
}

/** The OUID of the same bytes. */
export function ouidAt(bytes: Buffer, at: number): string {
  return textAt(bytes, at + TEXTS - PERSON)
}
