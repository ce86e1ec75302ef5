/** The body of a webhook call: a RemoteExecutionContext in the JSON that .NET's data contracts make (Dataverse: webhooks). */
import { ASYNCHRONOUS, IMAGE_TYPES, POST_OPERATION } from './hook-tables.ts'
import { type Column, isLookup, type TableSchema, type Value } from './schema.ts'
import type { Row } from './table.ts'
import type { RowWrite } from './webhook-event.ts'

/** An image that a step asks for. */
export interface StepImage {
  readonly alias: string
  /** `imagetype`: 0 before, 1 after, 2 both. */
  readonly type: number
  /** Empty: all columns. */
  readonly columns: readonly string[]
}

/** At which level the `tag` of a request shows; where it does is not documented for webhooks. */
export type TagLevel = 'none' | 'context' | 'parent'

/** Everything a context tells besides the write itself. */
export interface ContextFacts {
  readonly stepId: string
  readonly images: readonly StepImage[]
  /** The user whose rights the step runs with. */
  readonly userId: string
  readonly businessUnitId: string
  readonly correlationId: string
  /** The id of the system job: repeats and second attempts of one delivery share it. */
  readonly operationId: string
  /** Milliseconds since the epoch. */
  readonly createdAtMs: number
  readonly organization: { readonly id: string; readonly name: string }
  readonly tagLevel: TagLevel
  /** The primary name of a row that a lookup points at. */
  readonly nameOf: (table: string, id: string) => string | null
}

/** A context as it is sent. */
export type ExecutionContext = Readonly<Record<string, unknown>>

const CONTRACTS = 'http://schemas.microsoft.com/xrm/2011/Contracts'
const NOBODY = '00000000-0000-0000-0000-000000000000'
/** Stage of the core operation, which is the parent of what runs after it. */
const MAIN_OPERATION = 30
/** The image that every asynchronous step carries. */
const AUTOMATIC_IMAGE = 'AsynchronousStepPrimaryName'
/** Left out of a body that is too large (Dataverse: webhooks). */
const BULKY = ['ParentContext', 'InputParameters', 'PreEntityImages', 'PostEntityImages']

/** The context of one write for one step. */
export function executionContext(write: RowWrite, facts: ContextFacts): ExecutionContext {
  const shared = write.tag === null ? [] : [{ key: 'tag', value: write.tag }]
  const parent = contextOf(write, facts, {
    stage: MAIN_OPERATION,
    target: write.message === 'Delete' ? referenceTo(write) : entityOf(write, askedFor(write), null),
    sharedVariables: facts.tagLevel === 'parent' ? shared : [],
    images: { pre: [], post: [] },
    parent: null,
  })
  return contextOf(write, facts, {
    stage: POST_OPERATION,
    target: write.message === 'Delete' ? referenceTo(write) : entityOf(write, writtenTo(write), null),
    sharedVariables: facts.tagLevel === 'context' ? shared : [],
    images: imagesOf(write, facts),
    parent,
  })
}

/** What is left of a context whose body is over 256 KB: ids, names and times. */
export function withoutDetails(context: ExecutionContext): ExecutionContext {
  return Object.fromEntries(Object.entries(context).filter(([name]) => !BULKY.includes(name)))
}

interface Level {
  readonly stage: number
  readonly target: object
  readonly sharedVariables: readonly object[]
  readonly images: { readonly pre: readonly object[]; readonly post: readonly object[] }
  readonly parent: ExecutionContext | null
}

function contextOf(write: RowWrite, facts: ContextFacts, level: Level): ExecutionContext {
  return {
    BusinessUnitId: facts.businessUnitId,
    CorrelationId: facts.correlationId,
    Depth: 1,
    InitiatingUserAgent: '',
    InitiatingUserAzureActiveDirectoryObjectId: NOBODY,
    InitiatingUserId: write.userId,
    InputParameters: [{ key: 'Target', value: level.target }],
    IsExecutingOffline: false,
    IsInTransaction: false,
    IsOfflinePlayback: false,
    IsolationMode: 1,
    MessageName: write.message,
    Mode: ASYNCHRONOUS,
    OperationCreatedOn: `/Date(${facts.createdAtMs}+0000)/`,
    OperationId: facts.operationId,
    OrganizationId: facts.organization.id,
    OrganizationName: facts.organization.name,
    OutputParameters: [],
    OwningExtension: bareReference('sdkmessageprocessingstep', facts.stepId, null),
    ParentContext: level.parent,
    PostEntityImages: level.images.post,
    PreEntityImages: level.images.pre,
    PrimaryEntityId: write.id,
    PrimaryEntityName: write.schema.logicalName,
    RequestId: write.requestId,
    SecondaryEntityName: 'none',
    SharedVariables: level.sharedVariables,
    Stage: level.stage,
    UserAzureActiveDirectoryObjectId: NOBODY,
    UserId: facts.userId,
  }
}

