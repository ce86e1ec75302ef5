/** Opens one Dataverse environment: the send stack is composed here, and nowhere else. */

import { randomBytes, randomUUID } from 'node:crypto'
import { setMaxListeners } from 'node:events'
import { type Clock, systemClock } from '../lib/clock.ts'
import { CodedError, defect } from '../lib/errors.ts'
import { type Log, silentLog } from '../lib/log.ts'
import type { Wait } from '../lib/retry.ts'
import { BATCH_SIZE } from '../pace/batch-size.ts'
import { DATAVERSE_PACE, type PaceSettings } from '../pace/pace.ts'
import { parseApiRoot } from './api-root.ts'
import { type AuthenticationSettings, openTokens } from './authentication.ts'
import { BatchSizes } from './batch-sizes.ts'
import type { LackingMessages } from './bulk-message.ts'
import { changes } from './changes.ts'
import { type Connection, getObject, unanswered } from './connection.ts'
import type { Identity } from './dataverse.ts'
import { withFreshness } from './freshness.ts'
import { withHeaders } from './headers.ts'
import { inspectionOf } from './inspect.ts'
import type { InspectedDataverse } from './inspection.ts'
import { guidOf } from './json.ts'
import { withLog } from './log.ts'
import { table } from './metadata.ts'
import { type RequestObserver, withObserver } from './observed.ts'
import { Pacer } from './pacer.ts'
import { rowsWithAny } from './pages.ts'
import { type ApplicationUser, openPool, type Pool } from './pool.ts'
import { purposes, topics } from './purposes.ts'
import { anyStartingWith, rowsIn } from './read.ts'
import { createRetry, withRetry } from './retry.ts'
import { type RoleRegistry, rolesOver } from './roles.ts'
import { NoAnswer, type Send } from './send.ts'
import { withTimeout } from './timeout.ts'
import { type TokenSource, withToken } from './token.ts'
import { openTransport } from './transport.ts'
import { type WebhookRegistry, webhooksOver } from './webhooks.ts'
import { write } from './write.ts'

export interface DataverseOptions {
  /** `https://acme.crm4.dynamics.com/api/data/v9.2/`; on premises `https://crm.example.com/org/api/data/v9.1/`. */
  readonly apiRoot: string
  /** One application user, or several of the same environment: limits are counted for each (Dataverse: service protection limits). */
  readonly authentication: readonly AuthenticationSettings[]
  /** `didomi-dataverse/1.2.3`. */
  readonly userAgent: string
  /** Requests of one application user at once, at most; default 50. How many are well is found out. */
  readonly concurrency?: number
  /** Rows of one bulk message, at most; default 1,000. How many are well is found out. */
  readonly batchRows?: number
  /** `auto` (the default): bulk messages where there are any. Old servers may want `$batch`, or requests of one row. */
  readonly writes?: 'auto' | 'batch' | 'single'
  /** What one bulk message should take; default 5,000. */
  readonly batchTargetMs?: number
  /** What is documented of the limits, where this environment differs. */
  readonly pace?: Partial<PaceSettings>
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
  /** Throws where nothing may be written any more (a lease that has passed); asked as each write leaves. */
  readonly permit?: () => void
  /** In place of HTTP to the API root. */
  readonly transport?: { readonly send: Send; close(): Promise<void> }
  /** In place of the authority's tokens. */
  readonly tokens?: (authentication: AuthenticationSettings) => TokenSource
  readonly clock?: Clock
  /** In [0, 1); jitter only. */
  readonly random: () => number
  /** Told of every pause, so that a waiting run does not look dead. */
  readonly onWait?: (wait: Wait) => void
  readonly log?: Log
  /** Sees every attempt of a request. */
  readonly observed?: RequestObserver
}

/** The port with the door to shut behind it. */
export interface OpenDataverse extends InspectedDataverse {
  /** The registrations of events, as the first application user sees and changes them. */
  readonly webhooks: WebhookRegistry
  /** Security roles, as the first application user sees and changes them. */
  readonly roles: RoleRegistry
  close(): Promise<void>
}

interface OpenConnection {
  readonly connection: Connection
  /** The same connection as each application user alone sees it. */
  readonly users: readonly Connection[]
  readonly pool: Pool
  close(): Promise<void>
}

