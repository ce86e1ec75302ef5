/** A few rows of a table, in one request, for whoever wants a sample and no more. */

import { type Connection, getObject } from './connection.ts'
import type { Row, TableMetadata } from './dataverse.ts'
import { objectsOf } from './json.ts'
import { named } from './read.ts'
import { rowOf } from './rows.ts'

/** At most `most` rows with a value in this column. @throws CodedError */
export async function someWith(
  connection: Connection,
  table: TableMetadata,
  column: string,
  most: number,
  signal: AbortSignal,
): Promise<Row[]> {
  const what = `sample of ${table.logicalName}`
  const name = named(column, what)
  const select = [...new Set([table.primaryId, name])].join(',')
  const path = `${named(table.entitySetName, what)}?$select=${select}&$filter=${name}%20ne%20null&$top=${most}`
  const rows = objectsOf(await getObject(connection, path, what, signal), 'value')
  return rows.map((item) => rowOf(item, table.primaryId, what))
}
