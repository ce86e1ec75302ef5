/** Partitions, their objects and rejects in the embedded store. */

import { defect } from '../lib/errors.ts'
import { integerOf, type SqliteDatabase, textOf } from './sqlite-database.ts'
import type { IngestedObject, KnownPartition, RejectedLine } from './store.ts'
import type { PartitionPart } from './store-parts.ts'
import type { Row } from './stored-row.ts'

/** Enough to find what is wrong with an object; its row holds the whole count. */
const REJECTS_KEPT_PER_OBJECT = 1_000

/** The part of the store that knows which objects have been counted. */
export function partitionsIn(db: SqliteDatabase): PartitionPart {
  const partitions = db.prepare('SELECT export_id, date, state FROM partition ORDER BY export_id, date')
  const objects = db.prepare('SELECT key, size, etag FROM object WHERE export_id = ? AND date = ? ORDER BY key')
  const note = db.prepare('INSERT OR REPLACE INTO partition (export_id, date, state) VALUES (?, ?, ?)')
  const putObject = objectWriter(db)
  return {
    partitions: async () =>
      partitions.all().map((row) => {
        const [exportId, date] = [textOf(row, 'export_id'), textOf(row, 'date')]
        return { exportId, date, state: stateOf(row), objects: new Map(objects.all(exportId, date).map(objectOf)) }
      }),
    notePartition: async (exportId, date, state) => db.transaction(() => void note.run(exportId, date, state)),
    objectsIngested: async (exportId, date, state, ingested, rejects) =>
      db.transaction(() => {
        note.run(exportId, date, state)
        for (const object of ingested) {
          const own = rejects.filter((reject) => reject.object === object.key)
          putObject(exportId, date, object, own)
        }
      }),
  }
}

/** Puts one object in place of what was known of it, its rejects included. */
function objectWriter(db: SqliteDatabase) {
  const putObject = db.prepare(`INSERT OR REPLACE INTO object
    (export_id, date, key, size, etag, lines, records, rejects, guests, skipped) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`)
  const dropRejects = db.prepare('DELETE FROM reject WHERE export_id = ? AND date = ? AND object = ?')
  const putReject = db.prepare(
    'INSERT OR REPLACE INTO reject (export_id, date, object, line, code) VALUES (?, ?, ?, ?, ?)',
  )
  return (exportId: string, date: string, object: IngestedObject, rejects: readonly RejectedLine[]) => {
    const { key, size, etag, lines, records, guests, skipped } = object
    putObject.run(exportId, date, key, size, etag, lines, records, object.rejects, guests, skipped)
    dropRejects.run(exportId, date, key)
    for (const { line, code } of rejects.slice(0, REJECTS_KEPT_PER_OBJECT))
      putReject.run(exportId, date, key, line, code)
  }
}

function objectOf(row: Row): [string, { size: number; etag: string }] {
  return [textOf(row, 'key'), { size: integerOf(row, 'size'), etag: textOf(row, 'etag') }]
}

function stateOf(row: Row): KnownPartition['state'] {
  const state = textOf(row, 'state')
  if (state === 'open' || state === 'pending' || state === 'ingested') return state
  return defect('store partition', 'a partition state that no version of the program writes')
}
