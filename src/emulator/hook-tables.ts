/** The tables of the event pipeline: where events go, which steps send them, with which images, and what became of it. */
import {
  boolean,
  choice,
  column,
  datetime,
  integer,
  lookup,
  lookupTargets,
  options,
  table,
  text,
} from './column-kinds.ts'
import type { ChoiceOption, TableSchema } from './schema.ts'

/** Most characters of the secret (Dataverse: serviceendpoint). */
const MAX_AUTH_VALUE = 2_048
/** Most characters of the list of filtering columns (Dataverse: sdkmessageprocessingstep). */
const MAX_FILTERING = 100_000

/** `contract` of a webhook (Dataverse: serviceendpoint). */
export const WEBHOOK_CONTRACT = 8
/** The three ways a webhook proves itself (Dataverse: serviceendpoint `authtype`). */
export const AUTH_TYPES = { webhookKey: 4, httpHeader: 5, httpQueryString: 6 } as const
/** `stage` of PostOperation. */
export const POST_OPERATION = 40
/** `mode` of an asynchronous step. */
export const ASYNCHRONOUS = 1
/** `imagetype` of a step image. */
export const IMAGE_TYPES = { pre: 0, post: 1, both: 2 } as const
/** `statecode` of a finished system job. */
export const JOB_COMPLETED = 3
/** `statuscode` of system jobs (Dataverse: asyncoperation). */
export const JOB_STATUS = { waitingForResources: 0, inProgress: 20, succeeded: 30, failed: 31 } as const

/** Definitions of the event pipeline's tables, fresh each time. */
export function hookTables(): TableSchema[] {
  return [serviceEndpoint(), step(), image(), job()]
}

function serviceEndpoint(): TableSchema {
  const contracts = options([1, 'One-Way'], [2, 'Queue'], [3, 'Rest'], [4, 'Two-Way'], [5, 'Topic'], [7, 'Event Hub'])
  const authTypes = options([1, 'ACS'], [2, 'SAS Key'], [3, 'SAS Token'], [4, 'Webhook Key'], [5, 'Http Header'])
  const schema = table({
    logicalName: 'serviceendpoint',
    schemaName: 'ServiceEndpoint',
    entitySetName: 'serviceendpoints',
    displayName: 'Service Endpoint',
    objectTypeCode: 4618,
    primaryName: 'name',
    ownership: 'OrganizationOwned',
    columns: [
      text('name', 256, { required: 'SystemRequired' }),
      text('url', 2_000),
      text('description', 2_000),
      choice('contract', [...contracts, ...options([WEBHOOK_CONTRACT, 'Webhook'])], { required: 'SystemRequired' }),
      choice('authtype', [...authTypes, ...options([AUTH_TYPES.httpQueryString, 'Http Query String'])]),
      text('authvalue', MAX_AUTH_VALUE, { writeOnly: true }),
      boolean('isauthvalueset', false, { readOnly: true }),
      choice('messageformat', options([1, 'Binary XML'], [2, 'Json'], [3, 'Text XML'])),
      choice('userclaim', options([1, 'None'], [2, 'User Id'])),
      choice('connectionmode', options([1, 'Normal'], [2, 'Federated']), { defaultValue: 1 }),
    ],
  })
  return stateless(schema)
}

function step(): TableSchema {
  const stages = options(
    [10, 'Pre-validation'],
    [20, 'Pre-operation'],
    [30, 'Main'],
    [POST_OPERATION, 'Post-operation'],
  )
  const schema = table({
    logicalName: 'sdkmessageprocessingstep',
    schemaName: 'SdkMessageProcessingStep',
    entitySetName: 'sdkmessageprocessingsteps',
    displayName: 'Sdk Message Processing Step',
    objectTypeCode: 4608,
    primaryName: 'name',
    ownership: 'OrganizationOwned',
    columns: [
      text('name', 256),
      text('description', 256),
      text('configuration', 10_000),
      text('filteringattributes', MAX_FILTERING),
      choice('stage', stages, { required: 'SystemRequired' }),
      choice('mode', options([0, 'Synchronous'], [ASYNCHRONOUS, 'Asynchronous']), { required: 'SystemRequired' }),
      integer('rank', { defaultValue: 1 }),
      choice('supporteddeployment', options([0, 'Server Only'], [1, 'Client Only'], [2, 'Both']), { defaultValue: 0 }),
      boolean('asyncautodelete'),
      lookup('eventhandler', { serviceendpoint: 'eventhandler_serviceendpoint' }, { required: 'SystemRequired' }),
      lookup('sdkmessageid', { sdkmessage: 'sdkmessageid' }, { required: 'SystemRequired' }),
      lookup('sdkmessagefilterid', { sdkmessagefilter: 'sdkmessagefilterid' }),
      lookup('impersonatinguserid', { systemuser: 'impersonatinguserid' }),
    ],
  })
  const reasons = [
    { value: 1, label: 'Enabled', state: 0 },
    { value: 2, label: 'Disabled', state: 1 },
  ]
  return withStates(schema, options([0, 'Enabled'], [1, 'Disabled']), reasons)
}

