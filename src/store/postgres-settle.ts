/** Settling in PostgreSQL: sending is not committing, this transaction is (semantics §8.2). */

import type { Instant } from '../consent/time.ts'
import { personBytes } from './person-bytes.ts'
import type { PostgresDatabase } from './postgres-database.ts'
import { appendEvidence } from './postgres-evidence.ts'
import { writeLedger } from './postgres-ledger.ts'
import { isFound } from './postgres-lookup.ts'
import { ensureScope } from './postgres-scope.ts'
import { bytes, chunks, integerOf, lastOfEach, type Query, rounds } from './postgres-values.ts'
import type { QuarantinedRow, Settlement } from './store.ts'
import type { SettlingPart } from './store-parts.ts'

/** The part of the store that ends a person's work. */
export function settlingIn(db: PostgresDatabase): SettlingPart {
  return {
    // Not repeatable: the chain's end is locked and then read, so that pods wait for each other instead of failing. Keys
    // keep their hands off each other's rows.
    settle: (scope, { now, settlements, ledger, evidence, quarantine }) =>
      db.transaction(async (query) => {
        const id = await ensureScope(query, scope)
        await writeLedger(query, id, ledger)
        for (const round of rounds(settlements, ({ person }) => person)) {
          for (const chunk of chunks(round)) await settlePersons(query, scope.target, now, chunk)
        }
        // After the persons: a settled person loses its old rows and keeps those of this very settlement.
        const rows = lastOfEach(quarantine, ({ person, placeHash }) => JSON.stringify([person, placeHash]))
        for (const chunk of chunks(rows)) await quarantineRows(query, scope.target, now, chunk)
        await appendEvidence(query, id, scope, now, evidence)
      }, 'read-committed'),
    async countQuarantine(target) {
      const [row = {}] = await db.query('SELECT count(*) AS n FROM quarantine WHERE target = $1', target)
      return integerOf(row, 'n')
    },
  }
}

async function settlePersons(
  query: Query,
  target: string,
  now: Instant,
  settlements: readonly Settlement[],
): Promise<void> {
  const keysOf = (some: readonly Settlement[]) => some.map(({ person }) => personBytes(person))
  // A mark that has grown since the person was taken means new work: the person stays due.
  await query(
    `DELETE FROM due WHERE ${isFound(
      'due',
      'unnest($2::bytea[], $3::bigint[]) AS settled (person, mark)',
      'target = $1 AND due.person = settled.person AND due.mark = settled.mark',
    )}`,
    target,
    keysOf(settlements),
    settlements.map(({ mark }) => mark),
  )
  const parked = settlements.filter(({ park }) => park === 'keep')
  if (parked.length > 0) {
    await query(
      `INSERT INTO parked (target, person, since) SELECT $1, unnest($2::bytea[]), $3::bigint ON CONFLICT DO NOTHING`,
      target,
      keysOf(parked),
      now,
    )
  }
  const drop = (table: string, some: readonly Settlement[]) =>
    query(`DELETE FROM ${table} WHERE target = $1 AND person = ANY ($2::bytea[])`, target, keysOf(some))
  await drop(
    'parked',
    settlements.filter(({ park }) => park !== 'keep'),
  )
  await drop(
    'quarantine',
    settlements.filter(({ outcome }) => outcome !== 'rejected-by-dataverse'),
  )
}

async function quarantineRows(
  query: Query,
  target: string,
  now: Instant,
  rows: readonly QuarantinedRow[],
): Promise<void> {
  await query(
    `INSERT INTO quarantine (target, at, person, place_hash, what, code, message)
      SELECT $1, $2::bigint, * FROM unnest($3::bytea[], $4::bytea[], $5::bytea[], $6::bytea[], $7::bytea[])
      ON CONFLICT (target, person, place_hash) DO UPDATE SET
        what = excluded.what, code = excluded.code, message = excluded.message, at = excluded.at`,
    target,
    now,
    rows.map(({ person }) => personBytes(person)),
    rows.map(({ placeHash }) => bytes(placeHash)),
    rows.map(({ what }) => bytes(what)),
    rows.map(({ code }) => bytes(code)),
    rows.map(({ message }) => bytes(message)),
  )
}
