/** The ledger in PostgreSQL: per place, what we last wrote or found equal (semantics §1), and the writers. */

import type { PostgresDatabase } from './postgres-database.ts'
import { lookedUp } from './postgres-lookup.ts'
import { ensureScope, SCOPE_ASKED } from './postgres-scope.ts'
import {
  bytes,
  bytesKey,
  chunks,
  integerOf,
  lastOfEach,
  optionalBytes,
  POSTGRES_COLUMNS,
  type Query,
  type SqlScalar,
  textOf,
} from './postgres-values.ts'
import type { LedgerEntry, Place } from './store.ts'
import type { LedgerPart } from './store-parts.ts'
import { instantColumn, ledgerEntryOf } from './stored-row.ts'

/** The part of the store that keeps the ledger. */
export function ledgerIn(db: PostgresDatabase): LedgerPart {
  return {
    async ledger({ organization, target }, places) {
      const rows = await db.query(
        `SELECT n, known.* FROM unnest($3::bytea[]) WITH ORDINALITY AS asked (place, n) ${lookedUp(
          `SELECT * FROM ledger WHERE scope = ${SCOPE_ASKED} AND sha256(ledger.place) = sha256(asked.place)`,
          'known',
        )} ORDER BY n`,
        organization,
        target,
        places.map(bytes),
      )
      return new Map(
        rows.map((row): [Place, LedgerEntry] => [
          places[integerOf(row, 'n') - 1] ?? '',
          ledgerEntryOf(row, POSTGRES_COLUMNS),
        ]),
      )
    },
    async countLedger({ organization, target }) {
      const sql = `SELECT count(*) AS n FROM ledger WHERE scope = ${SCOPE_ASKED}`
      const [row = {}] = await db.query(sql, organization, target)
      return integerOf(row, 'n')
    },
    async recentLedger({ organization, target }, limit) {
      const rows = await db.query(
        `SELECT * FROM ledger WHERE scope = ${SCOPE_ASKED} AND confirmed_at IS NOT NULL
          ORDER BY confirmed_at DESC, place LIMIT $3`,
        organization,
        target,
        limit,
      )
      return rows.map((row) => ledgerEntryOf(row, POSTGRES_COLUMNS))
    },
    putLedger: (scope, entries) =>
      db.transaction(async (query) => writeLedger(query, await ensureScope(query, scope), entries)),
    // What the row looked like before the restore proves nothing any more: floor and missing date go with the values.
    distrustLedger: ({ organization, target }) =>
      db.transaction(async (query) => {
        await query(
          `UPDATE ledger SET
            confirmed_value = NULL, confirmed_lo = NULL, confirmed_hi = NULL, confirmed_at = NULL,
            intended_value = NULL, intended_lo = NULL, intended_hi = NULL, intended_at = NULL,
            modified_floor = NULL, missing_since = NULL, restored = foreign_value IS NOT NULL
            WHERE scope = ${SCOPE_ASKED}`,
          organization,
          target,
        )
      }),
    async writers(organization) {
      const sql = 'SELECT user_id FROM writer WHERE organization = $1 ORDER BY user_id'
      return (await db.query(sql, organization)).map((row) => textOf(row, 'user_id'))
    },
    addWriter: (organization, userId) =>
      db.transaction(async (query) => {
        const sql = 'INSERT INTO writer (organization, user_id) VALUES ($1, $2) ON CONFLICT DO NOTHING'
        await query(sql, organization, userId)
      }),
  }
}

/** The columns of an entry behind its scope, with the types of their arrays. */
const COLUMNS: ReadonlyArray<readonly [name: string, type: string, of: (entry: LedgerEntry) => SqlScalar]> = [
  ['place', 'bytea', ({ place }) => bytes(place)],
  ...valueColumns('confirmed'),
  ['confirmed_at', 'bigint', ({ confirmed }) => confirmed?.at ?? null],
  ...valueColumns('intended'),
  ['intended_at', 'bigint', ({ intended }) => intended?.at ?? null],
  ...valueColumns('foreign'),
  ['row_id', 'bytea', ({ rowId }) => optionalBytes(rowId)],
  ['modified_floor', 'bigint', ({ modifiedFloor }) => modifiedFloor ?? null],
  ['missing_since', 'bigint', ({ missingSince }) => missingSince ?? null],
  ['restored', 'boolean', ({ restored }) => restored === true],
]

function valueColumns(value: 'confirmed' | 'intended' | 'foreign'): typeof COLUMNS {
  const bound = (instant: number | undefined) => (instant === undefined ? null : instantColumn(instant))
  return [
    [`${value}_value`, 'text', ({ [value]: held }) => (held === undefined ? null : JSON.stringify(held.value))],
    [`${value}_lo`, 'bigint', ({ [value]: held }) => bound(held?.lo)],
    [`${value}_hi`, 'bigint', ({ [value]: held }) => bound(held?.hi)],
  ]
}

const NAMES = COLUMNS.map(([name]) => name)
const PUT = `INSERT INTO ledger (scope, ${NAMES.join(', ')})
  SELECT $1, * FROM unnest(${COLUMNS.map(([, type], index) => `$${index + 2}::${type}[]`).join(', ')})
  ON CONFLICT (scope, sha256(place)) DO UPDATE SET ${NAMES.map((name) => `${name} = excluded.${name}`).join(', ')}`

/** Puts whole entries within the caller's transaction. */
export async function writeLedger(query: Query, scope: number, entries: readonly LedgerEntry[]): Promise<void> {
  for (const chunk of chunks(lastOfEach(entries, ({ place }) => bytesKey(bytes(place))))) {
    await query(PUT, scope, ...COLUMNS.map(([, , of]) => chunk.map(of)))
  }
}
