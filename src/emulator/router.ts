/** From a Web API request to its handler, with the faults and refusals that strike inside the service. */
import { ApiError, badRequest, badSyntax, notUnderstood } from './api-error.ts'
import { type ApiReply, type ApiRequest, errorReply } from './api-message.ts'
import { batch, type PartRunner } from './batch.ts'
import { BULK_MESSAGES, bulk, bulkUnavailable, countTargets } from './bulk.ts'
import { isoSeconds } from './clock.ts'
import { tally } from './counters.ts'
import { type FaultAction, type FaultSubject, TRANSPORT_FAULTS } from './faults.ts'
import { scriptedEdit } from './foreign-edit.ts'
import { privilegesByNames, totalRecordCount, whoAmI } from './functions.ts'
import { requireNamed } from './identity.ts'
import { metadata } from './metadata.ts'
import { countRows, splitProperty, writeProperty } from './property-requests.ts'
import { decode } from './query-options.ts'
import { retrieveRelated, splitRelated } from './related-rows.ts'
import { retrieve, retrieveMultiple } from './retrieve.ts'
import { addPrivileges, rolePrivileges } from './role-requests.ts'
import { parseRowKey, splitAddress } from './row-key.ts'
import { create, patch, remove, type WriteScope } from './row-requests.ts'
import { statusReply } from './scripted-reply.ts'
import type { DataverseState } from './state.ts'

const METADATA = /^(?:Entity|Relationship|GlobalOptionSet)Definitions/
const WRITES = new Set(['Create', 'Update', 'Upsert', 'Delete', 'AddPrivilegesRole', ...BULK_MESSAGES])

/** The name of the operation, as faults match it and counters list it. */
export function messageOf(method: string, path: string, headers: ReadonlyMap<string, string>): string {
  if (path === '$batch') return 'Batch'
  if (METADATA.test(path)) return 'Metadata'
  const bound = /Microsoft\.Dynamics\.CRM\.(\w+)/.exec(path)?.[1]
  if (bound !== undefined) return bound
  const keyed = path.includes('(')
  if (/^(WhoAmI|RetrieveTotalRecordCount|RetrieveRolePrivilegesRole)/.test(path)) return path.replace(/\(.*$/s, '')
  if (method === 'POST') return 'Create'
  if (method === 'DELETE') return splitProperty(path) === undefined ? 'Delete' : 'Update'
  if (method === 'PUT') return 'Update'
  if (method === 'PATCH') return headers.has('if-match') ? 'Update' : 'Upsert'
  return keyed ? 'Retrieve' : 'RetrieveMultiple'
}

/** Whether a request changes rows; a batch does if any part does, which its text shows. */
export function isWrite(message: string, body: string): boolean {
  if (message !== 'Batch') return WRITES.has(message)
  return /^(POST|PATCH|PUT|DELETE) /m.test(body)
}

/** A request as faults are matched against it. */
export function subjectOf(method: string, message: string, target: string, body: string): FaultSubject {
  const isBulk = BULK_MESSAGES.some((name) => name === message)
  return {
    method,
    message,
    target,
    body,
    isWrite: isWrite(message, body),
    targets: () => (isBulk ? countTargets(body) : 0),
  }
}

/** Answers one request, alone or as a part of a batch. Every refusal becomes a reply; other errors are defects. */
export function answer(state: DataverseState, request: ApiRequest, scope: WriteScope = {}): ApiReply {
  try {
    const message = messageOf(request.method, request.path, request.headers)
    tally(state.counters.operations, message)
    const subject = subjectOf(request.method, message, `${request.path}?${request.query}`, request.body)
    const inChangeSet = scope.transaction !== undefined
    const actions = state.faults.take(
      subject,
      (kind) => !TRANSPORT_FAULTS.has(kind) && kind !== 'token-reject' && !(inChangeSet && kind === 'edit-before'),
    )
    for (const action of actions) {
      const reply = strike(state, message, action)
      if (reply !== undefined) return reply
    }
    refuseUnknownHeaders(request)
    return route(state, request, scope)
  } catch (error) {
    if (!(error instanceof ApiError)) throw error
    if (error.notUnderstood) note(state, request, error.message)
    return errorReply(error.status, codeOf(state, error), error.message, errorDetails(request.headers.get('prefer')))
  }
}

/** Nobody else gets at a row that a change set holds, so such edits are done before it begins. */
function editBefore(state: DataverseState, request: ApiRequest): void {
  const message = messageOf(request.method, request.path, request.headers)
  const subject = subjectOf(request.method, message, `${request.path}?${request.query}`, request.body)
  for (const action of state.faults.take(subject, (kind) => kind === 'edit-before')) {
    if (action.kind === 'edit-before') scriptedEdit(state, action)
  }
}

/** Codes of 404 and 412 that samples of the vendor leave empty (Dataverse: error body, 4.4). */
const MAY_BE_EMPTY = new Set(['0x80040217', '0x80040237', '0x80060882'])

function codeOf({ settings }: DataverseState, { code }: ApiError): string {
  return settings.unknowns.conditionCodes === 'empty' && MAY_BE_EMPTY.has(code) ? '' : code
}

const ERROR_DETAILS = '@Microsoft.PowerApps.CDS.ErrorDetails.'

/** What an error tells beside code and message to whom asked for annotations (Dataverse: error body, 4.4). */
function errorDetails(prefer: string | undefined): Readonly<Record<string, string>> {
  const asked = /odata\.include-annotations\s*=\s*"?([^"]*)/i.exec(prefer ?? '')?.[1] ?? ''
  const wanted = asked.split(',').some((each) => each === '*' || each.startsWith(ERROR_DETAILS.slice(1)))
  return wanted ? { [`${ERROR_DETAILS}OperationStatus`]: '0' } : {}
}

