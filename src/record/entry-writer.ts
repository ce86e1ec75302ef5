/** Writes records as entries of the spill: those that the scanner leaves. */

import { writePersonId } from '../consent/person-id.ts'
import { AS_OF, COMPACT, FORM, JSON_FORM, PART, PERSON, TEXTS, VERSION } from './entry-layout.ts'
import type { UserRecord } from './record.ts'
import { WORD_BYTES, type WordMemory, wordMemory } from './word-memory.ts'

/** An entry in the memory of whoever wrote it; it holds until the next one. */
export interface EntryBytes extends WordMemory {
  /** Aligned. */
  readonly start: number
  readonly end: number
}

type Head = Pick<UserRecord, 'ouid' | 'userId' | 'asOf' | 'version'>

/** Writes one entry after the other into a buffer of its own that grows with the largest. */
export class EntryWriter {
  #memory = wordMemory(64 * 1024)

  /** An entry with a compact content: the first `length` of these bytes. */
  compact(head: Head, content: Buffer, length: number): EntryBytes {
    const at = this.#head(COMPACT, head, length)
    content.copy(this.#memory.bytes, at, 0, length)
    return this.#end(at + length)
  }

  /** The same of a record whose names are in no table. */
  plain(record: UserRecord): EntryBytes {
    const content = JSON.stringify(record)
    const at = this.#head(JSON_FORM, record, content.length * 3)
    return this.#end(at + this.#memory.bytes.write(content, at, 'utf8'))
  }

  /** Writes everything before the content and answers its place. */
  #head(form: number, { ouid, userId, asOf, version }: Head, content: number): number {
    // Three bytes at most for each unit of UTF-16.
    this.#need(TEXTS + 8 + (ouid.length + userId.length) * 3 + content)
    const buffer = this.#memory.bytes
    buffer[FORM] = form
    buffer.writeDoubleLE(asOf, AS_OF)
    buffer.writeDoubleLE(version, VERSION)
    const ouidEnd = writeText(buffer, ouid, TEXTS)
    writePerson(buffer, 0)
    return writeText(buffer, userId, ouidEnd)
  }

  #end(length: number): EntryBytes {
    this.#memory.bytes.writeUInt32LE(length, 0)
    const { bytes, words } = this.#memory
    return { bytes, words, start: 0, end: length }
  }

  #need(bytes: number): void {
    const { length } = this.#memory.bytes
    if (bytes > length) this.#memory = wordMemory(Math.max(length * 2, bytes))
  }
}

function writeText(buffer: Buffer, text: string, at: number): number {
  const length = buffer.write(text, at + 4, 'utf8')
  buffer.writeUInt32LE(length, at)
  return at + 4 + length
}

/** Writes the person of an entry whose OUID stands there. */
export function writePerson(bytes: Buffer, start: number): void {
  const ouidAt = start + TEXTS + 4
  writePersonId(bytes.subarray(ouidAt, ouidAt + bytes.readUInt32LE(start + TEXTS)), bytes, start + PERSON)
}

/** Says of an entry which part it came from. */
export function assignPart({ words, start }: EntryBytes, part: number): void {
  words[(start + PART) / WORD_BYTES] = part
}

/** The place of an entry's person (16 bytes). */
export function personOf({ start }: EntryBytes): number {
  return start + PERSON
}
