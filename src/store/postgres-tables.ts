/** The store's tables in PostgreSQL as the port shows them, whoever holds them: a run with its lease, or a copy. */

import { randomBytes } from 'node:crypto'
import { contactsIn } from './postgres-contacts.ts'
import type { PostgresDatabase } from './postgres-database.ts'
import { dueIn } from './postgres-due.ts'
import { evidenceIn } from './postgres-evidence.ts'
import { forgettingIn } from './postgres-forget.ts'
import { ledgerIn } from './postgres-ledger.ts'
import { partitionsIn } from './postgres-partitions.ts'
import { rememberedIn, runsIn } from './postgres-runs.ts'
import { settlingIn } from './postgres-settle.ts'
import { statesIn } from './postgres-states.ts'
import { toldIn } from './postgres-told.ts'
import { bytes, bytesOf } from './postgres-values.ts'
import type { Store } from './store.ts'

/** The whole port but its end. `shared`: other pods write the same tables. `now` is in milliseconds. */
export async function tablesOf(
  db: PostgresDatabase,
  now: () => number,
  shared: boolean,
): Promise<Omit<Store, 'close'>> {
  return {
    pseudonymKey: await pseudonymKeyIn(db, now),
    ...runsIn(db),
    ...rememberedIn(db),
    ...partitionsIn(db),
    ...statesIn(db, shared),
    ...dueIn(db),
    ...contactsIn(db),
    ...ledgerIn(db),
    ...settlingIn(db),
    ...toldIn(db),
    ...evidenceIn(db),
    ...forgettingIn(db),
  }
}

/** 32 random bytes, made once with the store and then kept; beside them the time it was made, in milliseconds. */
function pseudonymKeyIn(database: PostgresDatabase, now: () => number): Promise<Uint8Array> {
  return database.transaction(async (query) => {
    const keep = 'INSERT INTO meta (name, value) VALUES ($1, $2) ON CONFLICT DO NOTHING'
    await query(keep, 'pseudonym-key', randomBytes(32))
    await query(keep, 'made-at', bytes(String(now())))
    const [row = {}] = await query(`SELECT value FROM meta WHERE name = 'pseudonym-key'`)
    return bytesOf(row, 'value')
  })
}
