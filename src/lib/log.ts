/** Structured log messages to stderr. The least a caller needs; never an identifier, an address, a token or a consent. */

import { type DestinationStream, pino } from 'pino'

export interface Log {
  debug(fields: object, message: string): void
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
}

/**
 * JSON lines. Redaction is the second line of defence: fields that could hold personal data or secrets are cut out
 * even if a caller should pass them by mistake.
 */
export function openLog(level: string, stream: DestinationStream): Log {
  return pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: SENSITIVE.flatMap((name) => [name, `*.${name}`]), censor: '[redacted]' },
    },
    stream,
  )
}

const SENSITIVE = [
  'ouid',
  'organization_user_id',
  'address',
  'email',
  'emailaddress1',
  'phone',
  'token',
  'authorization',
  'secret',
  'client_secret',
  'body',
  'columns',
  'state',
  'value',
]

/** A log whose lines hold these fields too; asked for anew with each line. */
export function withFields(log: Log, fields: () => object): Log {
  return {
    debug: (own, message) => log.debug({ ...fields(), ...own }, message),
    info: (own, message) => log.info({ ...fields(), ...own }, message),
    warn: (own, message) => log.warn({ ...fields(), ...own }, message),
    error: (own, message) => log.error({ ...fields(), ...own }, message),
  }
}

/** Says nothing. */
export const silentLog: Log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }
