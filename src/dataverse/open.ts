/** Opens one Dataverse environment: the send stack is composed here, and nowhere else. */

import { randomBytes, randomUUID } from 'node:crypto'
import { type Clock, systemClock } from '../lib/clock.ts'
import { type Log, silentLog } from '../lib/log.ts'
import type { Wait } from '../lib/retry.ts'
import { parseApiRoot } from './api-root.ts'
import { type AuthenticationSettings, openTokens } from './authentication.ts'
import { changes } from './changes.ts'
import { type Connection, getObject, unanswered } from './connection.ts'
import type { Dataverse, Identity } from './dataverse.ts'
import { withFreshness } from './freshness.ts'
import { withHeaders } from './headers.ts'
import { guidOf } from './json.ts'
import { withLimit } from './limit.ts'
import { withLog } from './log.ts'
import { table } from './metadata.ts'
import { purposes, topics } from './purposes.ts'
import { anyStartingWith, rowsIn } from './read.ts'
import { createRetry, withRetry } from './retry.ts'
import { NoAnswer } from './send.ts'
import { withTimeout } from './timeout.ts'
import { withToken } from './token.ts'
import { openTransport } from './transport.ts'
import { type LackingMessages, write } from './write.ts'

export interface DataverseOptions {
  /** `https://acme.crm4.dynamics.com/api/data/v9.2/`; on premises `https://crm.example.com/org/api/data/v9.1/`. */
  readonly apiRoot: string
  readonly authentication: AuthenticationSettings
  /** `didomi-dataverse/1.2.3`. */
  readonly userAgent: string
  /** Requests at once for this application user, default 8. `x-ms-dop-hint` names the environment's own number. */
  readonly concurrency?: number
  /** Rows of one bulk message, default 100. */
  readonly batchRows?: number
  /** Rows of one `$batch`, default 20. */
  readonly batchParts?: number
  /** Bulk messages may take minutes: default 180,000. */
  readonly requestTimeoutMs?: number
  readonly connectTimeoutMs?: number
  readonly tokenTimeoutMs?: number
  readonly maxReplyBytes?: number
  /** Attempts, pauses (see `RetrySettings`) and the bound of all pauses of one request (default 15 minutes). */
  readonly retry?: {
    readonly attempts?: number
    readonly basePauseMs?: number
    readonly maxPauseMs?: number
    readonly maxTotalWaitMs?: number
  }
  readonly clock?: Clock
  /** In [0, 1); jitter only. */
  readonly random: () => number
  /** Told of every pause, so that a waiting run does not look dead. */
  readonly onWait?: (wait: Wait) => void
  readonly log?: Log
}

/** The port with the door to shut behind it. */
export interface OpenDataverse extends Dataverse {
  close(): Promise<void>
}

/** Composes the stack, outermost last: a repeat waits its turn anew, and every attempt has its own token and time. */
function openConnection(options: DataverseOptions): { connection: Connection; close: () => Promise<void> } {
  const { clock = systemClock, log = silentLog, concurrency = 8, onWait = () => {} } = options
  const root = parseApiRoot(options.apiRoot)
  const tokens = openTokens(options.authentication, root, options.tokenTimeoutMs ?? 60_000)
  const retry = createRetry({
    attempts: 8,
    basePauseMs: 1_000,
    maxPauseMs: 60_000,
    maxTotalWaitMs: 900_000,
    ...options.retry,
    clock,
    random: options.random,
    onWait: (wait) => {
      log.info(wait, 'waiting')
      onWait(wait)
    },
  })
  const transport = openTransport({
    root,
    connections: concurrency,
    connectTimeoutMs: options.connectTimeoutMs ?? 15_000,
    maxReplyBytes: options.maxReplyBytes ?? 64 * 1_048_576,
  })
  let sendOnce = transport.send
  sendOnce = withHeaders(sendOnce, { userAgent: options.userAgent, newRequestId: randomUUID })
  sendOnce = withLog(sendOnce, log, clock)
  sendOnce = withFreshness(sendOnce, clock)
  sendOnce = withTimeout(sendOnce, options.requestTimeoutMs ?? 180_000)
  sendOnce = withToken(sendOnce, tokens)
  sendOnce = withLimit(sendOnce, { concurrency, clock, onWait })
  const send = withRetry(sendOnce, retry, clock)
  const newBoundary = () => `batch_${randomBytes(16).toString('hex')}`
  return { connection: { root, send, sendOnce, retry, clock, newBoundary, log }, close: transport.close }
}

async function whoAmI(connection: Connection, signal: AbortSignal): Promise<Identity> {
  const json = await getObject(connection, 'WhoAmI', 'WhoAmI', signal)
  const userId = guidOf(json['UserId'])
  const businessUnitId = guidOf(json['BusinessUnitId'])
  const organizationId = guidOf(json['OrganizationId'])
  if (userId === undefined || businessUnitId === undefined || organizationId === undefined) {
    throw unanswered('WhoAmI', 'an answer without its ids')
  }
  return { userId, businessUnitId, organizationId }
}

/**
 * Opens the environment; nothing is sent before the first call.
 * @throws CodedError `config-invalid` for an unusable API root, `token-refused` for unusable credentials.
 */
export function openDataverse(options: DataverseOptions): OpenDataverse {
  const { connection, close } = openConnection(options)
  const settings = { batchRows: options.batchRows ?? 100, batchParts: options.batchParts ?? 20 }
  const lacking: LackingMessages = new Set()
  /** A call that failed may leave siblings retrying: closing ends them, or they would hold up the end of the process. */
  const closing = new AbortController()
  const open = (signal: AbortSignal) => AbortSignal.any([signal, closing.signal])
  return {
    whoAmI: (signal) => whoAmI(connection, open(signal)),
    table: (logicalName, signal) => table(connection, logicalName, open(signal)),
    purposes: (ids, signal) => purposes(connection, ids, open(signal)),
    topics: (ids, signal) => topics(connection, ids, open(signal)),
    rowsIn: (of, select, column, values, signal) => rowsIn(connection, of, select, column, values, open(signal)),
    anyStartingWith: (of, column, prefix, signal) => anyStartingWith(connection, of, column, prefix, open(signal)),
    write: (to, rows, sending, signal) =>
      write(connection, settings, lacking, to, rows, { ...sending, signal: open(signal) }),
    changes: (of, select, deltaLink, signal) => changes(connection, of, select, deltaLink, open(signal)),
    close: () => {
      closing.abort(new NoAnswer('closed', false))
      return close()
    },
  }
}
