/** The port to Didomi's API: the least that bootstrap and the export check need of it. */

import type { Instant } from '../consent/time.ts'
import type { JsonValue } from '../record/record.ts'
import type { TreeChoice, WidgetIds } from './catalogue.ts'

/** A page of users as Didomi answers them, unparsed; `cursor` asks for the next page and is absent on the last. */
export interface UserPage {
  readonly users: readonly unknown[]
  readonly cursor?: string
  /** The answer's `Date`: no time in it is believed to be later (semantics §2.4). */
  readonly answeredAt: Instant
}

/** What Didomi says of one export run; `users` is absent until it is completed. */
export interface ExportLogEntry {
  readonly id: string
  readonly status: 'pending' | 'completed' | 'failed'
  readonly users?: number
}

/** An event as it is posted (Didomi: `POST /consents/events`). Its id makes it safe to post it again. */
export interface NewEvent {
  readonly id: string
  readonly body: Readonly<Record<string, JsonValue>>
}

/** What became of one event: Didomi has it, now or since before; or does not take it, with the HTTP status as code. */
export type Posting = { readonly kind: 'taken' } | { readonly kind: 'refused'; readonly code: string }

/** Whom the API is asked about: a record by its id, or the person's own id. */
export type UserName = { readonly id: string } | { readonly organization_user_id: string }

/**
 * Every method retries what passes by itself and otherwise throws `didomi-forbidden` (the key, the contract),
 * `didomi-unavailable` (everything else) or the reason of the aborted signal.
 */
export interface Didomi {
  /** The page after `cursor`; without one, the first. */
  users(cursor: string | undefined, signal: AbortSignal): Promise<UserPage>
  exportLog(exportId: string, signal: AbortSignal): Promise<readonly ExportLogEntry[]>
  /** What the configuration tree lets people choose. */
  configurationTree(signal: AbortSignal): Promise<readonly TreeChoice[]>
  /** The ids of the configuration tree and of the elements of widgets, with the choice each stands for. */
  widgetIds(signal: AbortSignal): Promise<WidgetIds>
  /**
   * Posts events, not forwarded to integrations, up to a hundred at once; one answer per event, same order. Where a
   * request is refused its events are posted one by one, so that a bad one stands alone.
   */
  post(events: readonly NewEvent[], signal: AbortSignal): Promise<readonly Posting[]>
  /** A user as Didomi answers it, unparsed; `undefined` where there is none. */
  user(name: UserName, signal: AbortSignal): Promise<unknown>
  close(): Promise<void>
}
