/** What stands in a line before anything is decided: the same for a parsed line and for its bytes (semantics §2). */

import type { Instant } from '../consent/time.ts'
import { parseInstant } from '../consent/time.ts'
import { asArray, asObject, type UntrustedObject } from './json.ts'

/** An event as it stands in the line; what is `unknown` may be anything. */
export interface EventView {
  readonly id: unknown
  readonly status: unknown
  readonly regulation: unknown
  readonly createdAt: Instant | undefined
  readonly updatedAt: Instant | undefined
}

/** A line as it stands; a line whose `user` is no object has nothing but events. */
export interface LineView<Event extends EventView = EventView> {
  readonly hasUser: boolean
  readonly regulation: unknown
  readonly organizationUserId: unknown
  readonly userId: unknown
  readonly version: unknown
  readonly updatedAt: Instant | undefined
  /** `undefined` stands for an entry that is no object. */
  readonly events: ReadonlyArray<Event | undefined>
}

/** An event of a parsed line. */
export interface ParsedEvent extends EventView {
  readonly consents: unknown
}

/** The view of a parsed line. */
export function viewOf(line: UntrustedObject): LineView<ParsedEvent> {
  const user = asObject(line['user'])
  return {
    hasUser: user !== undefined,
    regulation: user?.['regulation'],
    organizationUserId: user?.['organization_user_id'],
    userId: user?.['id'],
    version: user?.['version'],
    updatedAt: parseInstant(user?.['updated_at']),
    events: asArray(line['events']).map((entry) => {
      const event = asObject(entry)
      return event && eventView(event)
    }),
  }
}

function eventView(event: UntrustedObject): ParsedEvent {
  return {
    id: event['id'],
    status: event['status'],
    regulation: event['regulation'],
    createdAt: parseInstant(event['created_at']),
    updatedAt: parseInstant(event['updated_at']),
    consents: event['consents'],
  }
}
