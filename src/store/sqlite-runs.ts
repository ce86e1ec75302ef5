import { SQLITE_COLUMNS, type SqliteDatabase, textOf } from './sqlite-database.ts'
import { scopesIn } from './sqlite-scope.ts'
import type { RememberedPart, RunPart } from './store-parts.ts'
import { runOf } from './stored-row.ts'

/** The part of the store that lists runs. */
export function runsIn(db: SqliteDatabase): RunPart {
  const begin = db.prepare(
    'INSERT INTO run (id, job, started_at, ended_at, exit_code, report) VALUES (?, ?, ?, ?, ?, ?)',
  )
  const end = db.prepare('UPDATE run SET ended_at = ?2, exit_code = ?3, report = ?4 WHERE id = ?1')
  const runs = db.prepare('SELECT * FROM run ORDER BY started_at DESC, id DESC LIMIT ?')
  return {
    beginRun: async ({ id, job, startedAt, endedAt, exitCode, report }) =>
      db.transaction(() => {
        begin.run(
          id,
          job,
          startedAt,
          endedAt ?? null,
          exitCode ?? null,
          report === undefined ? null : JSON.stringify(report),
        )
      }),
    endRun: async (id, endedAt, exitCode, report) =>
      db.transaction(() => void end.run(id, endedAt, exitCode, JSON.stringify(report))),
    runs: async (limit) => runs.all(limit).map((row) => runOf(row, SQLITE_COLUMNS)),
  }
}

/** The part of the store that remembers fingerprints, bookmarks, frozen readings and delta links. */
export function rememberedIn(db: SqliteDatabase): RememberedPart {
  const scopes = scopesIn(db)
  const fingerprint = db.prepare('SELECT value FROM fingerprint WHERE scope = ?')
  const setFingerprint = db.prepare('INSERT OR REPLACE INTO fingerprint (scope, value) VALUES (?, ?)')
  const bookmark = db.prepare('SELECT value FROM bookmark WHERE name = ?')
  const setBookmark = db.prepare('INSERT OR REPLACE INTO bookmark (name, value) VALUES (?, ?)')
  const dropBookmark = db.prepare('DELETE FROM bookmark WHERE name = ?')
  const readings = db.prepare('SELECT reference, reading FROM frozen_reading WHERE target = ? ORDER BY reference')
  // The first reading stays (semantics §4): a later one is an alarm, never a quiet change.
  const freeze = db.prepare('INSERT OR IGNORE INTO frozen_reading (target, reference, reading) VALUES (?, ?, ?)')
  const link = db.prepare('SELECT link FROM delta_link WHERE scope = ?')
  const setLink = db.prepare('INSERT OR REPLACE INTO delta_link (scope, link) VALUES (?, ?)')
  const dropLink = db.prepare('DELETE FROM delta_link WHERE scope = ?')
  return {
    async fingerprint(scope) {
      const row = fingerprint.get(scope)
      return row === undefined ? undefined : textOf(row, 'value')
    },
    setFingerprint: async (scope, value) => db.transaction(() => void setFingerprint.run(scope, value)),
    async bookmark(name) {
      const row = bookmark.get(name)
      return row === undefined ? undefined : textOf(row, 'value')
    },
    setBookmark: async (name, value) =>
      db.transaction(() => void (value === undefined ? dropBookmark.run(name) : setBookmark.run(name, value))),
    frozenReadings: async (target) =>
      new Map(readings.all(target).map((row) => [textOf(row, 'reference'), textOf(row, 'reading')])),
    freezeReading: async (target, reference, reading) =>
      db.transaction(() => void freeze.run(target, reference, reading)),
    async deltaLink(scope) {
      const row = link.get(scopes.find(scope) ?? null)
      return row === undefined ? undefined : textOf(row, 'link')
    },
    setDeltaLink: async (scope, text) =>
      db.transaction(() => {
        const id = scopes.ensure(scope)
        if (text === undefined) dropLink.run(id)
        else setLink.run(id, text)
      }),
  }
}
