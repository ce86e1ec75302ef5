/** Whose events are wanted: the table of each target, and the columns that its mapping speaks of. */

import type { MappingEntry, TargetSettings } from '../config/settings.ts'

/** What is listened to for one target. */
export interface WatchedTable {
  /** Logical name. */
  readonly table: string
  /** Columns whose change matters; sorted, each once. */
  readonly columns: readonly string[]
}

/** The value of a consent row, and whether the row still counts. */
const CONSENT_COLUMNS = ['msdynmkt_value', 'statecode']

/** Contact columns of the mapping (semantics §5), or the value of consent rows (semantics §6). */
export function watchedTable({ mode, entries, tables }: TargetSettings): WatchedTable {
  switch (mode) {
    case 'contact':
      return { table: 'contact', columns: [...new Set(entries.filter(saysChoice).map(({ id }) => id))].sort() }
    case 'consent':
      return { table: tables.consent, columns: CONSENT_COLUMNS }
  }
}

/** Attributes of a user (semantics §4) are carried to Dataverse alone. */
function saysChoice({ value }: MappingEntry): boolean {
  return typeof value !== 'string' || !/^user_(organization_user_id|country|metadata_|updated_at)/.test(value)
}
