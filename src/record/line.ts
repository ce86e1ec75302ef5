/** From one line of a part to a record, or to the reason why it is none (semantics §2). */

import { formatInstant, type Instant, type Span } from '../consent/time.ts'
import { readAttributes } from './attributes.ts'
import { asId, asObject, hasNul } from './json.ts'
import { type EventView, type LineView, type ParsedEvent, viewOf } from './line-view.ts'
import { type Identity, identify } from './normalise.ts'
import type { LineOutcome, ReadingSettings, RecordedEvent } from './record.ts'
import { readStatements } from './statements.ts'

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

/** Parses the value of a line, which is also what the API answers with: `{user, events}`. */
export function parseUser(value: unknown, settings: ReadingSettings, latest: Instant): LineOutcome {
  const line = asObject(value)
  if (line === undefined) return { kind: 'reject', code: 'not-an-object' }
  const verdict = verdictOn(viewOf(line), settings, latest)
  if (verdict.kind !== 'counted') return verdict
  const { identity, asOf, version, updatedAt, ignoredEvents } = verdict
  const user = asObject(line['user'])
  const attributes = readAttributes(user?.['country'], user?.['metadata'])
  return {
    kind: 'record',
    record: {
      ouid: identity.ouid,
      userId: identity.userId,
      version,
      asOf,
      statements: [...readStatements(user?.['consents'])],
      events: verdict.events.flatMap(recordedEvent),
      attributes: updatedAt === undefined ? attributes : [...attributes, ['updated_at', formatInstant(updatedAt)]],
    },
    ignoredEvents,
  }
}

function recordedEvent({ event, lo, hi }: CountedEvent<ParsedEvent>): RecordedEvent[] {
  const statements = [...readStatements(event.consents)]
  return statements.length === 0 ? [] : [{ id: asId(event.id) ?? '', lo, hi, statements }]
}

/** An event that counts, with its span. */
interface CountedEvent<Event> extends Span {
  readonly event: Event
}

/** A line that is a record: who, as of when, and the events that count. */
export interface Counted<Event> {
  readonly kind: 'counted'
  readonly identity: Identity
  readonly asOf: Instant
  readonly version: number
  /** `user.updated_at`, where it is readable. */
  readonly updatedAt: Instant | undefined
  readonly events: ReadonlyArray<CountedEvent<Event>>
  readonly ignoredEvents: number
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
export function verdictOn<Event extends EventView>(
  line: LineView<Event>,
  settings: ReadingSettings,
  latest: Instant,
): Counted<Event> | Exclude<LineOutcome, { kind: 'record' }> {
  if (!isAllowed(line.regulation, settings)) return { kind: 'skipped' }
  if (!line.hasUser) return { kind: 'guest' }
  const identity = identify(line.organizationUserId, line.userId, settings.normalise)
  if (identity.kind !== 'identity') return identity

  const { updatedAt, version } = line
  if (updatedAt !== undefined && updatedAt > latest) return { kind: 'reject', code: 'time-in-the-future' }
  const events: CountedEvent<Event>[] = []
  let newest: Instant | undefined
  for (const event of line.events) {
    const span = event === undefined ? undefined : countedSpan(event, settings, latest)
    if (event === undefined || span === undefined) continue
    events.push({ event, lo: span.lo, hi: span.hi })
    newest = newest === undefined ? span.hi : Math.max(newest, span.hi)
  }
  const asOf = updatedAt ?? newest
  if (asOf === undefined) return { kind: 'reject', code: 'no-readable-time' }
  return {
    kind: 'counted',
    identity,
    asOf,
    version: typeof version === 'number' && Number.isFinite(version) ? version : -1,
    updatedAt,
    events,
    ignoredEvents: line.events.length - events.length,
  }
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
