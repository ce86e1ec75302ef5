/** What a line states, in the bytes in which millions of lines are carried: names as numbers, texts as they stood. */

import { grown } from '../consent/grown.ts'

/*
 * A content is a row of items, each a byte that says what it is and then:
 *
 *   NO, YES     name                      a boolean choice of the line (or, inside an event, of the event)
 *   SET         name, text                a set, as the JSON string it stood in the line as, or nothing for null
 *   ATTRIBUTE   name, text                an attribute, as the JSON it stood in the line as
 *   EVENT       hi, lo, length, items, text   its span, the items of that many bytes, its id; DROPPED does not count
 *
 * A name is two bytes, a length two, an instant eight; a text is its length and its bytes. All little-endian.
 */

const NO = 1
const YES = 2
const SET = 3
const ATTRIBUTE = 4
const EVENT = 5
const DROPPED = 6

/** The longest text or row of items; whatever is longer is carried another way. */
export const LONGEST_COMPACT = 0xffff

const EVENT_HEAD = 1 + 8 + 8 + 2

/** Writes one content after the other into a buffer of its own that grows with the largest. */
export class CompactWriter {
  bytes: Buffer = Buffer.allocUnsafe(16 * 1024)
  length = 0

  begin(): void {
    this.length = 0
  }

  choice(name: number, yes: boolean): void {
    this.#item(yes ? YES : NO, name, 0)
  }

  set(name: number, source: Buffer, start: number, end: number): void {
    this.#item(SET, name, end - start + 2)
    this.#range(source, start, end)
  }

  attribute(name: number, source: Buffer, start: number, end: number): void {
    this.#item(ATTRIBUTE, name, end - start + 2)
    this.#range(source, start, end)
  }

  attributeText(name: number, json: string): void {
    this.#item(ATTRIBUTE, name, 0)
    this.#text(json)
  }

  /** Begins an event and answers its place; what is written until `endEvent` is the event's. */
  beginEvent(): number {
    const place = this.length
    this.#need(EVENT_HEAD)
    this.bytes[place] = DROPPED
    this.length = place + EVENT_HEAD
    return place
  }

  /** Ends the event's items; false where they are too many. Its id must follow. */
  endItems(place: number): boolean {
    const length = this.length - place - EVENT_HEAD
    if (length > LONGEST_COMPACT) return false
    this.bytes.writeUInt16LE(length, place + EVENT_HEAD - 2)
    return true
  }

  id(source: Buffer, start: number, end: number): void {
    this.#need(end - start + 2)
    this.#range(source, start, end)
  }

  idText(text: string): boolean {
    return this.#text(text)
  }

  /** An event counts only once it has its span. */
  date(place: number, hi: number, lo: number): void {
    this.bytes[place] = EVENT
    this.bytes.writeDoubleLE(hi, place + 1)
    this.bytes.writeDoubleLE(lo, place + 9)
  }

  #item(kind: number, name: number, more: number): void {
    this.#need(3 + more)
    const { bytes, length } = this
    bytes[length] = kind
    bytes[length + 1] = name
    bytes[length + 2] = name >> 8
    this.length = length + 3
  }

  /** False where the text is too long. */
  #text(text: string): boolean {
    // Three bytes at most for each unit of UTF-16.
    this.#need(2 + text.length * 3)
    const written = this.bytes.write(text, this.length + 2, 'utf8')
    if (written > LONGEST_COMPACT) return false
    this.bytes.writeUInt16LE(written, this.length)
    this.length += 2 + written
    return true
  }

  #range(source: Buffer, start: number, end: number): void {
    const { bytes, length } = this
    const count = end - start
    bytes[length] = count
    bytes[length + 1] = count >> 8
    copyBytes(source, start, end, bytes, length + 2)
    this.length = length + 2 + count
  }

  #need(count: number): void {
    this.bytes = grown(this.bytes, this.length, count)
  }
}

/** A short range is copied faster byte by byte than by a call out of the engine. */
function copyBytes(source: Buffer, start: number, end: number, target: Buffer, at: number): void {
  if (end - start > 64) source.copy(target, at, start, end)
  else for (let from = start, to = at; from < end; from += 1, to += 1) target[to] = source[from] as number
}

/** Takes a content apart; ranges are of the bytes being read. `event` comes before what happened in it. */
export interface CompactTaker {
  said(name: number, yes: boolean): void
  saidSet(name: number, start: number, end: number): void
  attribute(name: number, start: number, end: number): void
  event(hi: number, lo: number, idStart: number, idEnd: number): void
  happened(name: number, yes: boolean): void
  happenedSet(name: number, start: number, end: number): void
}

/** Hands over the items between two places. */
export function readCompact(bytes: Buffer, start: number, end: number, taker: CompactTaker): void {
  for (let at = start; at < end; ) {
    const kind = bytes[at]
    if (kind === NO || kind === YES) {
      taker.said(number16(bytes, at + 1), kind === YES)
      at += 3
    } else if (kind === SET || kind === ATTRIBUTE) {
      const from = at + 5
      const to = from + number16(bytes, at + 3)
      if (kind === SET) taker.saidSet(number16(bytes, at + 1), from, to)
      else taker.attribute(number16(bytes, at + 1), from, to)
      at = to
    } else {
      const items = at + EVENT_HEAD
      const idAt = items + number16(bytes, items - 2)
      const after = idAt + 2 + number16(bytes, idAt)
      if (kind === EVENT) {
        taker.event(bytes.readDoubleLE(at + 1), bytes.readDoubleLE(at + 9), idAt + 2, after)
        readEvent(bytes, items, idAt, taker)
      }
      at = after
    }
  }
}

function readEvent(bytes: Buffer, start: number, end: number, taker: CompactTaker): void {
  for (let at = start; at < end; ) {
    const kind = bytes[at]
    if (kind === SET) {
      const from = at + 5
      const to = from + number16(bytes, at + 3)
      taker.happenedSet(number16(bytes, at + 1), from, to)
      at = to
    } else {
      taker.happened(number16(bytes, at + 1), kind === YES)
      at += 3
    }
  }
}

const number16 = (bytes: Buffer, at: number): number => (bytes[at] as number) | ((bytes[at + 1] as number) << 8)
