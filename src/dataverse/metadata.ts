/** What Dataverse says of a table: columns, options, lengths, navigation properties, bulk messages. */

import { CodedError } from '../lib/errors.ts'
import { answered, type Connection, getObject, objectOf, unanswered } from './connection.ts'
import type { ColumnMetadata, TableMetadata } from './dataverse.ts'
import { isJsonObject, type JsonObject, objectsOf } from './json.ts'

const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined)
const number = (value: unknown): number | undefined => (typeof value === 'number' ? value : undefined)

/** The `Value` of a managed property or type name. */
const valueIn = (json: JsonObject, property: string): unknown => {
  const holder = json[property]
  return isJsonObject(holder) ? holder['Value'] : holder
}

const TYPES: Readonly<Record<string, ColumnMetadata['type']>> = {
  BooleanType: 'boolean',
  PicklistType: 'choice',
  // Its `AttributeType` is `Virtual`: only the type name tells (Dataverse: choices columns).
  MultiSelectPicklistType: 'choices',
  StringType: 'text',
  MemoType: 'text',
  DateTimeType: 'date-time',
  IntegerType: 'whole-number',
  BigIntType: 'whole-number',
  DecimalType: 'decimal',
  DoubleType: 'decimal',
  MoneyType: 'decimal',
  LookupType: 'lookup',
  CustomerType: 'lookup',
  OwnerType: 'lookup',
  UniqueidentifierType: 'unique-identifier',
}

/** Details by cast: the base attribute has only what all types share (Dataverse: query table definitions). */
const CASTS = {
  BooleanAttributeMetadata: '$select=LogicalName&$expand=OptionSet',
  PicklistAttributeMetadata: '$select=LogicalName&$expand=OptionSet,GlobalOptionSet',
  MultiSelectPicklistAttributeMetadata: '$select=LogicalName&$expand=OptionSet,GlobalOptionSet',
  StringAttributeMetadata: '$select=LogicalName,MaxLength,FormatName',
  MemoAttributeMetadata: '$select=LogicalName,MaxLength',
  DateTimeAttributeMetadata: '$select=LogicalName,Format',
} as const

type Options = NonNullable<ColumnMetadata['options']>

function labelsOf(option: JsonObject): string[] {
  const label = option['Label']
  if (!isJsonObject(label)) return []
  const own = isJsonObject(label['UserLocalizedLabel']) ? [label['UserLocalizedLabel']] : []
  const labels = [...objectsOf(label, 'LocalizedLabels'), ...own].map(({ Label }) => text(Label))
  return [...new Set(labels.filter((name) => name !== undefined))]
}

/** A choice's options, or a yes/no column's two. A global choice may come under either name. */
function optionsOf(detail: JsonObject): Options | undefined {
  const sets = [detail['OptionSet'], detail['GlobalOptionSet']].filter(isJsonObject)
  const listed = sets.flatMap((set) => {
    const pair = [set['FalseOption'], set['TrueOption']].filter(isJsonObject)
    return pair.length > 0 ? pair : objectsOf(set, 'Options')
  })
  const options = new Map<number, string[]>()
  for (const option of listed) {
    const code = number(option['Value'])
    if (code !== undefined) options.set(code, [...new Set([...(options.get(code) ?? []), ...labelsOf(option)])])
  }
  return sets.length === 0 ? undefined : [...options].map(([code, labels]) => ({ code, labels }))
}

function columnOf(attribute: JsonObject, logicalName: string, detail: JsonObject): ColumnMetadata {
  const typeName = text(valueIn(attribute, 'AttributeTypeName')) ?? `${text(attribute['AttributeType'])}Type`
  const type = TYPES[typeName] ?? 'other'
  const options = optionsOf(detail)
  const maxLength = number(detail['MaxLength'])
  const format = type === 'text' ? text(valueIn(detail, 'FormatName')) : undefined
  return {
    logicalName,
    type: type === 'date-time' && detail['Format'] === 'DateOnly' ? 'date-only' : type,
    ...(maxLength === undefined ? {} : { maxLength }),
    ...(format === undefined ? {} : { format }),
    ...(options === undefined ? {} : { options }),
    validForCreate: attribute['IsValidForCreate'] === true,
    validForUpdate: attribute['IsValidForUpdate'] === true,
    secured: attribute['IsSecured'] === true,
  }
}

