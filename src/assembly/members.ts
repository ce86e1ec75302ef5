/** Where the members of a user or an event stand whose values are decided on: one record for each, at its place. */

import { MISSING, USUAL } from './memory'
import { isWord, usualInstant } from './text'

/** Behind ranges and place stand instants in microseconds, NaN where they are not written in the usual form. */
export const INSTANTS: i32 = 48

/** Members of a user whose ranges are kept, in the order in which they stand. */
export const USER_ID: i32 = 0
export const ORGANIZATION_USER_ID: i32 = 1
export const VERSION: i32 = 2
export const USER_UPDATED_AT: i32 = 3
export const USER_REGULATION: i32 = 4

/** The same of an event; its place in the content stands behind them. */
export const EVENT_ID: i32 = 0
export const STATUS: i32 = 1
export const EVENT_REGULATION: i32 = 2
export const CREATED_AT: i32 = 3
export const EVENT_UPDATED_AT: i32 = 4

/** The ranges of either. */
export const RANGES_BYTES: i32 = 40

/** How a member nearly always stands. */
export const GDPR: i32 = 1
export const CONFIRMED: i32 = 2

export function forgetRanges(record: i32): void {
  for (let range = record; range < record + RANGES_BYTES; range += 8) store<i32>(range, MISSING)
}

/** Keeps the range of a member, or that it stands as nearly always. */
export function keepRange(record: i32, member: i32, start: i32, end: i32, usual: i32): void {
  const isUsual =
    (usual === GDPR && isWord(start, end - start, '"gdpr"')) ||
    (usual === CONFIRMED && isWord(start, end - start, '"confirmed"'))
  const range = record + member * 8
  store<i32>(range, isUsual ? USUAL : start)
  store<i32>(range, end, 4)
}

/** Keeps the instant of a member; `number` says which of the record's. */
export function keepInstant(record: i32, number: i32, start: i32, end: i32): void {
  store<f64>(record + number * 8, usualInstant(start, end), INSTANTS)
}

/** The first place of a member's range; below zero where it is missing or stands as nearly always. */
export function startOf(record: i32, member: i32): i32 {
  return load<i32>(record + member * 8)
}

export function endOf(record: i32, member: i32): i32 {
  return load<i32>(record + member * 8, 4)
}

/** The instant of a member that is there; NaN where it is written otherwise than nearly always. */
export function instantOf(record: i32, number: i32): f64 {
  return load<f64>(record + number * 8, INSTANTS)
}