function note(state: DataverseState, { method, path, query }: ApiRequest, message: string): void {
  state.counters.notUnderstood++
  const url = query === '' ? path : `${path}?${query}`
  const what = /^The emulator does not understand (.*)\.$/s.exec(message)?.[1] ?? message
  state.notUnderstood.note({ at: isoSeconds(state.clock.now()), method, url, what })
}

function strike(state: DataverseState, message: string, action: FaultAction): ApiReply | undefined {
  switch (action.kind) {
    case 'status':
      return statusReply(action)
    case 'deadlock':
      return errorReply(
        500,
        '0x80044150',
        'Generic SQL error. Sql ErrorCode: -2146232060 Sql Number: 1205 Transaction was deadlocked on lock resources with another process and has been chosen as the deadlock victim.',
      )
    case 'sql-timeout-above':
      return errorReply(500, '0x80044151', 'SQL timeout expired. Sql ErrorCode: -2146232060 Sql Number: -2')
    case 'bulk-unavailable':
      throw bulkUnavailable(message)
    case 'edit-before':
      scriptedEdit(state, action)
      return undefined
    default:
      return undefined
  }
}

/** `MSCRM.*` headers that do nothing here, with the privilege that using them needs. */
const CRM_HEADERS: ReadonlyMap<string, string | undefined> = new Map([
  ['mscrm.suppressduplicatedetection', undefined],
  ['mscrm.suppresscallbackregistrationexpanderjob', undefined],
  ['mscrm.solutionuniquename', undefined],
  ['mscrm.bypassbusinesslogicexecution', 'prvBypassCustomBusinessLogic'],
  ['mscrm.bypassbusinesslogicexecutionstepids', 'prvBypassCustomBusinessLogic'],
  ['mscrm.bypasscustompluginexecution', 'prvBypassCustomPlugins'],
])

function refuseUnknownHeaders(request: ApiRequest): void {
  for (const name of request.headers.keys()) {
    if (name === 'callerobjectid' || name === 'mscrmcallerid') throw notUnderstood(`the header '${name}'`)
    if (!name.startsWith('mscrm.')) continue
    if (!CRM_HEADERS.has(name)) throw notUnderstood(`the header '${name}'`)
    const privilege = CRM_HEADERS.get(name)
    if (privilege !== undefined) requireNamed(request.identity, privilege, 'organization')
  }
}

