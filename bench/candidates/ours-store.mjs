/** The product's whole first stage: read, joined, and kept in a new store. */

import { join } from 'node:path'
import { openSqliteStore } from '../../dist/src/store/sqlite.js'
import { openSqliteDatabase } from '../../dist/src/store/sqlite-database.js'
import { Digest } from '../digest.mjs'
import { ingestExport } from '../ingest-export.mjs'
import { taskOf, tell } from '../reading.mjs'

const task = taskOf()
const path = join(task.work, 'store.db')
const store = await openSqliteStore(path, Date)
const lines = await ingestExport(task, store)
await store.close()
tell({ lines, ...(task.digest ? digestOf(path) : {}) })

/** @param {string} file */
function digestOf(file) {
  const database = openSqliteDatabase(file)
  const digest = new Digest()
  // The port gives a person's states without their user ids, so the tables are asked.
  const rows = database.prepare('SELECT ouid, user_id, state FROM state JOIN person USING (person)').all()
  for (const { ouid, user_id, state } of rows) digest.add(String(ouid), String(user_id), String(state))
  database.close()
  return digest.value
}
