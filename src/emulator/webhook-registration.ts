/** What Dataverse demands of service endpoints, steps and images when they are registered, changed and deleted. */
import { ApiError, badPayload, badRequest, notUnderstood } from './api-error.ts'
import { ASYNCHRONOUS, AUTH_TYPES, IMAGE_TYPES, POST_OPERATION, WEBHOOK_CONTRACT } from './hook-tables.ts'
import type { TableSchema, Value } from './schema.ts'
import type { DataverseState } from './state.ts'
import type { Row } from './table.ts'
import type { Transaction } from './transaction.ts'
import { parseSettings } from './webhook-secret.ts'

type Draft = Record<string, Value>

const RULES: ReadonlyMap<string, (state: DataverseState, row: Draft) => void> = new Map([
  ['serviceendpoint', settleEndpoint],
  ['sdkmessageprocessingstep', checkStep],
  ['sdkmessageprocessingstepimage', checkImage],
])

/** Whether the table's rows are customizations: they have no Append privileges (Dataverse: privileges to register webhooks). */
export function isRegistration(schema: TableSchema): boolean {
  return RULES.has(schema.logicalName)
}

/** Checks a registration as it will stand after the write; rows of other tables pass. Throws 400, or says what it does not know. */
export function settleRegistration(state: DataverseState, schema: TableSchema, row: Draft): void {
  RULES.get(schema.logicalName)?.(state, row)
}

/**
 * Deletes what belongs to a registration, before it goes itself: a step takes its images along. Throws 405 `0x80040227`
 * for an endpoint that steps still point at (Dataverse: deletion order is step, then endpoint; CannotDeleteDueToAssociation).
 */
export function clearRegistration(transaction: Transaction, schema: TableSchema, id: string): void {
  const { state } = transaction
  if (schema.logicalName === 'serviceendpoint') {
    if (state.table('sdkmessageprocessingstep').find(['eventhandler'], [id]).length === 0) return
    throw new ApiError(
      405,
      '0x80040227',
      'The object you tried to delete is associated with another object and cannot be deleted.',
    )
  }
  if (schema.logicalName !== 'sdkmessageprocessingstep') return
  const images = state.table('sdkmessageprocessingstepimage')
  for (const imageId of images.find(['sdkmessageprocessingstepid'], [id])) transaction.remove(images, imageId)
}

function settleEndpoint(state: DataverseState, row: Draft): void {
  requireAll(row, ['name', 'contract', 'url', 'authtype', 'authvalue'])
  if (row['contract'] !== WEBHOOK_CONTRACT) throw notUnderstood(`a service endpoint with contract ${row['contract']}`)
  if (!Object.values<Value>(AUTH_TYPES).includes(row['authtype'] ?? null)) {
    throw badRequest(`The authentication type ${row['authtype']} is not valid for a webhook.`)
  }
  const url = URL.canParse(String(row['url'])) ? new URL(String(row['url'])) : undefined
  if (url?.protocol !== 'https:' && url?.protocol !== 'http:') {
    throw badRequest('The url of a webhook must be an absolute http or https address.')
  }
  const secret = state.vault.open(row['authvalue']) ?? ''
  if (row['authtype'] !== AUTH_TYPES.webhookKey && parseSettings(secret) === undefined) {
    throw badRequest('The authvalue must be a settings list: <settings><setting name="…" value="…"/></settings>.')
  }
  row['isauthvalueset'] = true
}

/** The messages that rows raise here. */
const MESSAGES = ['Create', 'Update', 'Delete']

function checkStep(state: DataverseState, row: Draft): void {
  requireAll(row, ['stage', 'mode', 'sdkmessageid', 'eventhandler'])
  if (row['mode'] !== ASYNCHRONOUS) throw notUnderstood('a synchronous webhook step')
  if (row['stage'] !== POST_OPERATION) {
    throw badRequest('An asynchronous step must be registered in the post-operation stage (40).')
  }
  const message = messageOf(state, row)
  if (!MESSAGES.includes(message)) throw notUnderstood(`a webhook step on the message '${message}'`)
  const filterId = row['sdkmessagefilterid'] ?? null
  if (filterId === null) return
  const filter = state.table('sdkmessagefilter').get(String(filterId))
  if (filter?.['sdkmessageid'] !== row['sdkmessageid']) {
    throw badRequest('The sdkmessagefilterid does not belong to the sdkmessageid.')
  }
  checkColumns(state, filter, row['filteringattributes'])
}

function checkImage(state: DataverseState, row: Draft): void {
  requireAll(row, ['entityalias', 'imagetype', 'messagepropertyname', 'sdkmessageprocessingstepid'])
  const step = state.table('sdkmessageprocessingstep').get(String(row['sdkmessageprocessingstepid']))
  if (step === undefined) return
  const message = messageOf(state, step)
  // Observed on live environments: the image of a Create hangs on 'Id', every other one on 'Target'.
  if (row['messagepropertyname'] !== (message === 'Create' ? 'Id' : 'Target')) {
    throw new ApiError(
      400,
      '0x8004416b',
      `Message property name '${row['messagepropertyname']}' is not valid on message ${message}.`,
    )
  }
  const lacking = { Create: IMAGE_TYPES.pre, Delete: IMAGE_TYPES.post }[message]
  if (lacking !== undefined && (row['imagetype'] === lacking || row['imagetype'] === IMAGE_TYPES.both)) {
    throw badRequest(`An image of this type does not exist for the message ${message}.`)
  }
  const filter = state.table('sdkmessagefilter').get(String(step['sdkmessagefilterid']))
  checkColumns(state, filter, row['attributes'])
}

function messageOf(state: DataverseState, step: Row): string {
  return String(state.table('sdkmessage').get(String(step['sdkmessageid']))?.['name'])
}

/** A misspelt column would never fire: refused here (inferred), so that a test finds it. */
function checkColumns(state: DataverseState, filter: Row | undefined, list: Value | undefined): void {
  if (filter === undefined || typeof list !== 'string') return
  const { columns, logicalName } = state.table(String(filter['primaryobjecttypecode'])).schema
  for (const name of columnList(list)) {
    if (!columns.has(name)) throw badRequest(`'${logicalName}' entity doesn't contain attribute with Name = '${name}'.`)
  }
}

/** The names of a comma list. */
export function columnList(list: string): readonly string[] {
  return list
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '')
}

function requireAll(row: Draft, names: readonly string[]): void {
  for (const name of names) {
    if ((row[name] ?? null) === null) throw badPayload(`Required field '${name}' is missing.`)
  }
}
