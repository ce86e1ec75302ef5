/** Writes records as entries of the spill: those that the scanner leaves. */

import { writePersonId } from '../consent/person-id.ts'
import { AS_OF, COMPACT, FORM, JSON_FORM, PART, PERSON, TEXTS, VERSION } from './entry-layout.ts'
import type { UserRecord } from './record.ts'

/** An entry in the memory of whoever wrote it; it holds until the next one. */
export interface EntryBytes {
  readonly bytes: Buffer
  readonly start: number
  readonly end: number
}

type Head = Pick<UserRecord, 'ouid' | 'userId' | 'asOf' | 'version'>

/** Writes one entry after the other into a buffer of its own that grows with the largest. */
export class EntryWriter {
  #buffer = Buffer.allocUnsafe(64 * 1024)

  /** An entry with a compact content: the first `length` of these bytes. */
  compact(head: Head, content: Buffer, length: number): EntryBytes {
    const at = this.#head(COMPACT, head, length)
    content.copy(this.#buffer, at, 0, length)
    return this.#end(at + length)
  }

  /** The same of a record whose names are in no table. */
  plain(record: UserRecord): EntryBytes {
    const content = JSON.stringify(record)
    const at = this.#head(JSON_FORM, record, content.length * 3)
    return this.#end(at + this.#buffer.write(content, at, 'utf8'))
  }

  /** Writes everything before the content and answers its place. */
  #head(form: number, { ouid, userId, asOf, version }: Head, content: number): number {
    // Three bytes at most for each unit of UTF-16.
    this.#need(TEXTS + 8 + (ouid.length + userId.length) * 3 + content)
    const buffer = this.#buffer
    buffer[FORM] = form
    buffer.writeDoubleLE(asOf, AS_OF)
    buffer.writeDoubleLE(version, VERSION)
    return writeText(buffer, userId, writeText(buffer, ouid, TEXTS))
  }

  #end(length: number): EntryBytes {
    this.#buffer.writeUInt32LE(length, 0)
    return { bytes: this.#buffer, start: 0, end: length }
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

/** Says of an entry which part it came from and which person it is about; answers the place of the person's 16 bytes. */
export function assign({ bytes, start }: EntryBytes, part: number): number {
  const [personAt, ouidAt] = [start + PERSON, start + TEXTS + 4]
  bytes.writeUInt32LE(part, start + PART)
  writePersonId(bytes.subarray(ouidAt, ouidAt + bytes.readUInt32LE(start + TEXTS)), bytes, personAt)
  return personAt
}
