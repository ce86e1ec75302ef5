/** From one line of a part to a record, or to the reason why it is none (semantics §2). */

import { formatInstant, type Instant, type Span } from '../consent/time.ts'
import { asId, asObject, hasNul } from './json.ts'
import { type EventView, type LineView, viewOf } from './line-view.ts'
import { identify } from './normalise.ts'
import type { LineOutcome, ReadingSettings, RecordedEvent } from './record.ts'

/**
 * Parses one line. It never throws: whatever stands in the line, it is a record, a reject, a guest or skipped.
 *
 * @param text the line without its end; not blank
 * @param latest the latest believable instant, clock skew included (semantics §2.4); later times are not believed
 */
export function parseLine(text: string, settings: ReadingSettings, latest: Instant): LineOutcome {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    // A bare NUL is never valid JSON, so that only lines which fail need the search.
    return { kind: 'reject', code: hasNul(text) ? 'nul-byte' : 'not-json' }
  }
  return parseUser(value, settings, latest)
}

/**
 * Parses the value of a line, which is also what the API answers with: `{user, events}`.
 */
export function parseUser(value: unknown, settings: ReadingSettings, latest: Instant): LineOutcome {
  const line = asObject(value)
  return line === undefined ? { kind: 'reject', code: 'not-an-object' } : decide(viewOf(line), settings, latest)
}

/**
 * Decides what a line comes to. Checks run in the order regulation, OUID, time (semantics §2). What the page leaves
 * open is decided so:
 *
 * - a `user` that is no object is a guest, as is a missing one;
 * - a regulation that is neither text nor null nor missing is not allowed;
 * - an unreadable `updated_at` counts as missing: the latest counted event stands in, and without one the line is a
 *   reject;
 * - a `version` that is no finite number is −1.
 */
export function decide(line: LineView, settings: ReadingSettings, latest: Instant): LineOutcome {
  if (!isAllowed(line.regulation, settings)) return { kind: 'skipped' }
  if (!line.hasUser) return { kind: 'guest' }
  const identity = identify(line.organizationUserId, line.userId, settings.normalise)
  if (identity.kind !== 'identity') return identity

  const { updatedAt, version } = line
  if (updatedAt !== undefined && updatedAt > latest) return { kind: 'reject', code: 'time-in-the-future' }
  const events = countEvents(line.events, settings, latest)
  const asOf = updatedAt ?? events.latest
  if (asOf === undefined) return { kind: 'reject', code: 'no-readable-time' }

  const attributes = line.attributes()
  return {
    kind: 'record',
    record: {
      ouid: identity.ouid,
      userId: identity.userId,
      version: typeof version === 'number' && Number.isFinite(version) ? version : -1,
      asOf,
      statements: line.statements(),
      events: events.stating,
      attributes: updatedAt === undefined ? attributes : [...attributes, ['updated_at', formatInstant(updatedAt)]],
    },
    ignoredEvents: events.ignored,
  }
}

/** The events that count: those that state something, the greatest `hi` of all, and how many do not count. */
interface CountedEvents {
  readonly stating: readonly RecordedEvent[]
  readonly latest: Instant | undefined
  readonly ignored: number
}

function countEvents(events: LineView['events'], settings: ReadingSettings, latest: Instant): CountedEvents {
  const stating: RecordedEvent[] = []
  let newest: Instant | undefined
  let ignored = 0
  for (const event of events) {
    const span = event === undefined ? undefined : countedSpan(event, settings, latest)
    if (event === undefined || span === undefined) {
      ignored += 1
      continue
    }
    newest = newest === undefined ? span.hi : Math.max(newest, span.hi)
    const statements = event.statements()
    if (statements.length > 0) stating.push({ id: asId(event.id) ?? '', statements, ...span })
  }
  return { stating, latest: newest, ignored }
}

/**
 * The span of an event that counts (semantics §2.4, §2.5). An unreadable `created_at` cannot be placed in time and does
 * not count; an unreadable `updated_at` is taken as `created_at`.
 */
function countedSpan(event: EventView, settings: ReadingSettings, latest: Instant): Span | undefined {
  if ((event.status ?? 'confirmed') !== 'confirmed' || !isAllowed(event.regulation, settings)) return undefined
  const lo = event.createdAt
  if (lo === undefined) return undefined
  const hi = Math.max(lo, event.updatedAt ?? lo)
  return hi > latest ? undefined : { lo, hi }
}

function isAllowed(regulation: unknown, settings: ReadingSettings): boolean {
  const name = regulation ?? 'gdpr'
  return typeof name === 'string' && settings.regulations.includes(name.toLowerCase())
}
