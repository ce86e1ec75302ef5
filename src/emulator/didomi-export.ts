/** What the daily export of an emulated organization holds: the records that changed, one self-sufficient line each. */
import { instantIn, isObject } from './didomi-json.ts'
import type { DidomiRecord, StoredEvent } from './didomi-people.ts'

/** Which records an export holds, and what of them. */
export interface ExportSettings {
  /** The number of the last change that an earlier export held; default 0: everything that any event changed. */
  readonly afterSequence?: number
  /** The same by time, in milliseconds since the epoch. */
  readonly afterMs?: number
  /** Also records that nothing changed, as a first export of all history would (Didomi: unknown whether there is one). */
  readonly unchanged?: boolean
  /** Also users without an organization user id; default false. (Didomi: on request.) */
  readonly guests?: boolean
  /** Events of the period, of all time, or none; default the period. (Didomi: its two pages contradict each other.) */
  readonly events?: 'period' | 'all' | 'none'
  /** Whether events that wait for approval are in it; default false. (Didomi: unknown.) */
  readonly pending?: boolean
}

/** One line, not yet written. */
export interface ExportLine {
  readonly user: object
  readonly events: readonly object[]
}

/** The lines of an export, in the order of the records. (Didomi: batch export; GDPR alone, whatever other regulations hold.) */
export function exportLines(
  records: Iterable<DidomiRecord | undefined>,
  settings: ExportSettings = {},
): readonly ExportLine[] {
  const { guests = false } = settings
  const lines: ExportLine[] = []
  for (const record of records) {
    if (record === undefined || !isObject(record.user) || !isExported(record, settings)) continue
    const { regulation = 'gdpr', ...user } = record.user
    if (String(regulation).toLowerCase() !== 'gdpr') continue
    if (!guests && typeof user['organization_user_id'] !== 'string') continue
    lines.push({ user, events: eventsOf(record, settings) })
  }
  return lines
}

function isExported({ events, sequence, changedAtMs }: DidomiRecord, settings: ExportSettings): boolean {
  const { afterSequence = 0, afterMs = Number.NEGATIVE_INFINITY, unchanged = false, pending = false } = settings
  if (sequence === 0) return unchanged
  if (sequence <= afterSequence || changedAtMs <= afterMs) return false
  // An event that only waits has changed no status.
  return pending || events.length === 0 || events.some(({ event }) => event.status === 'confirmed')
}

function eventsOf({ events }: DidomiRecord, settings: ExportSettings): readonly object[] {
  const { afterSequence = 0, afterMs = Number.NEGATIVE_INFINITY, events: which = 'period', pending = false } = settings
  if (which === 'none') return []
  const isOfPeriod = ({ event, sequence }: StoredEvent) =>
    sequence > afterSequence && (instantIn(event['updated_at']) ?? 0) > afterMs
  return events
    .filter((stored) => which === 'all' || isOfPeriod(stored))
    .map(({ event }) => event)
    .filter(({ status }) => pending || status === 'confirmed')
}

/** Newline-delimited JSON: each line ends with a line feed. */
export function exportText(lines: readonly ExportLine[]): string {
  return lines.map((line) => `${JSON.stringify(line)}\n`).join('')
}
