/** Every attempt of a request as a span and as readings of metrics: message, table, status and time; no URL, no key, no row. */

import type { Clock } from '../lib/clock.ts'
import type { Observer } from '../observe/observer.ts'
import type { Attributes } from '../observe/spans.ts'
import type { Request, Send } from './send.ts'

/** Whoever looks, and what the environment is called there. */
export interface RequestObserver {
  readonly observer: Observer
  readonly target: string
}

/** Tells the observer of every request; without one the send is left as it is. */
export function withObserver(send: Send, looking: RequestObserver | undefined, clock: Clock): Send {
  if (looking === undefined) return send
  const { observer, target } = looking
  return async (request, signal) => {
    const message = messageOf(request)
    const span = observer.open('request', attributesOf(request, target), message)
    const startedAtMs = clock.monotonic()
    const ended = (status: string) => {
      observer.readings.add('run.requests', 1, { target, message, status })
      const seconds = (clock.monotonic() - startedAtMs) / 1_000
      observer.readings.add('run.request.duration', seconds, { target, message })
      span.end()
    }
    try {
      const reply = await span.within(() => send(request, signal))
      span.set({ 'http.response.status_code': reply.status })
      if (reply.status >= 400) span.set({ 'error.type': String(reply.status) })
      ended(`${Math.floor(reply.status / 100)}xx`)
      return reply
    } catch (error) {
      span.set({ 'error.type': error instanceof Error ? error.name : 'unknown' })
      ended('none')
      throw error
    }
  }
}

/** `UpdateMultiple contact ×100` → `UpdateMultiple contact`: few names, however many sizes. */
function messageOf({ what }: Request): string {
  return what.replace(/ ×\d+$/, '')
}

function attributesOf({ method, path, writes }: Request, target: string): Attributes {
  return {
    'didomi_dataverse.target': target,
    'http.request.method': method,
    'url.template': templateOf(path),
    ...(writes !== undefined && { 'didomi_dataverse.rows': writes }),
  }
}

/** The path without query and keys; of a link that the server gave, what stands below the API's version. */
export function templateOf(path: string): string {
  const [bare = ''] = path.split('?')
  const below = bare.replace(/^(?:https?:\/\/[^/]*)?(?:\/.*?)?\/api\/data\/v[\d.]+\//, '')
  // From the first parenthesis to the last: what stands between may itself hold some.
  return below.replace(/\(.*\)/, '({id})')
}
