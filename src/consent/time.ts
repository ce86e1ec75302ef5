/** Instants and spans: when a statement was made (semantics, "one idea carries it"). */

/** Microseconds since the epoch, a safe integer; `-Infinity` stands for "as long as anybody knows". */
export type Instant = number

/** The closed time span in which a statement was made; `lo <= hi`. */
export interface Span {
  readonly lo: Instant
  readonly hi: Instant
}

export const SINCE_EVER: Instant = Number.NEGATIVE_INFINITY
export const MICROSECOND = 1
export const MILLISECOND = 1_000
export const SECOND = 1_000_000
export const HOUR = 3_600 * SECOND
export const DAY = 24 * HOUR

const RFC_3339 = /^(\d{4})-(\d{2})-(\d{2})[Tt](\d{2}):(\d{2}):(\d{2})(?:\.(\d+))?(?:[Zz]|([+-])(\d{2}):(\d{2}))$/

/**
 * Parses an RFC 3339 date-time with offset; anything else is `undefined` (semantics §2.4). Digits beyond the
 * microsecond are cut off. A leap second (`:60`) is the first instant of the next minute. Instants that a number cannot
 * hold to the microsecond (before 1684, after 2255) are unreadable: nobody consented then.
 */
export function parseInstant(text: unknown): Instant | undefined {
  if (typeof text !== 'string') return undefined
  const match = RFC_3339.exec(text)
  if (match === null) return undefined
  const [, year, month, day, hour, minute, second, fraction = '', sign, offsetHour, offsetMinute] = match
  if (Number(hour) > 23 || Number(minute) > 59 || Number(second) > 60) return undefined
  if (sign !== undefined && (Number(offsetHour) > 23 || Number(offsetMinute) > 59)) return undefined
  const midnight = midnightUtc(Number(year), Number(month), Number(day))
  if (midnight === undefined) return undefined
  const seconds = Number(hour) * 3_600 + Number(minute) * 60 + Number(second)
  const offset = sign === undefined ? 0 : (Number(offsetHour) * 60 + Number(offsetMinute)) * (sign === '-' ? -60 : 60)
  const instant = midnight + (seconds - offset) * SECOND + Number(fraction.slice(0, 6).padEnd(6, '0'))
  return Number.isSafeInteger(instant) ? instant : undefined
}

/** The first instant of a calendar day in UTC, or `undefined` where the day does not exist. */
function midnightUtc(year: number, month: number, day: number): Instant | undefined {
  const date = new Date(0)
  date.setUTCFullYear(year, month - 1, day)
  if (date.getUTCFullYear() !== year || date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) return undefined
  return date.getTime() * MILLISECOND
}

/** The first instant of a `YYYY-MM-DD` day in UTC, or `undefined` where it is no such day. */
export function parseDay(text: string): Instant | undefined {
  const match = /^(\d{4})-(\d{2})-(\d{2})$/.exec(text)
  return match === null ? undefined : midnightUtc(Number(match[1]), Number(match[2]), Number(match[3]))
}

/** Milliseconds since the epoch, as clocks give them, as an instant. */
export function fromMilliseconds(ms: number): Instant {
  return Math.trunc(ms) * MILLISECOND
}

/** RFC 3339 in UTC with six digits (fewer where they are zero); `-` for "since ever". */
export function formatInstant(instant: Instant): string {
  if (instant === SINCE_EVER) return '-'
  const seconds = Math.floor(instant / SECOND)
  const micros = instant - seconds * SECOND
  const base = new Date(seconds * 1_000).toISOString().slice(0, 19)
  return micros === 0
    ? `${base}Z`
    : `${base}.${String(micros)
        .padStart(6, '0')
        .replace(/(000)$/, '')}Z`
}

/** Reads what `formatInstant` wrote, `-` included. */
export function parseFormattedInstant(text: string): Instant | undefined {
  return text === '-' ? SINCE_EVER : parseInstant(text)
}

/** The least span that covers both. */
export function hull(a: Span, b: Span): Span {
  return { lo: Math.min(a.lo, b.lo), hi: Math.max(a.hi, b.hi) }
}
