/** The change log of a target's table: what changed since the last run, or everything where nobody knows (Dataverse: change tracking). */

import type { Guid, Row } from '../dataverse/dataverse.ts'
import type { HeardCounts } from './counts.ts'
import type { Ear, Hearing } from './hearing.ts'

/** Where the log was left, by name, and the settings under which it was read: others look at other rows. */
export interface LogMark {
  readonly name: string
  readonly settings: string
}

type Take = (rows: readonly Row[], deleted: readonly Guid[]) => Promise<void>

/**
 * Hands every changed row to `take`, and moves the mark once all of them are taken. Without a mark of these settings, and
 * where the log has expired, all rows are read: the new place in the log is as old as their first page, so nothing is missed.
 */
export async function followChanges(
  hearing: Hearing,
  ear: Ear,
  mark: LogMark,
  counts: HeardCounts,
  take: Take,
  signal: AbortSignal,
): Promise<void> {
  const { store, dataverse, table, log, scope } = hearing
  const link = table.changeTracking ? linkOf(await store.bookmark(mark.name), mark) : undefined
  if (link === undefined) counts.read = 'everything'
  const taking = async (rows: readonly Row[], deleted: readonly Guid[] = []) => {
    counts.rows += rows.length
    counts.deletedRows += deleted.length
    await take(rows, deleted)
  }
  if (!table.changeTracking) {
    for await (const { rows } of dataverse.rowsWithAny(table, ear.select, ear.valued, signal)) await taking(rows)
    return
  }
  for await (const page of dataverse.changes(table, ear.select, link, signal)) {
    if (page === 'expired') {
      log.warn({ target: scope.target }, 'the change log has expired: the whole table is compared')
      await store.setBookmark(mark.name, undefined)
      return followChanges(hearing, ear, mark, counts, take, signal)
    }
    await taking(page.rows, page.deleted)
    if (page.deltaLink !== undefined)
      await store.setBookmark(mark.name, JSON.stringify({ link: page.deltaLink, settings: mark.settings }))
  }
}

function linkOf(text: string | undefined, { settings }: LogMark): string | undefined {
  if (text === undefined) return undefined
  const kept = JSON.parse(text) as { readonly link: string; readonly settings: string }
  return kept.settings === settings ? kept.link : undefined
}
