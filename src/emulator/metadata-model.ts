/** Tables, columns, relationships and keys as the metadata endpoints show them. */
import type { AlternateKey, ChoiceOption, Column, ColumnType, TableSchema } from './schema.ts'
import { nameGuid } from './state.ts'

/** One metadata object: plain properties, and navigation properties that only `$expand` shows. */
export interface MetadataObject {
  readonly properties: Readonly<Record<string, unknown>>
  readonly navigations: Readonly<Record<string, MetadataObject | readonly MetadataObject[] | null>>
}

const LANGUAGE = 1033

/** By name, for every answer has hundreds of them; there are as many as a schema has names. */
const guids = new Map<string, string>()

function guidOf(name: string): string {
  const known = guids.get(name)
  if (known !== undefined) return known
  const made = nameGuid(name)
  guids.set(name, made)
  return made
}

function label(text: string) {
  const localised = {
    Label: text,
    LanguageCode: LANGUAGE,
    IsManaged: true,
    MetadataId: guidOf(`label ${text}`),
    HasChanged: null,
  }
  return { LocalizedLabels: [localised], UserLocalizedLabel: localised }
}

function managed(value: boolean) {
  return { Value: value, CanBeChanged: false, ManagedPropertyLogicalName: '' }
}

/** `AttributeType`, `AttributeTypeName` and the cast's type name. */
const TYPES: Readonly<Record<ColumnType, readonly [type: string, typeName: string, cast: string]>> = {
  uniqueidentifier: ['Uniqueidentifier', 'UniqueidentifierType', 'AttributeMetadata'],
  text: ['String', 'StringType', 'StringAttributeMetadata'],
  memo: ['Memo', 'MemoType', 'MemoAttributeMetadata'],
  boolean: ['Boolean', 'BooleanType', 'BooleanAttributeMetadata'],
  choice: ['Picklist', 'PicklistType', 'PicklistAttributeMetadata'],
  // A multi-select says Virtual: only its type name tells what it is.
  choices: ['Virtual', 'MultiSelectPicklistType', 'MultiSelectPicklistAttributeMetadata'],
  state: ['State', 'StateType', 'StateAttributeMetadata'],
  status: ['Status', 'StatusType', 'StatusAttributeMetadata'],
  integer: ['Integer', 'IntegerType', 'IntegerAttributeMetadata'],
  bigint: ['BigInt', 'BigIntType', 'BigIntAttributeMetadata'],
  decimal: ['Decimal', 'DecimalType', 'DecimalAttributeMetadata'],
  datetime: ['DateTime', 'DateTimeType', 'DateTimeAttributeMetadata'],
  dateonly: ['DateTime', 'DateTimeType', 'DateTimeAttributeMetadata'],
  lookup: ['Lookup', 'LookupType', 'LookupAttributeMetadata'],
  customer: ['Customer', 'CustomerType', 'LookupAttributeMetadata'],
  owner: ['Owner', 'OwnerType', 'LookupAttributeMetadata'],
}

/** Casts that exist in the URL, with the properties they add to those of every column. */
export function castOf(column: Column): string {
  return TYPES[column.type][2]
}

/** Whether a name is a column type one may cast to. `EnumAttributeMetadata` is not. */
export function isCast(name: string): boolean {
  return Object.values(TYPES).some(([, , cast]) => cast === name && cast !== 'AttributeMetadata')
}

/** The options of a column, its own or a global set; null where it has none. */
export function optionSet(column: Column): MetadataObject | null {
  const { logicalName, globalChoice } = column
  if (column.type === 'boolean') {
    const option = (value: number, text: string) => ({ Value: value, Label: label(text), IsManaged: true })
    return {
      properties: {
        MetadataId: guidOf(`boolean ${logicalName}`),
        Name: logicalName,
        OptionSetType: 'Boolean',
        IsGlobal: false,
        TrueOption: option(1, 'Yes'),
        FalseOption: option(0, 'No'),
      },
      navigations: {},
    }
  }
  if (column.options === undefined) return null
  return {
    properties: {
      MetadataId: guidOf(`choice ${globalChoice ?? logicalName}`),
      Name: globalChoice ?? logicalName,
      OptionSetType: column.type === 'state' ? 'State' : column.type === 'status' ? 'Status' : 'Picklist',
      IsGlobal: globalChoice !== undefined,
      Options: column.options.map(showOption),
    },
    navigations: {},
  }
}

function showOption(option: ChoiceOption) {
  const state = option.state === undefined ? {} : { State: option.state }
  return { Value: option.value, Label: label(option.label), IsManaged: true, ...state }
}