interface Attribute {
  readonly key: string
  readonly value: unknown
}

/** The columns of the request, with the row's id. */
function askedFor({ schema, id, columns, after }: RowWrite): Attribute[] {
  const present = [...schema.columns.values()].filter(({ logicalName }) => logicalName in columns)
  const written = present.filter(({ logicalName }) => logicalName !== schema.primaryId)
  return [...written.map((column) => attribute(column, after ?? {}, undefined)), { key: schema.primaryId, value: id }]
}

/**
 * After the operation the target also holds what the platform set: of an update who wrote and when, of a create every
 * column that got a value (Dataverse: webhooks, the sample contexts).
 */
function writtenTo(write: RowWrite): Attribute[] {
  const { schema, after = {}, message, columns } = write
  const asked = askedFor(write)
  const set = [...schema.columns.values()].filter(({ logicalName }) => {
    if (logicalName in columns || logicalName === schema.primaryId || logicalName === 'versionnumber') return false
    if (message === 'Create') return (after[logicalName] ?? null) !== null
    return logicalName === 'modifiedon' || logicalName === 'modifiedby'
  })
  return [
    ...asked,
    ...set.map((column) => attribute(column, after, undefined)),
    { key: 'modifiedonbehalfby', value: null },
  ]
}

function imagesOf(write: RowWrite, facts: ContextFacts): Level['images'] {
  const { schema, before, after } = write
  const { both } = IMAGE_TYPES
  const of = (row: Row | undefined, type: number): object[] => {
    if (row === undefined) return []
    const asked = facts.images.filter((image) => image.type === type || image.type === both)
    return asked.map(({ alias, columns }) => imageOf(alias, write, row, columns, facts.nameOf))
  }
  const automatic = imageOf(
    AUTOMATIC_IMAGE,
    write,
    after ?? before ?? {},
    [schema.primaryName, schema.primaryId],
    () => null,
  )
  const pre = of(before, IMAGE_TYPES.pre)
  const post = of(after, IMAGE_TYPES.post)
  return after === undefined ? { pre: [...pre, automatic], post } : { pre, post: [...post, automatic] }
}

/** An image leaves out columns without a value, as every SDK entity does that was read (inferred). */
function imageOf(
  alias: string,
  write: RowWrite,
  row: Row,
  names: readonly string[],
  nameOf: ContextFacts['nameOf'],
): object {
  const columns = [...write.schema.columns.values()].filter(
    ({ logicalName }) => (row[logicalName] ?? null) !== null && (names.length === 0 || names.includes(logicalName)),
  )
  const attributes = columns.map((column) => attribute(column, row, nameOf))
  const { __type: _, ...value } = entityOf(write, attributes, null)
  return { key: alias, value }
}

function attribute(column: Column, row: Row, nameOf: ContextFacts['nameOf'] | undefined): Attribute {
  return { key: column.logicalName, value: attributeValue(column, row, nameOf) }
}

/** One value as data contracts show it: dates as `/Date(ms)/`, lookups and choices as typed objects. */
function attributeValue(column: Column, row: Row, nameOf: ContextFacts['nameOf'] | undefined): unknown {
  const value = row[column.logicalName] ?? null
  if (value === null) return null
  if (isLookup(column)) {
    const table = String(row[`${column.logicalName}@type`] ?? column.targets?.[0]?.table)
    return typedReference(table, String(value), nameOf?.(table, String(value)) ?? null)
  }
  switch (column.type) {
    case 'datetime':
    case 'dateonly':
      return `/Date(${Date.parse(String(value))})/`
    case 'choice':
    case 'state':
    case 'status':
      return optionSetValue(Number(value))
    case 'choices':
      return String(value)
        .split(',')
        .map((code) => optionSetValue(Number(code)))
    default:
      return value
  }
}

function optionSetValue(value: number): object {
  return { __type: `OptionSetValue:${CONTRACTS}`, Value: value }
}

function bareReference(table: string, id: Value, name: string | null): object {
  return { Id: id, KeyAttributes: [], LogicalName: table, Name: name, RowVersion: null }
}

function typedReference(table: string, id: string, name: string | null): object {
  return { __type: `EntityReference:${CONTRACTS}`, ...bareReference(table, id, name) }
}

function referenceTo({ schema, id }: { readonly schema: TableSchema; readonly id: string }): object {
  return typedReference(schema.logicalName, id, null)
}

function entityOf(write: RowWrite, attributes: readonly Attribute[], rowVersion: string | null) {
  return {
    __type: `Entity:${CONTRACTS}`,
    Attributes: attributes,
    EntityState: null,
    FormattedValues: [],
    Id: write.id,
    KeyAttributes: [],
    LogicalName: write.schema.logicalName,
    RelatedEntities: [],
    RowVersion: rowVersion,
  }
}