function route(state: DataverseState, request: ApiRequest, scope: WriteScope): ApiReply {
  const { method, path } = request
  if (path === '$batch') {
    if (method !== 'POST') throw new ApiError(405, '', 'The requested resource does not support this method.')
    const run: PartRunner['run'] = (part, partScope) => {
      if (part.path === '$batch') throw badRequest('A batch must not contain another batch.')
      return answer(state, part, partScope)
    }
    return batch(state, request, { run, editBefore: (part) => editBefore(state, part) })
  }
  if (METADATA.test(path)) return metadata(state, request)
  if (/^WhoAmI(\(\))?$/.test(path)) {
    if (method !== 'GET') throw new ApiError(404, '', 'No HTTP resource was found that matches the request URI.')
    return whoAmI(state, request)
  }
  if (path.startsWith('RetrieveTotalRecordCount(')) return totalRecordCount(state, request)
  if (path.startsWith('RetrieveRolePrivilegesRole(')) return rolePrivileges(state, request)
  if (path.includes('Microsoft.Dynamics.CRM.')) return boundCall(state, request, scope)
  return onTable(state, request, scope)
}

function boundCall(state: DataverseState, request: ApiRequest, scope: WriteScope): ApiReply {
  const match = /^(\w+)(\([^)]*\))?\/Microsoft\.Dynamics\.CRM\.(\w+)/.exec(decode(request.path))
  const table = state.tableOfSet(match?.[1] ?? '')
  const name = match?.[3] ?? ''
  const message = BULK_MESSAGES.find((each) => each === name)
  if (table !== undefined && message !== undefined && match?.[2] === undefined && request.method === 'POST') {
    return bulk(state, request, table, message, scope)
  }
  if (table !== undefined && message !== undefined && match?.[2] === undefined) {
    throw new ApiError(405, '', 'The requested resource does not support this method.')
  }
  if (name === 'RetrieveUserSetOfPrivilegesByNames' && request.method === 'GET') return privilegesByNames(request)
  const role = /^roles\(([\w-]+)\)\//.exec(request.path)?.[1]
  if (name === 'AddPrivilegesRole' && role !== undefined && request.method === 'POST') {
    return addPrivileges(state, request, role, scope)
  }
  throw notUnderstood(`the message '${name}' on this path`)
}

function onTable(state: DataverseState, request: ApiRequest, scope: WriteScope): ApiReply {
  const path = decode(request.path.replaceAll('+', '%2B'))
  const related = splitRelated(path)
  const parent = related && state.tableOfSet(related.set)
  if (related !== undefined && parent !== undefined && request.method === 'GET') {
    const reply = retrieveRelated(state, request, parent, related.key, related.name)
    if (reply !== undefined) return reply
  }
  const counted = /^(\w+)\/\$count$/.exec(path)?.[1]
  const all = counted === undefined ? undefined : state.tableOfSet(counted)
  if (all !== undefined && request.method === 'GET') return countRows(request, all)
  const property = splitProperty(path)
  const owner = property && state.tableOfSet(property.set)
  if (property !== undefined && owner !== undefined) return writeProperty(state, request, owner, property, scope)
  const address = splitAddress(path)
  const set = address?.set ?? path
  const table = state.tableOfSet(set)
  if (table === undefined) {
    if (/^\w+(\(.*\))?\/|^\$|Definitions\b|^$/s.test(path))
      throw notUnderstood(`the path '${path.replace(/\(.*\)/s, '(…)')}'`)
    if (path.includes('(') && address === undefined) throw badSyntax('Error in query syntax.')
    throw new ApiError(404, '0x80060888', `Resource not found for the segment '${set}'.`)
  }
  if (address === undefined) {
    if (request.method === 'GET') return retrieveMultiple(state, request, table)
    if (request.method === 'POST') return create(state, request, table, scope)
    throw new ApiError(405, '', 'The requested resource does not support this method.')
  }
  const key = parseRowKey(table, address.key)
  if (request.method === 'GET') return retrieve(state, request, table, key)
  if (request.method === 'PATCH') return patch(state, request, table, key, scope)
  if (request.method === 'DELETE') return remove(state, request, table, key, scope)
  if (request.method === 'POST') throw new ApiError(405, '', 'The requested resource does not support this method.')
  throw notUnderstood(`the method ${request.method} on a row`)
}
