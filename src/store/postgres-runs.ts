/** Runs in PostgreSQL, and the single texts a run leaves for the next one. */

import type { PostgresDatabase } from './postgres-database.ts'
import { ensureScope, SCOPE_ASKED } from './postgres-scope.ts'
import { bytes, POSTGRES_COLUMNS, type SqlParameter, textOf } from './postgres-values.ts'
import type { RememberedPart, RunPart } from './store-parts.ts'
import { runOf } from './stored-row.ts'

/** The part of the store that lists runs. */
export function runsIn(db: PostgresDatabase): RunPart {
  return {
    beginRun: ({ id, job, startedAt, endedAt, exitCode, report }) =>
      written(
        db,
        'INSERT INTO run (id, job, started_at, ended_at, exit_code, report) VALUES ($1, $2, $3, $4, $5, $6)',
        id,
        job,
        startedAt,
        endedAt ?? null,
        exitCode ?? null,
        report === undefined ? null : JSON.stringify(report),
      ),
    endRun: (id, endedAt, exitCode, report) =>
      written(
        db,
        'UPDATE run SET ended_at = $2, exit_code = $3, report = $4 WHERE id = $1',
        id,
        endedAt,
        exitCode,
        JSON.stringify(report),
      ),
    runs: async (limit) =>
      (await db.query('SELECT * FROM run ORDER BY started_at DESC, id DESC LIMIT $1', limit)).map((row) =>
        runOf(row, POSTGRES_COLUMNS),
      ),
  }
}

/** The part of the store that remembers fingerprints, bookmarks, frozen readings and delta links. */
export function rememberedIn(db: PostgresDatabase): RememberedPart {
  return {
    fingerprint: (scope) => textAt(db, 'SELECT value AS text FROM fingerprint WHERE scope = $1', bytes(scope)),
    setFingerprint: (scope, value) =>
      written(
        db,
        `INSERT INTO fingerprint (scope, value) VALUES ($1, $2)
          ON CONFLICT (scope) DO UPDATE SET value = excluded.value`,
        bytes(scope),
        bytes(value),
      ),
    bookmark: (name) => textAt(db, 'SELECT value AS text FROM bookmark WHERE name = $1', bytes(name)),
    setBookmark: (name, value) =>
      value === undefined
        ? written(db, 'DELETE FROM bookmark WHERE name = $1', bytes(name))
        : written(
            db,
            `INSERT INTO bookmark (name, value) VALUES ($1, $2)
              ON CONFLICT (name) DO UPDATE SET value = excluded.value`,
            bytes(name),
            bytes(value),
          ),
    async frozenReadings(target) {
      const sql = 'SELECT reference, reading FROM frozen_reading WHERE target = $1 ORDER BY reference'
      return new Map((await db.query(sql, target)).map((row) => [textOf(row, 'reference'), textOf(row, 'reading')]))
    },
    // The first reading stays (semantics §4): a later one is an alarm, never a quiet change.
    freezeReading: (target, reference, reading) =>
      written(
        db,
        'INSERT INTO frozen_reading (target, reference, reading) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING',
        target,
        bytes(reference),
        bytes(reading),
      ),
    deltaLink: ({ organization, target }) =>
      textAt(db, `SELECT link AS text FROM delta_link WHERE scope = ${SCOPE_ASKED}`, organization, target),
    setDeltaLink: (scope, text) =>
      db.transaction(async (query) => {
        const id = await ensureScope(query, scope)
        await query('DELETE FROM delta_link WHERE scope = $1', id)
        if (text !== undefined) await query('INSERT INTO delta_link (scope, link) VALUES ($1, $2)', id, bytes(text))
      }),
  }
}

function written(db: PostgresDatabase, sql: string, ...parameters: SqlParameter[]): Promise<void> {
  return db.transaction(async (query) => void (await query(sql, ...parameters)))
}

async function textAt(db: PostgresDatabase, sql: string, ...parameters: SqlParameter[]): Promise<string | undefined> {
  const [row] = await db.query(sql, ...parameters)
  return row === undefined ? undefined : textOf(row, 'text')
}
