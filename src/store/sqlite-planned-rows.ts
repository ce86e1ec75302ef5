/** The rows of a plan in a SQLite file, since a first plan of millions of rows is larger than memory. */

import type { Row as DataverseRow } from '../dataverse/dataverse.ts'
import type { PlannedRow, PlannedRows } from './planned-rows.ts'
import { createPrivately } from './private-file.ts'
import { integerOf, openSqliteDatabase, textOf } from './sqlite-database.ts'
import type { Row } from './stored-row.ts'

const SCHEMA = `
  CREATE TABLE planned (entity TEXT NOT NULL, id TEXT NOT NULL, created INTEGER NOT NULL, columns TEXT NOT NULL,
    PRIMARY KEY (entity, id)) WITHOUT ROWID;
  CREATE TABLE held (entity TEXT NOT NULL, name TEXT NOT NULL, value TEXT NOT NULL, id TEXT NOT NULL,
    PRIMARY KEY (entity, name, value, id)) WITHOUT ROWID;
`

/** Opens an empty file at `path`, which must not exist; nothing of it need survive the power. @throws CodedError `store-unusable` */
export function openSqlitePlannedRows(path: string): PlannedRows {
  createPrivately(path)
  const db = openSqliteDatabase(path)
  db.pragma('journal_mode = OFF')
  db.pragma('synchronous = OFF')
  db.exec(SCHEMA)
  const get = db.prepare('SELECT * FROM planned WHERE entity = ? AND id = ?')
  const set = db.prepare('INSERT OR REPLACE INTO planned (entity, id, created, columns) VALUES (?, ?, ?, ?)')
  const hold = db.prepare('INSERT OR IGNORE INTO held (entity, name, value, id) VALUES (?, ?, ?, ?)')
  const holding = db.prepare(`SELECT planned.* FROM held JOIN planned USING (entity, id)
    WHERE entity = ? AND held.name = ? AND held.value = ?`)
  const known = (table: string, id: string): PlannedRow[] => {
    const row = get.get(table, id)
    return row === undefined ? [] : [plannedRow(row)]
  }
  return {
    put: (table, rows) =>
      db.transaction(() => {
        for (const { id, created, columns } of rows) {
          const [before] = known(table, id)
          const all = { ...before?.columns, ...columns }
          set.run(table, id, created || before?.created ? 1 : 0, JSON.stringify(all))
          if (!created) continue
          for (const [name, value] of Object.entries(columns))
            if (typeof value === 'string') hold.run(table, name, value.toLowerCase(), id)
        }
      }),
    byId: (table, ids) => new Map(ids.flatMap((id) => known(table, id)).map((row) => [row.id, row])),
    createdWith: (table, column, values) =>
      values.flatMap((value) => holding.all(table, column, value.toLowerCase()).map(plannedRow)),
    close: () => db.close(),
  }
}

const plannedRow = (row: Row): PlannedRow => ({
  id: textOf(row, 'id'),
  created: integerOf(row, 'created') === 1,
  columns: JSON.parse(textOf(row, 'columns')) as DataverseRow['columns'],
})
