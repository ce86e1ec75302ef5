/** The port to Dataverse's event registrations: service endpoints, their steps, the steps' images, and who may change them. */

import { CodedError } from '../lib/errors.ts'
import type { JsonValue } from '../record/record.ts'
import { answered, type Connection, getObject, refusal, unanswered } from './connection.ts'
import type { Guid, Row } from './dataverse.ts'
import { parseApiError } from './errors.ts'
import { guidOf, isGuid, objectsOf } from './json.ts'
import { named } from './read.ts'
import { rowOf } from './rows.ts'
import { privileges, roles } from './users.ts'

/** The tables of a registration (Dataverse: register webhooks). */
export const REGISTRATION_TABLES = {
  endpoint: { set: 'serviceendpoints', primaryId: 'serviceendpointid', schemaName: 'ServiceEndpoint' },
  step: {
    set: 'sdkmessageprocessingsteps',
    primaryId: 'sdkmessageprocessingstepid',
    schemaName: 'SdkMessageProcessingStep',
  },
  image: {
    set: 'sdkmessageprocessingstepimages',
    primaryId: 'sdkmessageprocessingstepimageid',
    schemaName: 'SdkMessageProcessingStepImage',
  },
} as const

export type RegistrationTable = keyof typeof REGISTRATION_TABLES

/** Where a step hangs: the message, and the message on one table. */
export interface MessageIds {
  readonly messageId: Guid
  readonly filterId: Guid
}

/** Every member throws `CodedError`: `forbidden`, `dataverse-rejects-request`, `dataverse-unavailable`, … */
export interface WebhookRegistry {
  /** Of these privileges those that the application user holds, by roles of its own and of its teams. */
  privilegesHeld(names: readonly string[], signal: AbortSignal): Promise<ReadonlySet<string>>
  /** Whether the application user has the role System Administrator itself; roles that a team lends are not seen. */
  isAdministrator(signal: AbortSignal): Promise<boolean>
  /** The service endpoints that are webhooks and have this name. */
  endpoints(name: string, select: readonly string[], signal: AbortSignal): Promise<Row[]>
  stepsOf(endpoint: Guid, select: readonly string[], signal: AbortSignal): Promise<Row[]>
  imagesOf(step: Guid, select: readonly string[], signal: AbortSignal): Promise<Row[]>
  /** @throws CodedError `dataverse-rejects-request` where the table raises no such message */
  messageIds(table: string, message: string, signal: AbortSignal): Promise<MessageIds>
  /** Failed deliveries of a step that Dataverse still remembers (system jobs), at most `most`. */
  failedDeliveries(step: Guid, most: number, signal: AbortSignal): Promise<number>
  /** Answers the new row's id. Never repeated: a look finds what an answer that was lost left behind. */
  create(table: RegistrationTable, columns: Readonly<Record<string, JsonValue>>, signal: AbortSignal): Promise<Guid>
  update(
    table: RegistrationTable,
    id: Guid,
    columns: Readonly<Record<string, JsonValue>>,
    signal: AbortSignal,
  ): Promise<void>
  /** A row that is gone already is as good. */
  remove(table: RegistrationTable, id: Guid, signal: AbortSignal): Promise<void>
}

const WEBHOOK_CONTRACT = 8
/** `statuscode` of a system job that failed. */
const JOB_FAILED = 31

