/** Takes apart what a line states, in the bytes in which millions of lines are carried: names as numbers, texts as they stood. */

import { ATTRIBUTE, EVENT, EVENT_HEAD, NO, SET, YES } from './compact-item.ts'

/** Is given the items of a content; ranges are of the bytes being read. `event` comes before what happened in it. */
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
