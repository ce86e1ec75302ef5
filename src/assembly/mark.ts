/**
 * Stamps of lines and marks of events: two numbers each, an event's also the range of its id, and where it stands in the
 * text being written, since most are written many times.
 */

import { MARK_BYTES, MARKS, MOST_MARKS } from './memory'
import { compareTexts } from './order'

let next = MARKS

export function beginMarks(): void {
  next = MARKS
}

/** A mark with these numbers (`asOf` and `version`, or `hi` and `lo`) and, for an event, this id; 0 where there is no room. */
export function newMark(first: f64, second: f64, idStart: i32, idEnd: i32): i32 {
  if (next >= MARKS + MARK_BYTES * MOST_MARKS) return 0
  const mark = next
  next += MARK_BYTES
  store<f64>(mark, first)
  store<f64>(mark, second, 8)
  store<i32>(mark, idStart, 16)
  store<i32>(mark, idEnd, 20)
  store<i32>(mark, 0, 24)
  return mark
}

export function firstOfMark(mark: i32): f64 {
  return load<f64>(mark)
}

export function secondOfMark(mark: i32): f64 {
  return load<f64>(mark, 8)
}

/** The range of an event's id; its start is 0 for a stamp. */
export function idStartOf(mark: i32): i32 {
  return load<i32>(mark, 16)
}

export function idEndOf(mark: i32): i32 {
  return load<i32>(mark, 20)
}

/** Where the mark was written, 0 where it was not. */
export function writtenAt(mark: i32): i32 {
  return load<i32>(mark, 24)
}

export function writtenLength(mark: i32): i32 {
  return load<i32>(mark, 28)
}

export function setWritten(mark: i32, at: i32, length: i32): void {
  store<i32>(mark, at, 24)
  store<i32>(mark, length, 28)
}

/** Is the one after the other: by its first number, its second, then the id? */
export function isAfter(mark: i32, other: i32): bool {
  if (firstOfMark(mark) !== firstOfMark(other)) return firstOfMark(mark) > firstOfMark(other)
  if (secondOfMark(mark) !== secondOfMark(other)) return secondOfMark(mark) > secondOfMark(other)
  if (idStartOf(mark) === 0 || idStartOf(other) === 0) return false
  return compareTexts(idStartOf(mark), idEndOf(mark), idStartOf(other), idEndOf(other)) > 0
}
