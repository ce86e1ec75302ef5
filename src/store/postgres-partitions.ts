/** Partitions, their objects and rejects in PostgreSQL. */

import { defect } from '../lib/errors.ts'
import type { PostgresDatabase } from './postgres-database.ts'
import { isFound, lookedUpIfThere } from './postgres-lookup.ts'
import { bytes, chunks, integerOf, lastOfEach, type Query, textOf } from './postgres-values.ts'
import type { IngestedObject, KnownPartition, RejectedLine } from './store.ts'
import type { PartitionPart } from './store-parts.ts'
import type { Row } from './stored-row.ts'
import { optionally } from './stored-row.ts'

/** Enough to find what is wrong with an object; its row holds the whole count. */
const REJECTS_KEPT_PER_OBJECT = 1_000

/** The part of the store that knows which objects have been counted. */
export function partitionsIn(db: PostgresDatabase): PartitionPart {
  return {
    async partitions() {
      const objects = `SELECT key, size, etag FROM object
        WHERE object.export_id = partition.export_id AND object.date = partition.date`
      const rows = await db.query(`SELECT export_id, date, state, key, size, etag FROM partition
        ${lookedUpIfThere(objects, 'known')} ORDER BY export_id, date, key`)
      return partitionsOf(rows)
    },
    notePartition: (exportId, date, state) => db.transaction((query) => note(query, exportId, date, state)),
    objectsIngested: (exportId, date, state, ingested, rejects) =>
      db.transaction(async (query) => {
        await note(query, exportId, date, state)
        const objects = lastOfEach(ingested, ({ key }) => key)
        for (const chunk of chunks(objects)) await putObjects(query, exportId, date, chunk)
        const kept = objects.flatMap(({ key }) =>
          lastOfEach(rejects.filter(({ object }) => object === key).slice(0, REJECTS_KEPT_PER_OBJECT), ({ line }) =>
            String(line),
          ),
        )
        for (const chunk of chunks(kept)) await putRejects(query, exportId, date, chunk)
      }),
  }
}

async function note(query: Query, exportId: string, date: string, state: KnownPartition['state']): Promise<void> {
  await query(
    `INSERT INTO partition (export_id, date, state) VALUES ($1, $2, $3)
      ON CONFLICT (export_id, date) DO UPDATE SET state = excluded.state`,
    bytes(exportId),
    date,
    state,
  )
}

/** Puts objects in place of what was known of them, their rejects included. */
async function putObjects(
  query: Query,
  exportId: string,
  date: string,
  objects: readonly IngestedObject[],
): Promise<void> {
  const keys = objects.map(({ key }) => bytes(key))
  await query(
    `INSERT INTO object (export_id, date, key, size, etag, lines, records, rejects, guests, skipped)
      SELECT $1, $2, * FROM unnest($3::bytea[], $4::bigint[], $5::bytea[], $6::bigint[], $7::bigint[], $8::bigint[],
        $9::bigint[], $10::bigint[])
      ON CONFLICT (export_id, date, sha256(key)) DO UPDATE SET size = excluded.size, etag = excluded.etag,
        lines = excluded.lines, records = excluded.records, rejects = excluded.rejects, guests = excluded.guests,
        skipped = excluded.skipped`,
    bytes(exportId),
    date,
    keys,
    objects.map(({ size }) => size),
    objects.map(({ etag }) => bytes(etag)),
    objects.map(({ lines }) => lines),
    objects.map(({ records }) => records),
    objects.map(({ rejects }) => rejects),
    objects.map(({ guests }) => guests),
    objects.map(({ skipped }) => skipped),
  )
  await query(
    `DELETE FROM reject WHERE ${isFound(
      'reject',
      'unnest($3::bytea[]) AS replaced (key)',
      'export_id = $1 AND date = $2 AND sha256(object) = sha256(replaced.key)',
    )}`,
    bytes(exportId),
    date,
    keys,
  )
}

async function putRejects(
  query: Query,
  exportId: string,
  date: string,
  rejects: readonly RejectedLine[],
): Promise<void> {
  await query(
    `INSERT INTO reject (export_id, date, object, line, code)
      SELECT $1, $2, * FROM unnest($3::bytea[], $4::bigint[], $5::text[])`,
    bytes(exportId),
    date,
    rejects.map(({ object }) => bytes(object)),
    rejects.map(({ line }) => line),
    rejects.map(({ code }) => code),
  )
}

/** Partitions of rows that repeat them for each object; a partition without objects has one row. */
function partitionsOf(rows: readonly Row[]): KnownPartition[] {
  const found = new Map<string, KnownPartition & { readonly objects: Map<string, { size: number; etag: string }> }>()
  for (const row of rows) {
    const [exportId, date] = [textOf(row, 'export_id'), textOf(row, 'date')]
    const name = JSON.stringify([exportId, date])
    const partition = found.get(name) ?? { exportId, date, state: stateOf(row), objects: new Map() }
    found.set(name, partition)
    const key = optionally(textOf, row, 'key')
    if (key !== undefined) partition.objects.set(key, { size: integerOf(row, 'size'), etag: textOf(row, 'etag') })
  }
  return [...found.values()]
}

function stateOf(row: Row): KnownPartition['state'] {
  const state = textOf(row, 'state')
  if (state === 'open' || state === 'pending' || state === 'ingested') return state
  return defect('store partition', 'a partition state that no version of the program writes')
}
