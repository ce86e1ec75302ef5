/** The port to Didomi's API: the least that bootstrap and the export check need of it. */

import type { Instant } from '../consent/time.ts'
import type { WidgetIds } from './catalogue.ts'

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

/**
 * Every method retries what passes by itself and otherwise throws `didomi-forbidden` (the key, the contract),
 * `didomi-unavailable` (everything else) or the reason of the aborted signal.
 */
export interface Didomi {
  /** The page after `cursor`; without one, the first. */
  users(cursor: string | undefined, signal: AbortSignal): Promise<UserPage>
  exportLog(exportId: string, signal: AbortSignal): Promise<readonly ExportLogEntry[]>
  /** The ids of the configuration tree and of the elements of widgets, with the choice each stands for. */
  widgetIds(signal: AbortSignal): Promise<WidgetIds>
  close(): Promise<void>
}
