/** What goes wrong between us and PostgreSQL, by what happens next; nothing the server quotes is ever passed on. */

import { CodedError } from '../lib/errors.ts'

/**
 * A statement that failed or a connection that broke. The server's own texts are dropped at once: they quote keys and
 * values of rows.
 */
export class PostgresFailure extends Error {
  /** PostgreSQL: the five characters of SQLSTATE; absent where the connection itself is the trouble. */
  readonly sqlState: string | undefined

  constructor(what: string, sqlState?: string) {
    super(what)
    this.name = 'PostgresFailure'
    this.sqlState = sqlState
  }

  /** Whether the connection is gone or not to be had; a transaction that was open on it never commits later by itself. */
  get lost(): boolean {
    return this.sqlState === undefined || LOST.test(this.sqlState)
  }

  /** Whether other sessions stood in the way, so that the same transaction may pass at the next attempt. */
  get conflict(): boolean {
    return this.sqlState === '40001' || this.sqlState === '40P01'
  }
}

/**
 * PostgreSQL, appendix A: connection exceptions (08), a session ended by the administrator, by a crash or by a timeout
 * (57P01, 57P02, 57P05, 25P03), a server that starts or stops (57P03).
 */
const LOST = /^(08...|57P0[1235]|25P03)$/

/** What the server says when place, rights or resources are the trouble rather than the statement. */
const SERVER_TROUBLE = /^(08|28|53|57|58|XX|3D|3F|0A|25006|25P|42501|55P03|40)/

/** PostgreSQL, appendix A: the states that an operator meets, in words. */
const WORDS: Readonly<Record<string, string>> = {
  '28P01': 'a password that the server refuses',
  '28000': 'a user, host or kind of connection that the server refuses (pg_hba.conf)',
  '3D000': 'no such database',
  '42501': 'a right that the user does not have',
  '25006': 'a server that only reads (a standby)',
  '53100': 'a full disk of the server',
  '53300': 'a server without a free connection',
  '55P03': 'a lock that another session keeps',
  '57P03': 'a server that starts or stops',
}

/** Node's own words for a connection that cannot be made; they name no more than the host. */
const NETWORK_CODES =
  /^(E[A-Z]+|ERR_TLS_[A-Z_]+|CERT_[A-Z_]+|DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_[A-Z_]+)$/

/** The driver's error, stripped. */
export function failureOf(error: unknown): PostgresFailure {
  if (error instanceof PostgresFailure) return error
  const code = error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : ''
  if (/^[0-9A-Z]{5}$/.test(code) && !NETWORK_CODES.test(code)) {
    const words = WORDS[code]
    return new PostgresFailure(words === undefined ? `PostgreSQL's ${code}` : `${words} (${code})`, code)
  }
  if (NETWORK_CODES.test(code)) return new PostgresFailure(`the connection failing with ${code}`)
  const message = error instanceof Error ? error.message : ''
  return new PostgresFailure(
    /does not support SSL/.test(message)
      ? 'a server that does not speak TLS'
      : 'a connection that ended or was not made',
  )
}

/** The error for the outside: `store-unusable`, or `defect` where a statement of ours is wrong. */
export function translated(failure: PostgresFailure, place: string): CodedError {
  const { sqlState, message } = failure
  if (sqlState !== undefined && !SERVER_TROUBLE.test(sqlState)) {
    return new CodedError('defect', [
      {
        where: 'store',
        found: message,
        expected: 'every statement of the store to be valid',
        remedy: 'Please report this; nothing of the statement was kept.',
      },
    ])
  }
  return unusable(place, message)
}

/** The error of a database that cannot be used; `found` names what is wrong with it. */
export function unusable(
  place: string,
  found: string,
  remedy = 'Check store.postgres, the network, the rights of the user and the state of the server.',
): CodedError {
  return new CodedError('store-unusable', [
    {
      where: place,
      found,
      expected: 'a PostgreSQL database that can be reached, with a schema of this program that its user may change',
      remedy,
    },
  ])
}

/** What is found where the connection that held the lease is gone, and another run may hold it by now. */
export const LEASE_LOST = 'no lease any more: the connection that held it is gone'

/** What is found where the lease was not renewed in time, as by a process that was paused. */
export const LEASE_PASSED = 'no lease any more: its time passed before it was renewed'

/** The error of a store that another run has, or may have by now. */
export function held(place: string, found: string): CodedError {
  return new CodedError('lease-held', [
    {
      where: `lease of ${place}`,
      found,
      expected: 'one run at a time',
      remedy: 'Wait until that run has ended, or look for a stuck process; the lease ends with its connection.',
    },
  ])
}
