/** What flags may hold: texts become values, or the command line is refused. */

import { InvalidArgumentError, Option } from 'commander'
import { parseDurationMs } from '../config/quantity.ts'
import { parseDay } from '../consent/time.ts'

/** A date, as it is. */
export function day(text: string): string {
  if (parseDay(text) === undefined) throw new InvalidArgumentError('expected a date such as 2026-10-23')
  return text
}

/** A date or `today`. */
export function dayOrToday(text: string): string {
  if (text !== 'today' && parseDay(text) === undefined)
    throw new InvalidArgumentError('expected a date such as 2026-10-23, or today')
  return text
}

/** A duration such as 90m, in milliseconds. */
export function duration(text: string): number {
  const ms = parseDurationMs(text)
  if (ms === undefined) throw new InvalidArgumentError('expected a duration such as 90m or 3h')
  return ms
}

/** A count of things. */
export function wholeNumber(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new InvalidArgumentError('expected a whole number above 0')
  return Number(text)
}

/** `--log-level`; a new one for each command. */
export function logLevel(): Option {
  return new Option('--log-level <level>', 'messages on stderr')
    .choices(['debug', 'info', 'warn', 'error', 'silent'])
    .default('warn')
}

/** What every command is added with. */
export interface Shared {
  readonly version: string
  /** Takes the exit code. */
  readonly ended: (exitCode: number) => void
}
