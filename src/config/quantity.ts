/** Durations and sizes as an operator writes them (`30s`, `8MiB`), turned into numbers. */

const MILLISECONDS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const
const BYTES = { B: 1, KiB: 1_024, MiB: 1_048_576 } as const

/** At most five digits: even 99999 days stay a safe integer when counted in microseconds. */
export const DURATION = /^\d{1,5}(ms|s|m|h|d)$/

/** A duration that a timer can wait for: above zero, and far below the 24.8 days at which Node's timers overflow. */
export const WAIT = /^([1-9]\d{0,4}(ms|s)|[1-9]\d{0,3}m)$/

/** 15 minutes to 12 hours: how long the credentials of an assumed role may hold (AWS: DurationSeconds). */
export const ROLE_SESSION =
  /^((9\d\d|[1-9]\d{3}|[1-3]\d{4}|4[0-2]\d{3}|43[01]\d\d|43200)s|(1[5-9]|[2-9]\d|[1-6]\d\d|7[01]\d|720)m|([1-9]|1[0-2])h)$/

/** Below 100 MiB: a line is held in memory as one string. */
export const SIZE = /^([1-9]\d{0,7}B|[1-9]\d{0,4}KiB|[1-9]\d?MiB)$/

/** Milliseconds of a text that matches `DURATION`; `undefined` for any other text. */
export function parseDurationMs(text: string): number | undefined {
  const unit = DURATION.exec(text)?.[1]
  return unit === undefined ? undefined : Number.parseInt(text, 10) * MILLISECONDS[unit as keyof typeof MILLISECONDS]
}

/** Bytes of a text that matches `SIZE`; `undefined` for any other text. */
export function parseSizeBytes(text: string): number | undefined {
  const match = /^(\d+)(B|KiB|MiB)$/.exec(text)
  if (match === null || !SIZE.test(text)) return undefined
  return Number(match[1]) * BYTES[match[2] as keyof typeof BYTES]
}