function lookupsOf(relationships: JsonObject): TableMetadata['lookups'] {
  const lookups = new Map<string, Array<{ navigation: string; table: string }>>()
  for (const relationship of objectsOf(relationships, 'value')) {
    const column = text(relationship['ReferencingAttribute'])
    const navigation = text(relationship['ReferencingEntityNavigationPropertyName'])
    const table = text(relationship['ReferencedEntity'])
    if (column === undefined || navigation === undefined || table === undefined) continue
    lookups.set(column, [...(lookups.get(column) ?? []), { navigation, table }])
  }
  return lookups
}

function unknownTable(logicalName: string): CodedError {
  return new CodedError('mapping-invalid', [
    {
      where: `table ${/^\w{1,128}$/.test(logicalName) ? logicalName : '(unprintable)'}`,
      found: 'no such table in this environment',
      expected: 'a table of the environment, by its logical name',
      remedy: 'Correct the name, or install the solution that brings the table.',
    },
  ])
}

/** Does the table have a bulk message? Nothing found, or nothing to look in (old servers), means no. */
async function hasMessage(connection: Connection, logicalName: string, message: string, signal: AbortSignal) {
  const filter = encodeURIComponent(`sdkmessageid/name eq '${message}' and primaryobjecttypecode eq '${logicalName}'`)
  const path = `sdkmessagefilters?$select=sdkmessagefilterid&$filter=${filter}`
  try {
    return objectsOf(await getObject(connection, path, `probe ${message} ${logicalName}`, signal), 'value').length > 0
  } catch (error) {
    if (error instanceof CodedError && error.code === 'dataverse-rejects-request') return false
    throw error
  }
}

/** The table's own definition. @throws CodedError `mapping-invalid` where there is none. */
async function definitionOf(connection: Connection, base: string, logicalName: string, signal: AbortSignal) {
  const select = 'LogicalName,EntitySetName,PrimaryIdAttribute,ChangeTrackingEnabled,TableType'
  const what = `metadata of ${logicalName}`
  const request = { method: 'GET', path: `${base}?$select=${select}`, what, repeatable: true } as const
  return answered(what, async () => {
    const reply = await connection.send(request, signal)
    if (reply.status === 404) throw unknownTable(logicalName)
    return objectOf(what, reply)
  })
}

/** The port's `table`. @throws CodedError `mapping-invalid` where the table does not exist. */
export async function table(connection: Connection, logicalName: string, signal: AbortSignal): Promise<TableMetadata> {
  // The name goes into a URL; no table is called otherwise.
  if (!/^[a-z][a-z0-9_]{0,127}$/.test(logicalName)) throw unknownTable(logicalName)
  const base = `EntityDefinitions(LogicalName='${logicalName}')`
  const what = `metadata of ${logicalName}`
  const get = (path: string) => getObject(connection, `${base}/${path}`, what, signal)
  const definition = await definitionOf(connection, base, logicalName, signal)
  const [attributes, relationships, createMultiple, updateMultiple, ...casts] = await Promise.all([
    get('Attributes?$select=LogicalName,AttributeType,AttributeTypeName,IsValidForCreate,IsValidForUpdate,IsSecured'),
    get('ManyToOneRelationships?$select=ReferencingAttribute,ReferencingEntityNavigationPropertyName,ReferencedEntity'),
    hasMessage(connection, logicalName, 'CreateMultiple', signal),
    hasMessage(connection, logicalName, 'UpdateMultiple', signal),
    ...Object.entries(CASTS).map(([cast, query]) => get(`Attributes/Microsoft.Dynamics.CRM.${cast}?${query}`)),
  ])
  const details = new Map<string, JsonObject>()
  for (const detail of casts.flatMap((cast) => objectsOf(cast, 'value'))) {
    const name = text(detail['LogicalName'])
    if (name !== undefined) details.set(name, detail)
  }
  const columns = new Map<string, ColumnMetadata>()
  for (const attribute of objectsOf(attributes, 'value')) {
    const name = text(attribute['LogicalName'])
    if (name !== undefined) columns.set(name, columnOf(attribute, name, details.get(name) ?? {}))
  }
  const entitySetName = text(definition['EntitySetName'])
  const primaryId = text(definition['PrimaryIdAttribute'])
  if (entitySetName === undefined || primaryId === undefined) throw unanswered(what, 'a definition without set or key')
  return {
    logicalName,
    entitySetName,
    primaryId,
    changeTracking: definition['ChangeTrackingEnabled'] === true,
    elastic: definition['TableType'] === 'Elastic',
    columns,
    lookups: lookupsOf(relationships),
    bulk: { createMultiple, updateMultiple },
  }
}
