/** Tables, columns, lookups and keys as Dataverse's metadata describes them. */

/** What a column may hold. Lookups hold a lower-case GUID, dates `YYYY-MM-DDTHH:MM:SSZ`, choices `1,9`. */
export type Value = string | number | boolean | null

/** Column types, finer than metadata names them: `dateonly` and `choices` stand apart. */
export type ColumnType =
  | 'uniqueidentifier'
  | 'text'
  | 'memo'
  | 'boolean'
  | 'choice'
  | 'choices'
  | 'state'
  | 'status'
  | 'integer'
  | 'bigint'
  | 'decimal'
  | 'datetime'
  | 'dateonly'
  | 'lookup'
  | 'customer'
  | 'owner'

/** Only `SystemRequired` is enforced through the Web API. */
export type RequiredLevel = 'None' | 'Recommended' | 'ApplicationRequired' | 'SystemRequired'

/** One option of a choice. */
export interface ChoiceOption {
  readonly value: number
  readonly label: string
  /** For a status reason: the state it belongs to. */
  readonly state?: number
}

/** One table a lookup may point at, with the case-sensitive navigation property that binds it. */
export interface LookupTarget {
  readonly table: string
  readonly navigation: string
}

/** One column of a table. */
export interface Column {
  readonly logicalName: string
  readonly schemaName: string
  readonly type: ColumnType
  readonly required: RequiredLevel
  /** Values sent for a read-only column are ignored, not rejected. */
  readonly readOnly: boolean
  /** A value that may be written and never read back. */
  readonly writeOnly?: boolean
  readonly custom: boolean
  /** Under column security: metadata says so; the emulator lets everybody at it all the same. */
  readonly secured?: boolean
  readonly defaultValue: Value
  readonly maxLength?: number
  /** Of a text: what forms make of it; the server checks none. `Text` where absent. */
  readonly format?: 'Email' | 'Phone'
  readonly minValue?: number
  readonly maxValue?: number
  readonly options?: readonly ChoiceOption[]
  readonly globalChoice?: string
  readonly targets?: readonly LookupTarget[]
  /** Milliseconds of the server's clock from which cached metadata shows the column; `Consistency: Strong` always does. */
  readonly visibleFrom?: number
}

/** State of the index behind an alternate key; only `Active` keys work. */
export type KeyStatus = 'Pending' | 'InProgress' | 'Active' | 'Failed'

/** An alternate key; its index is made by and by, so its status changes. */
export interface AlternateKey {
  readonly metadataId: string
  readonly schemaName: string
  readonly logicalName: string
  readonly columns: readonly string[]
  status: KeyStatus
  readonly visibleFrom: number
}

/** One table; what a seed may change is not read-only. */
export interface TableSchema {
  readonly logicalName: string
  readonly schemaName: string
  readonly entitySetName: string
  readonly displayName: string
  readonly objectTypeCode: number
  readonly primaryId: string
  readonly primaryName: string
  readonly ownership: 'UserOwned' | 'OrganizationOwned' | 'BusinessOwned' | 'None'
  tableType: 'Standard' | 'Elastic'
  changeTracking: boolean
  readonly optimisticConcurrency: boolean
  /** Whether CreateMultiple, UpdateMultiple and UpsertMultiple exist for the table. */
  bulk: boolean
  readonly columns: Map<string, Column>
  readonly keys: AlternateKey[]
}

/** Whether the column holds a reference to another row. */
export function isLookup(column: Column): boolean {
  return column.type === 'lookup' || column.type === 'customer' || column.type === 'owner'
}

/** The name under which a column appears in JSON, `$select` and `$filter`. */
export function propertyName(column: Column): string {
  return isLookup(column) ? `_${column.logicalName}_value` : column.logicalName
}

/** The column behind a property name, or `undefined` where the type has no such property. */
export function columnOfProperty(schema: TableSchema, property: string): Column | undefined {
  const lookup = /^_(.+)_value$/.exec(property)?.[1]
  const column = schema.columns.get(lookup ?? property)
  return column !== undefined && isLookup(column) === (lookup !== undefined) ? column : undefined
}

/** The lookup column and target of a navigation property; case-sensitive. */
export function lookupOfNavigation(
  schema: TableSchema,
  navigation: string,
): { readonly column: Column; readonly targets: readonly LookupTarget[] } | undefined {
  for (const column of schema.columns.values()) {
    const targets = column.targets?.filter((target) => target.navigation === navigation) ?? []
    if (targets.length > 0) return { column, targets }
  }
  return undefined
}
