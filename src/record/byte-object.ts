/** Walks the members and entries of JSON in bytes, and checks them on the way. */

import { CLOSE_ARRAY, CLOSE_OBJECT, COMMA, QUOTE, SPACE } from '../consent/json-byte.ts'
import type { Member, Shape } from './byte-shape.ts'
import { startsWith } from './byte-table.ts'
import { DOUBT, skipColon, skipName, skipSpace } from './json-scan.ts'

/** Reads the value of a member at `at`; answers its end. */
export type ReadMember<T> = (bytes: Buffer, meaning: T, at: number) => number

/** Reads one entry of an array; answers its end. */
export type ReadEntry = (bytes: Buffer, at: number) => number

/** Reads the object whose brace stands at `from`; answers its end. A name written with escapes is a doubt. */
export function readObject<T>(bytes: Buffer, from: number, shape: Shape<T>, readMember: ReadMember<T>): number {
  let at = skipSpace(bytes, from + 1)
  if (bytes[at] === CLOSE_OBJECT) return at + 1
  let guesses = shape.first
  for (;;) {
    if (bytes[at] !== QUOTE) return DOUBT
    let member: Member<T> | undefined
    for (let guess = 0; guess < guesses.length; guess += 1) {
      const candidate = guesses[guess]
      if (candidate === undefined || !startsWith(bytes, at, candidate.bytes)) continue
      member = candidate
      break
    }
    let value: number
    if (member === undefined) {
      const nameEnd = skipName(bytes, at + 1)
      if (nameEnd === DOUBT) return DOUBT
      value = skipColon(bytes, nameEnd + 1)
      if (value === DOUBT) return DOUBT
      member = shape.member(bytes, at, nameEnd + 1, guesses)
    } else {
      value = at + member.bytes.length
      if ((bytes[value] as number) <= SPACE) value = skipSpace(bytes, value)
    }
    guesses = member.next
    at = readMember(bytes, member.meaning, value)
    if (at === DOUBT) return DOUBT
    if ((bytes[at] as number) <= SPACE) at = skipSpace(bytes, at)
    if (bytes[at] === CLOSE_OBJECT) return at + 1
    if (bytes[at] !== COMMA) return DOUBT
    at += 1
    if ((bytes[at] as number) <= SPACE) at = skipSpace(bytes, at)
  }
}

/** Reads the array whose bracket stands at `from`; answers its end. */
export function readArray(bytes: Buffer, from: number, readEntry: ReadEntry): number {
  let at = skipSpace(bytes, from + 1)
  if (bytes[at] === CLOSE_ARRAY) return at + 1
  for (;;) {
    at = readEntry(bytes, at)
    if (at === DOUBT) return DOUBT
    at = skipSpace(bytes, at)
    if (bytes[at] === CLOSE_ARRAY) return at + 1
    if (bytes[at] !== COMMA) return DOUBT
    at = skipSpace(bytes, at + 1)
  }
}
