/** From one line of a part to a record, or to the reason why it is none (semantics §2). */

import { type Instant, parseInstant } from '../consent/time.ts'
import { readAttributes } from './attributes.ts'
import { asArray, asId, asObject, hasNul, type UntrustedObject } from './json.ts'
import { identify } from './normalise.ts'
import type { EventStatement, LineOutcome, ReadingSettings } from './record.ts'
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

/**
 * Parses the value of a line, which is also what the API answers with: `{user, events}`. Checks run in the order
 * regulation, OUID, time (semantics §2). What the page leaves open is decided so:
 *
 * - a `user` that is no object is a guest, as is a missing one;
 * - a regulation that is neither text nor null nor missing is not allowed;
 * - an unreadable `updated_at` counts as missing: the latest counted event stands in, and without one the line is a
 *   reject;
 * - a `version` that is no finite number is −1.
 */
export function parseUser(value: unknown, settings: ReadingSettings, latest: Instant): LineOutcome {
  const line = asObject(value)
  if (line === undefined) return { kind: 'reject', code: 'not-an-object' }
  const user = asObject(line['user'])
  if (!isAllowed(user?.['regulation'], settings)) return { kind: 'skipped' }
  if (user === undefined) return { kind: 'guest' }
  const identity = identify(user['organization_user_id'], user['id'], settings.normalise)
  if (identity.kind !== 'identity') return identity

  const updatedAt = parseInstant(user['updated_at'])
  if (updatedAt !== undefined && updatedAt > latest) return { kind: 'reject', code: 'time-in-the-future' }
  const events = readEvents(asArray(line['events']), settings, latest)
  const asOf = updatedAt ?? events.latest
  if (asOf === undefined) return { kind: 'reject', code: 'no-readable-time' }

  const version = user['version']
  return {
    kind: 'record',
    record: {
      ouid: identity.ouid,
      userId: identity.userId,
      version: typeof version === 'number' && Number.isFinite(version) ? version : -1,
      asOf,
      statements: [...readStatements(user['consents'])],
      events: events.statements,
      attributes: readAttributes(user, updatedAt),
    },
    ignoredEvents: events.ignored,
  }
}

/** The events that count: their statements, the greatest `hi` among them, and how many do not count. */
interface CountedEvents {
  readonly statements: readonly EventStatement[]
  readonly latest: Instant | undefined
  readonly ignored: number
}

function readEvents(entries: readonly unknown[], settings: ReadingSettings, latest: Instant): CountedEvents {
  const statements: EventStatement[] = []
  let newest: Instant | undefined
  let ignored = 0
  for (const entry of entries) {
    const event = asObject(entry)
    const span = event === undefined ? undefined : countedSpan(event, settings, latest)
    if (event === undefined || span === undefined) {
      ignored += 1
      continue
    }
    newest = newest === undefined ? span.hi : Math.max(newest, span.hi)
    const id = asId(event['id']) ?? ''
    for (const [key, choice] of readStatements(event['consents'])) statements.push({ key, choice, id, ...span })
  }
  return { statements, latest: newest, ignored }
}

/**
 * The span of an event that counts (semantics §2.4, §2.5). An unreadable `created_at` cannot be placed in time and does
 * not count; an unreadable `updated_at` is taken as `created_at`.
 */
function countedSpan(event: UntrustedObject, settings: ReadingSettings, latest: Instant) {
  const status = event['status'] ?? 'confirmed'
  if (status !== 'confirmed' || !isAllowed(event['regulation'], settings)) return undefined
  const lo = parseInstant(event['created_at'])
  if (lo === undefined) return undefined
  const hi = Math.max(lo, parseInstant(event['updated_at']) ?? lo)
  return hi > latest ? undefined : { lo, hi }
}

function isAllowed(regulation: unknown, settings: ReadingSettings): boolean {
  const name = regulation ?? 'gdpr'
  return typeof name === 'string' && settings.regulations.includes(name.toLowerCase())
}
