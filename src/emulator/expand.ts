/** `$expand` of lookups: the row that a lookup points at, shown inside the row that holds it. */
import { badRequest, notUnderstood } from './api-error.ts'
import { type Identity, requirePrivilege } from './identity.ts'
import { splitList } from './query-options.ts'
import { selectColumns, showRow, unknownProperty } from './row-properties.ts'
import { type Column, lookupOfNavigation, type TableSchema } from './schema.ts'
import type { DataverseState } from './state.ts'
import type { Row, Table } from './table.ts'

/** One lookup to follow, with the columns to show of its target. */
export interface Expansion {
  readonly navigation: string
  readonly lookup: Column
  readonly target: Table
  readonly columns: readonly Column[]
}

/**
 * Parses `primarycontactid($select=fullname)`, several of them parted by commas. One level, and lookups only: rows that
 * point at a row, and expansions within expansions, are not understood. Throws 400 for an unknown navigation property
 * (case-sensitive) or column, 403 where the target may not be read.
 */
export function parseExpand(
  state: DataverseState,
  identity: Identity,
  schema: TableSchema,
  text: string | undefined,
): Expansion[] {
  return splitList(text ?? '').map((item) => {
    const match = /^(\w+)(?:\((.*)\))?$/s.exec(item)
    const navigation = match?.[1] ?? item
    const found = lookupOfNavigation(schema, navigation)
    const [aim, ...others] = found?.targets ?? []
    if (found === undefined || aim === undefined) throw unknownProperty(schema, navigation)
    // The owner's one navigation property leads to users and teams alike.
    if (others.length > 0) throw notUnderstood(`'$expand' of '${navigation}', which has several targets`)
    const target = state.table(aim.table)
    requirePrivilege(identity, 'Read', target.schema)
    return { navigation, lookup: found.column, target, columns: selectColumns(target.schema, selectIn(match?.[2])) }
  })
}

function selectIn(options: string | undefined): string | undefined {
  let select: string | undefined
  for (const pair of splitList(options ?? '', ';')) {
    const at = pair.indexOf('=')
    const name = pair.slice(0, at)
    if (at === -1) throw badRequest('The query option of an expansion has no value.')
    if (name !== '$select') throw notUnderstood(`the query option '${name}' in '$expand'`)
    select = pair.slice(at + 1)
  }
  return select
}

/** The expanded rows under their navigation properties; null for an empty lookup and for one at another table. */
export function showExpanded(
  row: Row,
  expansions: readonly Expansion[],
  annotations: string | undefined,
): Record<string, unknown> {
  const shown: Record<string, unknown> = {}
  for (const { navigation, lookup, target, columns } of expansions) {
    const type = row[`${lookup.logicalName}@type`] ?? target.schema.logicalName
    const found = type === target.schema.logicalName ? target.get(String(row[lookup.logicalName])) : undefined
    shown[navigation] = found === undefined ? null : showRow(found, columns, annotations)
  }
  return shown
}
