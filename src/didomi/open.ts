/** Opens Didomi's API: the one place where the layers of the client are put together. */

import { fromMilliseconds } from '../consent/time.ts'
import type { Clock } from '../lib/clock.ts'
import type { RetrySettings, Wait } from '../lib/retry.ts'
import type { Observer } from '../observe/observer.ts'
import { readExportLog, readPage } from './answers.ts'
import { configurationTree, widgetIds } from './catalogue.ts'
import type { Didomi } from './didomi.ts'
import { withObserver } from './observed.ts'
import { withPace } from './pace.ts'
import { postEvents } from './post.ts'
import { withRetry } from './retry.ts'
import type { Answer, Send } from './send.ts'
import { withSession } from './session.ts'
import { openTransport } from './transport.ts'
import { cursorRefused, forbidden, unavailable } from './trouble.ts'

export interface DidomiOptions {
  readonly organizationId: string
  readonly key: string
  readonly secret: { reveal(): string }
  /** Without a slash at the end: `https://api.didomi.io/v1`. */
  readonly apiRoot: string
  /** The URL of the export log, without its query. */
  readonly exportLogUrl: string
  /** The regulations whose users are asked for, in lower case. */
  readonly regulations: readonly string[]
  readonly userAgent: string
  readonly clock: Clock
  /** In [0, 1). */
  readonly random: () => number
  readonly onWait: (wait: Wait) => void
  /** Whoever looks at requests; absent where nobody does. */
  readonly observer?: Observer
  /** How requests travel; default HTTP. */
  readonly transport?: { readonly send: Send; close(): Promise<void> }
  /** The time one attempt may take; default 60 s. */
  readonly timeoutMs?: number
  /** Default 64 MiB: a page holds 100 users of at most a few hundred kilobytes. */
  readonly maxAnswerBytes?: number
  readonly retry?: Partial<Pick<RetrySettings, 'attempts' | 'basePauseMs' | 'maxPauseMs' | 'maxTotalWaitMs'>>
}

/** Ten minutes of pauses outlast a deployment or a bad quarter of an hour's throttling, and no night. */
const RETRY = { attempts: 10, basePauseMs: 500, maxPauseMs: 60_000, maxTotalWaitMs: 600_000 }

/** Opens a client; the first call makes the session. The URLs are https, or loopback: the settings let no other through. */
export function openDidomi(options: DidomiOptions): Didomi {
  const { organizationId, key, secret, clock, random, onWait, userAgent } = options
  const { timeoutMs = 60_000, maxAnswerBytes = 64 * 1024 * 1024 } = options
  const root = new URL(`${options.apiRoot}/`)
  const transport = options.transport ?? openTransport({ userAgent, timeoutMs, maxAnswerBytes, now: () => clock.now() })
  const paced = withPace(withObserver(transport.send, options.observer), { clock, onWait })
  const persistent = withRetry(paced, { ...RETRY, ...options.retry, clock, random, onWait })
  const send = withSession(persistent, { url: new URL('sessions', root), key, secret, clock })

  return {
    async users(cursor, signal) {
      const what = 'users'
      const url = new URL('consents/users', root)
      url.search = query([
        ['organization_id', organizationId],
        ...regulationsOf(options.regulations),
        ...(cursor === undefined ? [] : [['$cursor', cursor] as const]),
      ])
      const answer = await send({ what, method: 'GET', url }, signal)
      if (cursor !== undefined && [400, 404, 410].includes(answer.status)) throw cursorRefused(what, answer.status)
      const page = readPage(bodyOf(what, answer))
      if (page === undefined) throw unavailable(what, 'an answer that is no page of users')
      if (page.cursor !== undefined && page.cursor === cursor) throw unavailable(what, 'a page that leads to itself')
      return { ...page, answeredAt: fromMilliseconds(answer.answeredAtMs) }
    },
    async exportLog(exportId, signal) {
      const what = 'export log'
      const url = new URL(options.exportLogUrl)
      url.search = query([
        ['export_id', exportId],
        ['organization_id', organizationId],
      ])
      const entries = readExportLog(bodyOf(what, await send({ what, method: 'GET', url }, signal)))
      if (entries === undefined) throw unavailable(what, 'an answer that is no export log')
      return entries
    },
    configurationTree: (signal) => configurationTree(send, root, organizationId, signal),
    widgetIds: (signal) => widgetIds(send, root, organizationId, signal),
    post: (events, signal) => postEvents({ send, root, organizationId }, events, signal),
    async user(name, signal) {
      const what = 'user'
      const byOuid = 'organization_user_id' in name
      const url = new URL(`consents/users/${encodeURIComponent(byOuid ? name.organization_user_id : name.id)}`, root)
      url.search = query([
        ['organization_id', organizationId],
        ...(byOuid ? [['$by_organization_user_id', 'true'] as const] : []),
      ])
      const answer = await send({ what, method: 'GET', url }, signal)
      return answer.status === 404 ? undefined : bodyOf(what, answer)
    },
    close: transport.close,
  }
}

/** The body of a success. @throws CodedError for every other answer */
function bodyOf(what: string, { status, json }: Answer): unknown {
  if (status === 403) throw forbidden(what, 'HTTP 403')
  if (status >= 300) throw unavailable(what, `HTTP ${status}`)
  return json
}

/** Didomi: without the parameter only GDPR users are answered. */
function regulationsOf(regulations: readonly string[]): ReadonlyArray<readonly [string, string]> {
  if (regulations.every((regulation) => regulation === 'gdpr')) return []
  return regulations.map((regulation) => ['regulation[$in]', regulation])
}

function query(parameters: ReadonlyArray<readonly [string, string]>): string {
  const search = new URLSearchParams()
  for (const [name, value] of parameters) search.append(name, value)
  return search.toString()
}
