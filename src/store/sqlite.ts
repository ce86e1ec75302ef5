/** The embedded store: one SQLite file, one connection, one run at a time. */

import { randomBytes } from 'node:crypto'
import type { Clock } from '../lib/clock.ts'
import { takeLease } from './lease.ts'
import { checkOurs, migrate } from './migrations.ts'
import { contactsIn } from './sqlite-contacts.ts'
import { blobOf, openSqliteDatabase, type SqliteDatabase, takeLogIn } from './sqlite-database.ts'
import { dueIn } from './sqlite-due.ts'
import { evidenceIn } from './sqlite-evidence.ts'
import { forgettingIn } from './sqlite-forget.ts'
import { ledgerIn } from './sqlite-ledger.ts'
import { makeWhereMissing } from './sqlite-new.ts'
import { partitionsIn } from './sqlite-partitions.ts'
import { writtenAnew } from './sqlite-rewrite.ts'
import { rememberedIn, runsIn } from './sqlite-runs.ts'
import { settlingIn } from './sqlite-settle.ts'
import { statesIn } from './sqlite-states.ts'
import { toldIn } from './sqlite-told.ts'
import type { Store } from './store.ts'

/**
 * Opens the store at `path`, making folder, file and schema where they are missing, and holds its lease until
 * `close`. Throws `lease-held` (another run has it) or `store-unusable`.
 */
export async function openSqliteStore(path: string, { now }: Pick<Clock, 'now'>): Promise<Store> {
  const lease = takeLease(path)
  try {
    makeWhereMissing(path)
    const database = openSqliteDatabase(path)
    try {
      prepareFile(database)
      return storeIn(database, now, () => lease.release())
    } catch (error) {
      database.close()
      throw error
    }
  } catch (error) {
    lease.release()
    throw error
  }
}

function prepareFile(database: SqliteDatabase): void {
  // One connection at all: this SQLite (3.45) can reset a write-ahead log wrongly when two connections share it.
  database.pragma('locking_mode = EXCLUSIVE')
  checkOurs(database)
  database.pragma('journal_mode = WAL')
  // FULL, not NORMAL: an intended ledger entry lost with the power would let the next run read our own write as
  // somebody else's statement.
  database.pragma('synchronous = FULL')
  // In KiB: holds the inner pages of tens of millions of rows. Work runs in key order and visits each leaf once, so
  // more would buy little.
  database.pragma('cache_size = -65536')
  // Personal data never goes to a shared /tmp, and a container's root may be read-only.
  database.pragma('temp_store = MEMORY')
  migrate(database)
}

function storeIn(database: SqliteDatabase, now: () => number, release: () => void): Store {
  let open = true
  let erased = false
  return {
    pseudonymKey: pseudonymKeyIn(database, now),
    ...runsIn(database),
    ...rememberedIn(database),
    ...partitionsIn(database),
    ...statesIn(database),
    ...dueIn(database),
    ...contactsIn(database),
    ...ledgerIn(database),
    ...settlingIn(database),
    ...toldIn(database),
    ...evidenceIn(database),
    ...forgettingIn(database, () => {
      erased = true
    }),
    async close() {
      if (!open) return
      open = false
      try {
        takeLogIn(database)
        if (erased) writtenAnew(database)
        else database.close()
      } finally {
        release()
      }
    },
  }
}

/** 32 random bytes, made once with the store and then kept; beside them the time it was made, in milliseconds. */
function pseudonymKeyIn(database: SqliteDatabase, now: () => number): Uint8Array {
  const keep = database.prepare('INSERT OR IGNORE INTO meta (name, value) VALUES (?, ?)')
  database.transaction(() => {
    keep.run('pseudonym-key', randomBytes(32))
    keep.run('made-at', now())
  })
  return blobOf(database.prepare('SELECT value FROM meta WHERE name = ?').get('pseudonym-key') ?? {}, 'value')
}
