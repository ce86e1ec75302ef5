/** Suppressions in PostgreSQL: who was erased, and until when nothing counts (semantics §8.9). */

import type { Instant } from '../consent/time.ts'
import { bytesKey, bytesOf, chunks, integerOf, lastOfEach, type Query } from './postgres-values.ts'
import type { ErasedPerson, StateRow } from './store.ts'
import { hashesToFind, hashesToKeep, type Spelling } from './suppression.ts'

/** Answers, within the caller's transaction, the instants of the last erasures of these rows' persons. */
export async function erasuresOf(
  query: Query,
  rows: readonly StateRow[],
  spelling: Spelling = 'none',
): Promise<(row: StateRow) => Instant | undefined> {
  // Nobody was erased, as a rule: then nothing is hashed.
  const [any] = await query('SELECT 1 FROM suppression LIMIT 1')
  if (any === undefined) return () => undefined
  const key = await erasureKey(query)
  const hashes = new Map(rows.map(({ ouid }) => [ouid, hashesToFind(key, ouid, spelling)]))
  const instants = new Map<string, Instant>()
  for (const chunk of chunks([...hashes.values()].flat())) {
    const found = await query('SELECT hash, until FROM suppression WHERE hash = ANY ($1::bytea[])', chunk)
    for (const row of found) instants.set(bytesKey(bytesOf(row, 'hash')), integerOf(row, 'until'))
  }
  return ({ ouid }) => {
    const own = (hashes.get(ouid) ?? []).flatMap((hash) => instants.get(bytesKey(hash)) ?? [])
    return own.length === 0 ? undefined : Math.max(...own)
  }
}

/** Suppresses what these persons said up to `at`. */
export async function suppress(
  query: Query,
  persons: readonly ErasedPerson[],
  at: Instant,
  spelling: Spelling,
): Promise<void> {
  const key = await erasureKey(query)
  const hashes = persons.flatMap(({ ouid }) => hashesToKeep(key, ouid, spelling))
  for (const chunk of chunks(lastOfEach(hashes, bytesKey))) {
    await query(
      `INSERT INTO suppression (hash, until) SELECT unnest($1::bytea[]), $2::bigint
        ON CONFLICT (hash) DO UPDATE SET until = greatest(suppression.until, excluded.until)`,
      chunk,
      at,
    )
  }
}

/** The store's key for hashes of erased persons. */
async function erasureKey(query: Query): Promise<Uint8Array> {
  const [row = {}] = await query(`SELECT value FROM meta WHERE name = 'erasure-key'`)
  return bytesOf(row, 'value')
}