/** Composes the stack, outermost last: a repeat waits its turn anew, and every attempt has its own token and time. */
function openConnection(options: DataverseOptions): OpenConnection {
  const { clock = systemClock, log = silentLog, onWait = () => {} } = options
  const root = parseApiRoot(options.apiRoot)
  const pace: PaceSettings = { ...DATAVERSE_PACE, most: options.concurrency ?? DATAVERSE_PACE.most, ...options.pace }
  const tell = (wait: Wait) => {
    log.info(wait, 'waiting')
    onWait(wait)
  }
  const retry = createRetry({
    attempts: 8,
    basePauseMs: 1_000,
    maxPauseMs: 60_000,
    maxTotalWaitMs: 900_000,
    ...options.retry,
    clock,
    random: options.random,
    onWait: tell,
  })
  const transport =
    options.transport ??
    openTransport({
      root,
      connections: pace.most * options.authentication.length,
      connectTimeoutMs: options.connectTimeoutMs ?? 15_000,
      maxReplyBytes: options.maxReplyBytes ?? 64 * 1_048_576,
      ...(options.permit && { permit: options.permit }),
    })
  let shared = transport.send
  shared = withHeaders(shared, { userAgent: options.userAgent, newRequestId: randomUUID })
  shared = withLog(shared, log, clock)
  shared = withObserver(shared, options.observed, clock)
  shared = withFreshness(shared, clock)
  shared = withTimeout(shared, options.requestTimeoutMs ?? 180_000)
  const tokens =
    options.tokens ?? ((authentication) => openTokens(authentication, root, options.tokenTimeoutMs ?? 60_000))
  const users = options.authentication.map(
    (authentication, index): ApplicationUser => ({
      name: `user ${index + 1}`,
      send: withToken(shared, tokens(authentication)),
      pacer: new Pacer(pace),
    }),
  )
  const pool = openPool(users, { clock, onWait: tell })
  const newBoundary = () => `batch_${randomBytes(16).toString('hex')}`
  const connectionBy = (sendOnce: Send): Connection => {
    return { root, send: withRetry(sendOnce, retry, clock), sendOnce, retry, clock, newBoundary, log }
  }
  return {
    connection: connectionBy(pool.send),
    users: users.map((user) => connectionBy(pool.sendBy(user))),
    pool,
    close: transport.close,
  }
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

/** Every application user must be one of its own: two that are the same would believe in twice the limits. */
async function whoAreWe(users: readonly Connection[], signal: AbortSignal): Promise<[Identity, ...Identity[]]> {
  const identities = await Promise.all(users.map((user) => whoAmI(user, signal)))
  const [first, ...others] = identities
  if (first === undefined) defect('whoAmI', 'an environment without application users')
  if (new Set(identities.map(({ userId }) => userId)).size < identities.length) {
    throw new CodedError('config-invalid', [
      {
        where: 'authentication',
        found: 'several entries that are the same application user',
        expected: 'an application user of its own for each entry: limits are counted per user',
        remedy: 'Register an app for each, with an application user of its own, or leave the entry out.',
      },
    ])
  }
  return [first, ...others]
}

/**
 * Opens the environment; nothing is sent before the first call.
 * @throws CodedError `config-invalid` for an unusable API root, `token-refused` for unusable credentials.
 */
export function openDataverse(options: DataverseOptions): OpenDataverse {
  const { connection, users, pool, close } = openConnection(options)
  const most = options.batchRows ?? BATCH_SIZE.most
  const sizes = new BatchSizes({
    targetMs: options.batchTargetMs ?? BATCH_SIZE.targetMs,
    least: Math.min(BATCH_SIZE.least, most),
    most,
    start: Math.min(BATCH_SIZE.start, most),
  })
  const { writes = 'auto', batchParts = 40 } = options
  const settings = { sizes, batchParts: writes === 'single' ? 1 : batchParts, bulk: writes === 'auto' }
  const lacking: LackingMessages = new Set()
  /** A call that failed may leave siblings retrying: closing ends them, or they would hold up the end of the process. */
  const closing = new AbortController()
  const open = (signal: AbortSignal) => {
    const either = AbortSignal.any([signal, closing.signal])
    // All requests of a call listen to it, as many as wait and are at work: no leak, and no warning of one.
    setMaxListeners(0, either)
    return either
  }
  return {
    inspection: inspectionOf(connection, users, open),
    whoAreWe: (signal) => whoAreWe(users, open(signal)),
    concurrency: pool.concurrency,
    figures: pool.figures,
    table: (logicalName, signal) => table(connection, logicalName, open(signal)),
    purposes: (ids, signal) => purposes(connection, ids, open(signal)),
    topics: (ids, signal) => topics(connection, ids, open(signal)),
    rowsIn: (of, select, column, values, signal) => rowsIn(connection, of, select, column, values, open(signal)),
    rowsWithAny: (of, select, columns, signal) => rowsWithAny(connection, of, select, columns, open(signal)),
    anyStartingWith: (of, column, prefix, signal) => anyStartingWith(connection, of, column, prefix, open(signal)),
    write: (to, rows, sending, signal) =>
      write(connection, settings, lacking, to, rows, { ...sending, signal: open(signal) }),
    changes: (of, select, deltaLink, signal) => changes(connection, of, select, deltaLink, open(signal)),
    webhooks: webhooksOver(users[0] ?? connection, (signal) => whoAmI(users[0] ?? connection, open(signal))),
    roles: rolesOver(users[0] ?? connection),
    close: () => {
      closing.abort(new NoAnswer('closed', false))
      return close()
    },
  }
}
