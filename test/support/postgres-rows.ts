/** Every row of a schema as the server keeps it: with place and transaction, so that a row that was merely written anew shows. */

import type { PostgresServer } from './postgres-server.ts'

/** By table, in no order that would tell; holders' signs of life left out. */
export async function storeRows(server: PostgresServer, schema: string): Promise<Record<string, readonly string[]>> {
  const tables = await server.ask(
    `SELECT relname AS name FROM pg_class WHERE relnamespace = to_regnamespace($1) AND relkind = 'r'
      AND relname <> 'holder' ORDER BY relname`,
    [schema],
  )
  const rows: Record<string, readonly string[]> = {}
  for (const { name } of tables) {
    const found = await server.ask(
      `SELECT concat_ws(' ', ctid, xmin, kept::text) AS row FROM ${schema}.${name} AS kept`,
    )
    rows[String(name)] = found.map(({ row }) => String(row)).sort()
  }
  return rows
}
