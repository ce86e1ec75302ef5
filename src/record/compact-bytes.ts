/** What a line states, in the bytes in which millions of lines are carried: names as numbers, texts as they stood. */

/*
 * A content is a row of items, each a byte that says what it is and then:
 *
 *   NO, YES     name                      a boolean choice of the line (or, inside an event, of the event)
 *   SET         name, text                a set, as the JSON string it stood in the line as, or nothing for null
 *   ATTRIBUTE   name, text                an attribute, as the JSON it stood in the line as
 *   EVENT       hi, lo, length, items, text   its span, the items of that many bytes, its id; DROPPED does not count
 *
 * A name is two bytes, a length two, an instant eight; a text is its length and its bytes. All little-endian. It is written
 * by `assembly/content.ts`.
 */

const NO = 1
const YES = 2
const SET = 3
const ATTRIBUTE = 4
const EVENT = 5

const EVENT_HEAD = 1 + 8 + 8 + 2

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
