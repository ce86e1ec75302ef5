/** Instants as whole microseconds since 1970; −Infinity is "never". RFC 3339 with offset alone is readable (semantics §2.4). */

export const SECOND = 1_000_000

const DAY = 86_400 * SECOND
const SHAPE = /^(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:\.(\d+))?([Zz]|[+-]\d\d:\d\d)$/

/** The instant of a text in µs (finer digits are cut), or undefined where it is unreadable (semantics §2.4). */
export function parseInstant(text: unknown): number | undefined {
  if (typeof text !== 'string') return undefined
  const parts = SHAPE.exec(text)
  if (parts === null) return undefined
  const [, year, month, day, hour, minute, second, fraction = '', zone = ''] = parts
  const offset = zone.toUpperCase() === 'Z' ? 'Z' : zone
  const whole = `${year}-${month}-${day}T${hour}:${minute}:${second}`
  const ms = Date.parse(`${whole}${offset}`)
  // Date.parse rolls 30 February over: what does not print as it was written is no date.
  const printed = new Date(Date.parse(`${whole}Z`))
  if (Number.isNaN(ms) || Number.isNaN(printed.getTime()) || !printed.toISOString().startsWith(whole)) return undefined
  return ms * 1000 + Number(fraction.padEnd(6, '0').slice(0, 6))
}

/** The instant of a text that the writer of a history vouches for; throws on anything else. */
export function instant(text: string): number {
  const read = parseInstant(text)
  if (read === undefined) throw new Error('a history holds an instant that is no RFC 3339 text')
  return read
}

/** The first instant after a partition's date `YYYY-MM-DD`, read as UTC. */
export function endOfDate(date: string): number {
  return instant(`${date}T00:00:00Z`) + DAY
}

/** The instant cut to its second: Dataverse tells `modifiedon` and `Date` to the second only. */
export function toSecond(at: number): number {
  return Number.isFinite(at) ? Math.floor(at / SECOND) * SECOND : at
}
