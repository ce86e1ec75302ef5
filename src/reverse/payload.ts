/** The body of a webhook call → which row was touched, and by whom. Everything else in it is left alone. */

import * as z from 'zod'
import type { Guid } from '../dataverse/dataverse.ts'
import type { TouchedRow } from './inbox.ts'

/** What an event tells us. */
export interface WebhookEvent {
  readonly row: TouchedRow
  /** Who changed the row, where both users of the event are the same; absent where that is not certain. */
  readonly writer?: Guid
}

const guid = z.guid().transform((id) => id.toLowerCase())

/**
 * A RemoteExecutionContext (Dataverse: webhooks), as far as it is the same for all messages and is left where a body
 * over 256 KB was stripped. Whatever else is in it, or is missing, does not matter.
 */
const context = z.object({
  PrimaryEntityName: z.string().regex(/^[A-Za-z_][A-Za-z0-9_]{0,127}$/),
  PrimaryEntityId: guid,
  MessageName: z.string().max(256),
  InitiatingUserId: guid.optional().catch(undefined),
  UserId: guid.optional().catch(undefined),
})

/** `undefined` for anything that is no such event. Never throws, and keeps nothing of what it does not understand. */
export function parseWebhookEvent(body: Uint8Array): WebhookEvent | undefined {
  const { data } = context.safeParse(jsonOf(body))
  if (data === undefined) return undefined
  const row = { table: data.PrimaryEntityName.toLowerCase(), rowId: data.PrimaryEntityId }
  const writer = data.InitiatingUserId === data.UserId ? data.UserId : undefined
  return writer === undefined ? { row } : { row, writer }
}

/** The decoder drops a byte-order mark. */
function jsonOf(body: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(body))
  } catch {
    return undefined
  }
}
