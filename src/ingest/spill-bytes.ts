/** Records as bytes on their way through the spill: written by one lane, read by another. */

import type { CompactRecord, Pairs } from '../record/compact-record.ts'
import type { UserRecord } from '../record/record.ts'

/*
 * An entry: its length, the part it came from, its form, the person (32 hex digits), then either the record with its
 * names as numbers of the lane's table, or the record as JSON. Numbers are little-endian; a text has its length first.
 */

/** Bytes of an entry before its content: length, part, form, person. */
const HEAD_BYTES = 4 + 4 + 1 + 32
const COMPACT = 0
const JSON_FORM = 1

/** Writes one entry after the other into a buffer of its own that grows with the largest. */
export class EntryWriter {
  #buffer = Buffer.allocUnsafe(64 * 1024)
  #at = 0

  /** The bytes of an entry; they hold until the next one is written. */
  compact(part: number, person: string, record: CompactRecord): Buffer {
    this.#begin(part, COMPACT, person)
    this.#double(record.asOf)
    this.#double(record.version)
    this.#text(record.ouid)
    this.#text(record.userId)
    this.#pairs(record.stated)
    this.#pairs(record.attributes)
    this.#int(record.events.length)
    for (const { hi, lo, id, stated } of record.events) {
      this.#double(hi)
      this.#double(lo)
      this.#text(id)
      this.#pairs(stated)
    }
    return this.#end()
  }

  /** The same for a record whose names are in no table. */
  plain(part: number, person: string, record: UserRecord): Buffer {
    this.#begin(part, JSON_FORM, person)
    this.#text(record.ouid)
    this.#text(record.userId)
    this.#text(JSON.stringify(record))
    return this.#end()
  }

  #begin(part: number, form: number, person: string): void {
    this.#at = 4
    this.#int(part)
    this.#buffer[this.#at] = form
    this.#at += 1
    this.#at += this.#buffer.write(person, this.#at, 'latin1')
  }

  #end(): Buffer {
    this.#buffer.writeUInt32LE(this.#at, 0)
    return this.#buffer.subarray(0, this.#at)
  }

  #pairs({ names, texts }: Pairs): void {
    this.#int(names.length)
    for (let index = 0; index < names.length; index += 1) {
      this.#int(names[index] ?? 0)
      this.#text(texts[index] ?? '')
    }
  }

  #text(text: string): void {
    // Three bytes at most for each unit of UTF-16.
    this.#need(4 + text.length * 3)
    const length = this.#buffer.write(text, this.#at + 4, 'utf8')
    this.#buffer.writeUInt32LE(length, this.#at)
    this.#at += 4 + length
  }

  #int(value: number): void {
    this.#need(4)
    this.#buffer.writeUInt32LE(value, this.#at)
    this.#at += 4
  }

  #double(value: number): void {
    this.#need(8)
    this.#buffer.writeDoubleLE(value, this.#at)
    this.#at += 8
  }

  #need(bytes: number): void {
    if (this.#at + bytes <= this.#buffer.length) return
    const larger = Buffer.allocUnsafe(Math.max(this.#buffer.length * 2, this.#at + bytes))
    this.#buffer.copy(larger, 0, 0, this.#at)
    this.#buffer = larger
  }
}

/** Takes a record apart; every text is read once, in the order of the bytes. */
export interface EntryTaker {
  line(asOf: number, version: number): void
  said(name: number, choice: string): void
  attribute(name: number, json: string): void
  event(hi: number, lo: number, id: string): void
  happened(name: number, choice: string): void
  plain(record: UserRecord): void
}

/** Whose an entry is, and where its content begins. */
export interface EntryHead {
  readonly part: number
  readonly person: string
  readonly ouid: string
  readonly userId: string
}

/** Reads the entries of a bucket. */
export class EntryReader {
  readonly #bytes: Buffer
  #at = 0

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  /** The places of all entries, in order. */
  *places(): Iterable<number> {
    for (let at = 0; at < this.#bytes.length; at += this.#bytes.readUInt32LE(at)) yield at
  }

  head(place: number): EntryHead {
    const form = this.#bytes[place + 8]
    const part = this.#bytes.readUInt32LE(place + 4)
    const person = this.#bytes.toString('latin1', place + 9, place + HEAD_BYTES)
    this.#at = place + HEAD_BYTES + (form === COMPACT ? 16 : 0)
    return { part, person, ouid: this.#text(), userId: this.#text() }
  }

  /** Hands over what the entry at this place holds. */
  take(place: number, taker: EntryTaker): void {
    this.#at = place + HEAD_BYTES
    if (this.#bytes[place + 8] === JSON_FORM) {
      this.#skipText()
      this.#skipText()
      // Our own bytes, of this very run.
      taker.plain(JSON.parse(this.#text()) as UserRecord)
      return
    }
    taker.line(this.#double(), this.#double())
    this.#skipText()
    this.#skipText()
    for (let left = this.#int(); left > 0; left -= 1) taker.said(this.#int(), this.#text())
    for (let left = this.#int(); left > 0; left -= 1) taker.attribute(this.#int(), this.#text())
    for (let left = this.#int(); left > 0; left -= 1) {
      taker.event(this.#double(), this.#double(), this.#text())
      for (let pairs = this.#int(); pairs > 0; pairs -= 1) taker.happened(this.#int(), this.#text())
    }
  }

  #text(): string {
    const length = this.#int()
    const start = this.#at
    this.#at += length
    return this.#bytes.toString('utf8', start, this.#at)
  }

  #skipText(): void {
    this.#at += 4 + this.#bytes.readUInt32LE(this.#at)
  }

  #int(): number {
    this.#at += 4
    return this.#bytes.readUInt32LE(this.#at - 4)
  }

  #double(): number {
    this.#at += 8
    return this.#bytes.readDoubleLE(this.#at - 8)
  }
}
