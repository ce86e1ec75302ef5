/** Posting events: many at once, one by one where a request is refused, and never one twice (Didomi: batch import). */

import type { NewEvent, Posting } from './didomi.ts'
import type { Answer, Send } from './send.ts'
import { forbidden, unavailable } from './trouble.ts'

interface Door {
  readonly send: Send
  readonly root: URL
  readonly organizationId: string
}

/** Didomi: events of a request, at most. */
const MOST_EVENTS = 100

/** Statuses that speak of the events and not of us. */
const ABOUT_EVENTS: ReadonlySet<number> = new Set([400, 404, 409, 413, 422])

export async function postEvents(
  door: Door,
  events: readonly NewEvent[],
  signal: AbortSignal,
): Promise<readonly Posting[]> {
  const postings: Posting[] = []
  for (let at = 0; at < events.length; at += MOST_EVENTS) {
    const chunk = events.slice(at, at + MOST_EVENTS)
    const answer = await posted(door, chunk, signal)
    if (answer.status < 300) postings.push(...chunk.map(() => ({ kind: 'taken' }) as const))
    else for (const event of chunk) postings.push(await postAlone(door, event, signal))
  }
  return postings
}

/** A refused event may be one that Didomi has: which status a duplicate gets is nowhere said, so it is looked up. */
async function postAlone(door: Door, event: NewEvent, signal: AbortSignal): Promise<Posting> {
  const { status } = await posted(door, [event], signal)
  if (status < 300 || status === 409) return { kind: 'taken' }
  const what = 'event'
  const url = at(door, `consents/events/${encodeURIComponent(event.id)}`)
  const known = await door.send({ what, method: 'GET', url }, signal)
  return known.status < 300 ? { kind: 'taken' } : { kind: 'refused', code: `http-${status}` }
}

async function posted(door: Door, events: readonly NewEvent[], signal: AbortSignal): Promise<Answer> {
  const what = 'events'
  const url = at(door, 'consents/events')
  // Our own choices must not come back to Dataverse by another integration.
  url.searchParams.set('$disable_integrations', 'true')
  const body = events.map(({ id, body }) => ({ id, ...body }))
  const answer = await door.send({ what, method: 'POST', url, body }, signal)
  if (answer.status === 403) throw forbidden(what, 'HTTP 403')
  if (answer.status >= 300 && !ABOUT_EVENTS.has(answer.status)) throw unavailable(what, `HTTP ${answer.status}`)
  return answer
}

function at({ root, organizationId }: Door, path: string): URL {
  const url = new URL(path, root)
  url.searchParams.set('organization_id', organizationId)
  return url
}
