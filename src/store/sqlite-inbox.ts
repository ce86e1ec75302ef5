/** The inbox as a SQLite file beside the store: the store has one owner, and the receiver runs beside it. */

import { setTimeout } from 'node:timers/promises'
import { groupCommit } from '../lib/group-commit.ts'
import type { ReceivingInbox, TouchedRow } from '../reverse/inbox.ts'
import { createPrivately } from './private-file.ts'
import { integerOf, isBusy, openSqliteDatabase, type SqliteDatabase, textOf } from './sqlite-database.ts'

/** AUTOINCREMENT: a mark never comes again, not even once the table was empty, or a late `remove` would take a new touch. */
const SCHEMA = `
  CREATE TABLE IF NOT EXISTS touched (mark INTEGER PRIMARY KEY AUTOINCREMENT, table_name TEXT NOT NULL,
    row_id TEXT NOT NULL, UNIQUE (table_name, row_id));
`

/** The other process holds the file for some milliseconds; longer than this it is somebody else's tool. */
const PATIENCE_MS = 5_000
const PAUSE_MS = 5
/** What is kept of a journal: most commits hold some dozens of rows. */
const JOURNAL_BYTES = 1_048_576

/**
 * Opens the file at `path`, making it where it is missing; several processes may have it open.
 * @throws CodedError `store-unusable`
 */
export async function openSqliteInbox(path: string, patienceMs = PATIENCE_MS): Promise<ReceivingInbox> {
  createPrivately(path)
  const db = openSqliteDatabase(path)
  try {
    const whenFree = waiting(patienceMs)
    await whenFree(() => {
      // A rollback journal: this SQLite (3.45) can reset a write-ahead log wrongly when two connections share it. It is
      // kept and its header zeroed, which is synced too: a power that fails right after brings no old page back.
      db.pragma('journal_mode = PERSIST')
      db.pragma(`journal_size_limit = ${JOURNAL_BYTES}`)
      db.pragma('synchronous = FULL')
      db.pragma('temp_store = MEMORY')
      if (db.prepare(`SELECT 1 AS there FROM sqlite_schema WHERE name = 'touched'`).get() === undefined) db.exec(SCHEMA)
    })
    return await whenFree(() => inboxIn(db, whenFree))
  } catch (error) {
    db.close()
    throw error
  }
}

function inboxIn(db: SqliteDatabase, whenFree: Waiting): ReceivingInbox {
  const put = db.prepare('INSERT OR REPLACE INTO touched (table_name, row_id) VALUES (?, ?)')
  const oldest = db.prepare('SELECT mark, table_name, row_id FROM touched ORDER BY mark LIMIT ?')
  const drop = db.prepare('DELETE FROM touched WHERE mark = ?')
  const dropNamed = db.prepare('DELETE FROM touched WHERE table_name = ? AND row_id = ?')
  const count = db.prepare('SELECT count(*) AS n FROM touched')
  const inTransaction = (work: () => void) => whenFree(() => db.transaction(work))
  return {
    add: groupCommit<TouchedRow>((rows) =>
      inTransaction(() => {
        for (const { table, rowId } of rows) put.run(table, rowId)
      }),
    ),
    take: (limit) =>
      whenFree(() =>
        oldest.all(limit).map((row) => ({
          table: textOf(row, 'table_name'),
          rowId: textOf(row, 'row_id'),
          mark: integerOf(row, 'mark'),
        })),
      ),
    // A touch gives the row a new mark, so the old one names nothing any more.
    remove: (taken) =>
      inTransaction(() => {
        for (const { mark } of taken) drop.run(mark)
      }),
    count: () => whenFree(() => integerOf(count.get() ?? {}, 'n')),
    // A mark is used up, so pages do change and reach the disk.
    check: () =>
      inTransaction(() => {
        put.run('', '')
        dropNamed.run('', '')
      }),
    close: async () => db.close(),
  }
}

type Waiting = <T>(work: () => T) => Promise<T>

/** Does the work as soon as no other process stands in the way; the event loop goes on meanwhile. */
function waiting(patienceMs: number): Waiting {
  return async (work) => {
    const untilMs = performance.now() + patienceMs
    for (;;) {
      try {
        return work()
      } catch (error) {
        if (!isBusy(error) || performance.now() >= untilMs) throw error
      }
      await setTimeout(PAUSE_MS)
    }
  }
}
