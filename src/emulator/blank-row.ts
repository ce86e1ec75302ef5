/**
 * Rows that share one layout in memory. An object that gets fifty properties one by one becomes a hash table of its
 * own, six times as large; a copy of a complete one does not. A million contacts make the difference.
 */
import type { Columns } from './payload.ts'
import type { TableSchema } from './schema.ts'

/** Columns of every row, whether the table's definition names them or not. */
const SYSTEM = ['createdon', 'createdby', 'modifiedon', 'modifiedby', 'versionnumber']
const OWNER = ['ownerid', 'ownerid@type', 'owninguser', 'owningteam', 'owningbusinessunit']

interface Blank {
  /** The number of columns for which the blank was made. */
  readonly size: number
  readonly row: Columns
}

const blanks = new WeakMap<TableSchema, Blank>()

/** A new row in which every column is null, to be filled and then never changed again. */
export function blankRow(schema: TableSchema): Columns {
  const known = blanks.get(schema)
  if (known !== undefined && known.size === schema.columns.size) return { ...known.row }
  const blank = { size: schema.columns.size, row: makeBlank(schema) }
  blanks.set(schema, blank)
  return { ...blank.row }
}

function makeBlank(schema: TableSchema): Columns {
  const names = new Set([schema.primaryId, ...SYSTEM, ...(schema.ownership === 'UserOwned' ? OWNER : [])])
  for (const { logicalName, targets } of schema.columns.values()) {
    names.add(logicalName)
    if (targets !== undefined) names.add(`${logicalName}@type`)
  }
  // Parsed, not assembled: the parser lays the properties out as those of one shape.
  return JSON.parse(`{${[...names].map((name) => `${JSON.stringify(name)}:null`).join()}}`) as Columns
}
