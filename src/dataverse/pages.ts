/** Whole tables read by pages: the rows that have a value where one is asked for. */

import { answered, answeredAt, type Connection, objectOf } from './connection.ts'
import type { ReadRows, TableMetadata } from './dataverse.ts'
import { objectsOf } from './json.ts'
import { named } from './read.ts'
import { rowOf } from './rows.ts'
import type { Request } from './send.ts'

/** Rows of one page (Dataverse: page size, at most 5,000 for standard tables). */
const PAGE_ROWS = 5_000

/** The port's `rowsWithAny`. Pages follow each other: the link to the next one stands on the one before. */
export async function* rowsWithAny(
  connection: Connection,
  table: TableMetadata,
  select: readonly string[],
  columns: readonly string[],
  signal: AbortSignal,
): AsyncIterable<ReadRows> {
  const what = `read ${table.logicalName} by pages`
  const names = [...new Set([table.primaryId, ...select])].map((name) => named(name, what))
  const filter = columns.map((column) => `${named(column, what)}%20ne%20null`).join('%20or%20')
  const first = `${named(table.entitySetName, what)}?$select=${names.join(',')}&$filter=${filter}`
  const headers = { prefer: `odata.maxpagesize=${PAGE_ROWS}` }
  for (let path: string | undefined = first; path !== undefined; ) {
    const readAtMs = connection.clock.monotonic()
    const request: Request = {
      method: 'GET',
      path,
      headers,
      what,
      repeatable: true,
      load: { kind: what, rows: PAGE_ROWS },
    }
    const reply = await answered(what, () => connection.send(request, signal))
    const json = objectOf(what, reply)
    const rows = objectsOf(json, 'value').map((item) => rowOf(item, table.primaryId, what))
    yield { rows, at: answeredAt(reply, connection.clock), readAtMs }
    const next: unknown = json['@odata.nextLink']
    path = typeof next === 'string' ? next : undefined
  }
}