/** The port over a connection; `whoAmI` tells our own systemuserid. */
export function webhooksOver(
  connection: Connection,
  whoAmI: (signal: AbortSignal) => Promise<{ readonly userId: Guid }>,
): WebhookRegistry {
  const list = async (path: string, what: string, signal: AbortSignal, headers: Record<string, string> = {}) =>
    objectsOf(await getObject(connection, path, what, signal, headers), 'value')
  const rows = async (table: RegistrationTable, path: string, signal: AbortSignal) => {
    const what = `read ${table}s of a webhook`
    // Registrations are cached: a look right after a change must see it.
    const items = await list(path, what, signal, { consistency: 'Strong' })
    return items.map((item) => rowOf(item, REGISTRATION_TABLES[table].primaryId, what))
  }
  const selecting = (select: readonly string[]) => `$select=${select.map((name) => named(name, 'select')).join(',')}`
  return {
    ...whoMay(connection, whoAmI),
    endpoints: (name, select, signal) => {
      const filter = `contract eq ${WEBHOOK_CONTRACT} and name eq '${name.replaceAll("'", "''")}'`
      const { set, primaryId } = REGISTRATION_TABLES.endpoint
      const query = `${selecting([primaryId, ...select])}&$filter=${encodeURIComponent(filter)}`
      return rows('endpoint', `${set}?${query}&$orderby=${primaryId}`, signal)
    },
    stepsOf: (endpoint, select, signal) => {
      const path = `serviceendpoints(${checked(endpoint)})/serviceendpoint_sdkmessageprocessingstep`
      const query = selecting([REGISTRATION_TABLES.step.primaryId, ...select])
      return rows('step', `${path}?${query}&$orderby=${REGISTRATION_TABLES.step.primaryId}`, signal)
    },
    imagesOf: (step, select, signal) => {
      const { set, primaryId } = REGISTRATION_TABLES.image
      const filter = encodeURIComponent(`_sdkmessageprocessingstepid_value eq ${checked(step)}`)
      const query = selecting([primaryId, ...select])
      return rows('image', `${set}?${query}&$filter=${filter}&$orderby=${primaryId}`, signal)
    },
    async messageIds(table, message, signal) {
      const what = `look up the message ${message} of ${named(table, 'table')}`
      const filter = `primaryobjecttypecode eq '${table}' and sdkmessageid/name eq '${named(message, 'message')}'`
      const path = `sdkmessagefilters?$select=sdkmessagefilterid,_sdkmessageid_value&$filter=${encodeURIComponent(filter)}`
      const [found] = await list(path, what, signal)
      const messageId = guidOf(found?.['_sdkmessageid_value'])
      const filterId = guidOf(found?.['sdkmessagefilterid'])
      if (messageId !== undefined && filterId !== undefined) return { messageId, filterId }
      throw refusal(what, { status: 404, code: '', message: 'no such message on this table', wellFormed: true })
    },
    async failedDeliveries(step, most, signal) {
      const filter = `statuscode eq ${JOB_FAILED} and _owningextensionid_value eq ${checked(step)}`
      const path = `asyncoperations?$select=asyncoperationid&$filter=${encodeURIComponent(filter)}&$top=${most}`
      return (await list(path, 'count failed deliveries', signal)).length
    },
    ...writing(connection),
  }
}

function whoMay(
  connection: Connection,
  whoAmI: (signal: AbortSignal) => Promise<{ readonly userId: Guid }>,
): Pick<WebhookRegistry, 'privilegesHeld' | 'isAdministrator'> {
  return {
    async privilegesHeld(names, signal) {
      const { userId } = await whoAmI(signal)
      const asked = names.map((name) => named(name, 'privilege'))
      return new Set((await privileges(connection, userId, asked, signal)).keys())
    },
    async isAdministrator(signal) {
      const { userId } = await whoAmI(signal)
      try {
        return (await roles(connection, userId, signal)).some(({ isAdministrator }) => isAdministrator)
      } catch (error) {
        // An administrator may read everything: who may not is none.
        if (error instanceof CodedError && error.code === 'forbidden') return false
        throw error
      }
    },
  }
}

function writing(connection: Connection): Pick<WebhookRegistry, 'create' | 'update' | 'remove'> {
  /** The secret is in the columns, so nothing that a refusal quotes of them is told. */
  const send = async (
    what: string,
    {
      method,
      path,
      columns,
    }: { method: 'POST' | 'PATCH' | 'DELETE'; path: string; columns?: Readonly<Record<string, JsonValue>> },
    signal: AbortSignal,
  ) => {
    const values = Object.values(columns ?? {}).filter((value) => typeof value === 'string')
    const request = {
      method,
      path,
      what,
      repeatable: method !== 'POST',
      writes: 1,
      headers: method === 'PATCH' ? { 'if-match': '*' } : {},
      ...(columns && { body: JSON.stringify(columns) }),
    }
    const reply = await answered(what, () => connection.send(request, signal))
    const gone = method === 'DELETE' && reply.status === 404
    if (gone || (reply.status >= 200 && reply.status < 300)) return reply
    throw refusal(what, parseApiError(reply.status, reply.body), values)
  }
  return {
    async create(table, columns, signal) {
      const what = `create the ${table} of a webhook`
      const { set } = REGISTRATION_TABLES[table]
      const reply = await send(what, { method: 'POST', path: set, columns }, signal)
      const id = guidOf(/\(([0-9a-fA-F-]{36})\)$/.exec(reply.headers['odata-entityid'] ?? '')?.[1])
      if (id === undefined) throw unanswered(what, 'an answer without the id of the new row')
      return id
    },
    async update(table, id, columns, signal) {
      const path = `${REGISTRATION_TABLES[table].set}(${checked(id)})`
      await send(`update the ${table} of a webhook`, { method: 'PATCH', path, columns }, signal)
    },
    async remove(table, id, signal) {
      const path = `${REGISTRATION_TABLES[table].set}(${checked(id)})`
      await send(`remove the ${table} of a webhook`, { method: 'DELETE', path }, signal)
    },
  }
}

/** Only GUIDs reach a URL. */
function checked(id: Guid): Guid {
  if (isGuid(id)) return id
  throw unanswered('read a webhook', 'an id that is no GUID')
}