/** The properties only a cast shows. */
function details(column: Column): Record<string, unknown> {
  switch (column.type) {
    case 'text':
    case 'memo':
      return {
        MaxLength: column.maxLength ?? 100,
        Format: column.format ?? 'Text',
        FormatName: { Value: column.format ?? 'Text' },
      }
    case 'boolean':
      return { DefaultValue: column.defaultValue === true }
    case 'choice':
    case 'choices':
      return { DefaultFormValue: column.defaultValue ?? -1 }
    case 'integer':
    case 'bigint':
    case 'decimal':
      return { MinValue: column.minValue ?? null, MaxValue: column.maxValue ?? null }
    case 'datetime':
      return {
        Format: 'DateAndTime',
        DateTimeBehavior: {
          Value: column.logicalName === 'msdynmkt_migrationtimestamp' ? 'TimeZoneIndependent' : 'UserLocal',
        },
      }
    case 'dateonly':
      return { Format: 'DateOnly', DateTimeBehavior: { Value: 'DateOnly' } }
    case 'lookup':
    case 'customer':
    case 'owner':
      return { Targets: [...new Set(column.targets?.map((target) => target.table))] }
    case 'uniqueidentifier':
    case 'state':
    case 'status':
      return {}
  }
}

/** A column; its details are shown only where the request casts to its type. */
export function attribute(schema: TableSchema, column: Column, cast: boolean): MetadataObject {
  const [type, typeName, castName] = TYPES[column.type]
  const set = optionSet(column)
  const isPrimaryId = column.logicalName === schema.primaryId
  const local = column.globalChoice === undefined
  return {
    properties: {
      '@odata.type': `#Microsoft.Dynamics.CRM.${castName}`,
      MetadataId: guidOf(`column ${schema.logicalName} ${column.logicalName}`),
      LogicalName: column.logicalName,
      SchemaName: column.schemaName,
      EntityLogicalName: schema.logicalName,
      AttributeType: type,
      AttributeTypeName: { Value: typeName },
      DisplayName: label(column.schemaName),
      IsCustomAttribute: column.custom,
      IsPrimaryId: isPrimaryId,
      IsPrimaryName: column.logicalName === schema.primaryName,
      IsValidForCreate: !column.readOnly,
      IsValidForUpdate: !column.readOnly && !isPrimaryId,
      IsValidForRead: column.writeOnly !== true,
      IsSecured: column.secured === true,
      IsLogical: false,
      AttributeOf: null,
      RequiredLevel: { Value: column.required, CanBeChanged: false, ManagedPropertyLogicalName: '' },
      ...(cast ? details(column) : {}),
    },
    navigations: cast ? { OptionSet: local ? set : null, GlobalOptionSet: local ? null : set } : {},
  }
}

/** One many-to-one relationship per target of each lookup. */
export function manyToOne(schema: TableSchema): MetadataObject[] {
  return [...schema.columns.values()].flatMap((column) =>
    (column.targets ?? []).map((target) => ({
      properties: {
        MetadataId: guidOf(`relationship ${schema.logicalName} ${column.logicalName} ${target.table}`),
        SchemaName: `${schema.logicalName}_${column.logicalName}_${target.table}`,
        RelationshipType: 'OneToManyRelationship',
        ReferencingEntity: schema.logicalName,
        ReferencingAttribute: column.logicalName,
        ReferencingEntityNavigationPropertyName: target.navigation,
        ReferencedEntity: target.table,
        ReferencedAttribute: `${target.table}id`,
      },
      navigations: {},
    })),
  )
}

/** An alternate key with its index status. */
export function keyObject(schema: TableSchema, key: AlternateKey): MetadataObject {
  return {
    properties: {
      MetadataId: key.metadataId,
      SchemaName: key.schemaName,
      LogicalName: key.logicalName,
      EntityLogicalName: schema.logicalName,
      KeyAttributes: key.columns,
      EntityKeyIndexStatus: key.status,
      DisplayName: label(key.schemaName),
    },
    navigations: {},
  }
}

/** A table. `now` is undefined for a reader that asked for `Consistency: Strong`. */
export function entity(schema: TableSchema, now: number | undefined): MetadataObject {
  return {
    properties: {
      MetadataId: guidOf(`table ${schema.logicalName}`),
      LogicalName: schema.logicalName,
      SchemaName: schema.schemaName,
      EntitySetName: schema.entitySetName,
      LogicalCollectionName: schema.entitySetName,
      DisplayName: label(schema.displayName),
      ObjectTypeCode: schema.objectTypeCode,
      PrimaryIdAttribute: schema.primaryId,
      PrimaryNameAttribute: schema.primaryName,
      OwnershipType: schema.ownership,
      TableType: schema.tableType,
      ChangeTrackingEnabled: schema.changeTracking,
      IsOptimisticConcurrencyEnabled: schema.optimisticConcurrency,
      IsCustomizable: managed(true),
      CanCreateAttributes: managed(true),
    },
    // Made when they are asked for: a table has hundreds, and most requests expand none.
    navigations: {
      get Attributes() {
        return visibleColumns(schema, now).map((column) => attribute(schema, column, false))
      },
      get Keys() {
        return visibleKeys(schema, now).map((key) => keyObject(schema, key))
      },
      get ManyToOneRelationships() {
        return manyToOne(schema)
      },
    },
  }
}

/** Columns that a reader sees whose cache lags behind. */
export function visibleColumns(schema: TableSchema, now: number | undefined): Column[] {
  return [...schema.columns.values()].filter((column) => now === undefined || (column.visibleFrom ?? 0) <= now)
}

function visibleKeys(schema: TableSchema, now: number | undefined): AlternateKey[] {
  return schema.keys.filter((key) => now === undefined || key.visibleFrom <= now)
}
