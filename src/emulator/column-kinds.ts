/** Makers of columns, one per type, with the defaults Dataverse gives them. */
import type { ChoiceOption, Column, ColumnType, LookupTarget, TableSchema, Value } from './schema.ts'

type Extras = Partial<Omit<Column, 'logicalName' | 'type'>>

/** Int32, the bounds of a whole number column unless it has its own. */
const INT32_MIN = -2_147_483_648
const INT32_MAX = 2_147_483_647

/** A column of any type, with nothing required, custom or read-only unless `extras` says so. */
export function column(type: ColumnType, logicalName: string, extras: Extras = {}): Column {
  return {
    logicalName,
    schemaName: logicalName,
    type,
    required: 'None',
    readOnly: false,
    custom: false,
    defaultValue: null,
    ...extras,
  }
}

/** A single line of text; `maxLength` in UTF-16 units. */
export function text(logicalName: string, maxLength: number, extras: Extras = {}): Column {
  return column('text', logicalName, { maxLength, ...extras })
}

/** A yes/no column; `false` on every new row unless another default is given. */
export function boolean(logicalName: string, defaultValue: Value = false, extras: Extras = {}): Column {
  return column('boolean', logicalName, { defaultValue, ...extras })
}

/** A column with one of some options. */
export function choice(logicalName: string, options: readonly ChoiceOption[], extras: Extras = {}): Column {
  return column('choice', logicalName, { options, ...extras })
}

/** A multi-select column. */
export function choices(logicalName: string, options: readonly ChoiceOption[], extras: Extras = {}): Column {
  return column('choices', logicalName, { options, ...extras })
}

/** A whole number within Int32. */
export function integer(logicalName: string, extras: Extras = {}): Column {
  return column('integer', logicalName, { minValue: INT32_MIN, maxValue: INT32_MAX, ...extras })
}

/** A date and time with seconds. */
export function datetime(logicalName: string, extras: Extras = {}): Column {
  return column('datetime', logicalName, extras)
}

/** `targets` maps a table's logical name to the navigation property that binds it. */
export function lookup(logicalName: string, targets: Readonly<Record<string, string>>, extras: Extras = {}): Column {
  return column('lookup', logicalName, { targets: lookupTargets(targets), ...extras })
}

/** The targets of a lookup from a map of table to navigation property. */
export function lookupTargets(targets: Readonly<Record<string, string>>): LookupTarget[] {
  return Object.entries(targets).map(([table, navigation]) => ({ table, navigation }))
}

/** Numbered options: `[[534120000, 'Email'], …]`. */
export function options(...pairs: readonly (readonly [number, string])[]): ChoiceOption[] {
  return pairs.map(([value, label]) => ({ value, label }))
}

const ACTIVE_INACTIVE = options([0, 'Active'], [1, 'Inactive'])
const REASONS: readonly ChoiceOption[] = [
  { value: 1, label: 'Active', state: 0 },
  { value: 2, label: 'Inactive', state: 1 },
]

/** The columns every ordinary table has: who and when, state and version; owner where rows have one. */
export function systemColumns(ownership: TableSchema['ownership']): Column[] {
  const readOnly = { readOnly: true }
  const people = ['createdby', 'modifiedby'].map((name) => lookup(name, { systemuser: name }, readOnly))
  const base = [
    datetime('createdon', readOnly),
    datetime('modifiedon', readOnly),
    ...people,
    column('bigint', 'versionnumber', readOnly),
    column('state', 'statecode', { options: ACTIVE_INACTIVE, defaultValue: 0, required: 'SystemRequired' }),
    column('status', 'statuscode', { options: REASONS, defaultValue: 1 }),
    integer('importsequencenumber'),
    integer('timezoneruleversionnumber'),
    integer('utcconversiontimezonecode'),
    column('dateonly', 'overriddencreatedon', readOnly),
  ]
  if (ownership !== 'UserOwned') return base
  return [
    ...base,
    column('owner', 'ownerid', {
      required: 'SystemRequired',
      targets: lookupTargets({ systemuser: 'ownerid', team: 'ownerid' }),
    }),
    lookup('owningbusinessunit', { businessunit: 'owningbusinessunit' }, readOnly),
    lookup('owninguser', { systemuser: 'owninguser' }, readOnly),
    lookup('owningteam', { team: 'owningteam' }, readOnly),
  ]
}

/** What a table definition must say; everything else follows from it. */
export interface TableDraft {
  readonly logicalName: string
  readonly schemaName?: string
  readonly entitySetName: string
  readonly displayName: string
  readonly objectTypeCode: number
  readonly primaryName: string
  readonly ownership: TableSchema['ownership']
  readonly changeTracking?: boolean
  readonly bulk?: boolean
  readonly columns: readonly Column[]
}

/** A standard table with the system columns and primary key added. */
export function table(draft: TableDraft): TableSchema {
  const primaryId = `${draft.logicalName}id`
  const columns = [
    column('uniqueidentifier', primaryId, { required: 'SystemRequired' }),
    ...draft.columns,
    ...systemColumns(draft.ownership),
  ]
  return {
    logicalName: draft.logicalName,
    schemaName: draft.schemaName ?? draft.logicalName,
    entitySetName: draft.entitySetName,
    displayName: draft.displayName,
    objectTypeCode: draft.objectTypeCode,
    primaryId,
    primaryName: draft.primaryName,
    ownership: draft.ownership,
    tableType: 'Standard',
    changeTracking: draft.changeTracking ?? false,
    optimisticConcurrency: true,
    bulk: draft.bulk ?? false,
    columns: new Map(columns.map((each) => [each.logicalName, each])),
    keys: [],
  }
}