function image(): TableSchema {
  const { pre, post, both } = IMAGE_TYPES
  const schema = table({
    logicalName: 'sdkmessageprocessingstepimage',
    schemaName: 'SdkMessageProcessingStepImage',
    entitySetName: 'sdkmessageprocessingstepimages',
    displayName: 'Sdk Message Processing Step Image',
    objectTypeCode: 4615,
    primaryName: 'name',
    ownership: 'OrganizationOwned',
    columns: [
      text('name', 256),
      text('description', 256),
      text('entityalias', 256, { required: 'SystemRequired' }),
      text('messagepropertyname', 256, { required: 'SystemRequired' }),
      text('attributes', MAX_FILTERING),
      choice('imagetype', options([pre, 'PreImage'], [post, 'PostImage'], [both, 'Both']), {
        required: 'SystemRequired',
      }),
      lookup(
        'sdkmessageprocessingstepid',
        { sdkmessageprocessingstep: 'sdkmessageprocessingstepid' },
        { required: 'SystemRequired' },
      ),
    ],
  })
  return stateless(schema)
}

function job(): TableSchema {
  const schema = table({
    logicalName: 'asyncoperation',
    schemaName: 'AsyncOperation',
    entitySetName: 'asyncoperations',
    displayName: 'System Job',
    objectTypeCode: 4700,
    primaryName: 'name',
    ownership: 'UserOwned',
    columns: [
      text('name', 256),
      choice('operationtype', options([1, 'System Event'])),
      text('messagename', 160),
      text('primaryentitytype', 64),
      column('uniqueidentifier', 'correlationid'),
      column('uniqueidentifier', 'requestid'),
      integer('depth'),
      integer('errorcode'),
      integer('retrycount'),
      column('memo', 'message'),
      column('memo', 'friendlymessage'),
      datetime('startedon'),
      datetime('completedon'),
      lookup('owningextensionid', { sdkmessageprocessingstep: 'owningextensionid' }),
      column('lookup', 'regardingobjectid', {
        targets: lookupTargets({
          contact: 'regardingobjectid_contact',
          account: 'regardingobjectid_account',
          msdynmkt_contactpointconsent4: 'regardingobjectid_msdynmkt_contactpointconsent4',
        }),
      }),
    ],
  })
  const states = options([0, 'Ready'], [1, 'Suspended'], [2, 'Locked'], [JOB_COMPLETED, 'Completed'])
  return withStates(schema, states, [
    { value: JOB_STATUS.waitingForResources, label: 'Waiting For Resources', state: 0 },
    { value: 10, label: 'Waiting', state: 1 },
    { value: JOB_STATUS.inProgress, label: 'In Progress', state: 2 },
    { value: 21, label: 'Pausing', state: 2 },
    { value: 22, label: 'Canceling', state: 2 },
    { value: JOB_STATUS.succeeded, label: 'Succeeded', state: JOB_COMPLETED },
    { value: JOB_STATUS.failed, label: 'Failed', state: JOB_COMPLETED },
    { value: 32, label: 'Canceled', state: JOB_COMPLETED },
  ])
}

function withStates(
  schema: TableSchema,
  states: readonly ChoiceOption[],
  reasons: readonly ChoiceOption[],
): TableSchema {
  const [first] = reasons
  const state = column('state', 'statecode', { options: states, defaultValue: 0, required: 'SystemRequired' })
  const status = column('status', 'statuscode', { options: reasons, defaultValue: first?.value ?? null })
  schema.columns.set('statecode', state)
  schema.columns.set('statuscode', status)
  return schema
}

function stateless(schema: TableSchema): TableSchema {
  schema.columns.delete('statecode')
  schema.columns.delete('statuscode')
  return schema
}
