/** An event as a caller posts it: read into a draft, or every complaint about it. */
import { type CatalogueSeed, unknownIds } from './didomi-catalogue.ts'
import { instantIn, isObject, type JsonObject, objectIn } from './didomi-json.ts'

/** What an organization demands of events. */
export interface EventRules {
  readonly organizationId: string
  /** The OpenAPI document requires more than the guides say. (Didomi: a conflict in its documentation.) */
  readonly requiredFields: 'guides' | 'openapi'
  readonly regulations: readonly string[]
  readonly catalogue: CatalogueSeed
}

/** An event that may be stored; what the caller left out is left out. */
export interface EventDraft {
  readonly id: string | undefined
  readonly createdAt: string | undefined
  readonly status: 'confirmed' | 'pending_approval'
  readonly regulation: string
  readonly user: JsonObject
  readonly consents: JsonObject
  readonly metadata: JsonObject
  readonly delegate: JsonObject | undefined
  readonly proofsId: readonly unknown[]
}

/** What is wrong with an event: paths and words, no value of it. */
export interface EventComplaints {
  readonly complaints: readonly string[]
  /** Whether the emulator, and not Didomi, does not know what was asked. */
  readonly notUnderstood: boolean
}

const KNOWN = new Set([
  'id',
  'organization_id',
  'created_at',
  'status',
  'regulation',
  'user',
  'consents',
  'metadata',
  'delegate',
  'proofs_id',
])

/** Reads one event of a request. */
export function readEvent(body: unknown, rules: EventRules): EventDraft | EventComplaints {
  if (!isObject(body)) return { complaints: ['an event must be an object'], notUnderstood: false }
  const unknown = Object.keys(body).filter((name) => !KNOWN.has(name))
  if (unknown.length > 0) return { complaints: unknown.map((name) => `the field ${name}`), notUnderstood: true }
  const complaints = [...missing(body, rules), ...wrong(body, rules)]
  if (complaints.length > 0) return { complaints, notUnderstood: false }
  const text = (name: string) => (typeof body[name] === 'string' ? body[name] : undefined)
  return {
    id: text('id'),
    createdAt: text('created_at'),
    status: body['status'] === 'pending_approval' ? 'pending_approval' : 'confirmed',
    regulation: text('regulation') ?? 'gdpr',
    user: objectIn(body['user']),
    consents: objectIn(body['consents']),
    metadata: objectIn(body['metadata']),
    delegate: isObject(body['delegate']) ? body['delegate'] : undefined,
    proofsId: Array.isArray(body['proofs_id']) ? body['proofs_id'] : [],
  }
}

/** Didomi: the guides call all of these optional but the choices, its OpenAPI document does not. */
function missing(body: JsonObject, { requiredFields }: EventRules): string[] {
  const required = requiredFields === 'guides' ? ['consents'] : ['consents', 'organization_id', 'created_at']
  const absent = required.filter((name) => body[name] === undefined)
  if (requiredFields === 'openapi') {
    if (objectIn(body['user'])['id'] === undefined) absent.push('user.id')
    if (objectIn(body['consents'])['vendors'] === undefined) absent.push('consents.vendors')
  }
  return absent.map((path) => `${path} is required`)
}

type Check = (value: unknown) => boolean

const isText: Check = (value) => typeof value === 'string' && value !== ''
const isChoice: Check = (value) => value === null || typeof value === 'boolean'
const textsOnly: Check = (value) => Array.isArray(value) && value.every((one) => typeof one === 'string')

/** Complaints about the members that are there; `checks` by name. */
function wrongMembers(value: unknown, path: string, checks: Readonly<Record<string, Check>>): string[] {
  if (!isObject(value)) return [`${path} must be an object`]
  const prefix = path === '' ? '' : `${path}.`
  return Object.entries(checks)
    .filter(([name, check]) => value[name] !== undefined && !check(value[name]))
    .map(([name]) => `${prefix}${name} is not valid`)
}

function wrong(body: JsonObject, rules: EventRules): string[] {
  const { organizationId, regulations, catalogue } = rules
  const own = wrongMembers(body, '', {
    id: isText,
    organization_id: (value) => value === organizationId,
    created_at: (value) => instantIn(value) !== undefined,
    status: (value) => value === 'confirmed' || value === 'pending_approval',
    regulation: (value) => typeof value === 'string' && regulations.includes(value),
    metadata: isObject,
    proofs_id: textsOnly,
  })
  const user = body['user'] === undefined ? [] : wrongUser(body['user'])
  const delegate = body['delegate'] === undefined ? [] : wrongDelegate(body['delegate'])
  const consents = body['consents'] === undefined ? [] : wrongConsents(body['consents'])
  const ids = consents.length > 0 ? [] : unknownIds(catalogue, objectIn(body['consents']))
  return [...own, ...user, ...delegate, ...consents, ...ids.map((path) => `${path} does not exist`)]
}

const wrongUser = (user: unknown) =>
  wrongMembers(user, 'user', {
    id: isText,
    organization_user_id: isText,
    metadata: isObject,
    country: (value) => value === null || (typeof value === 'string' && /^[A-Z]{2}$/.test(value)),
  })

/** Didomi: a delegate needs an id. */
const wrongDelegate = (delegate: unknown) => [
  ...wrongMembers(delegate, 'delegate', { id: isText, name: (value) => typeof value === 'string', metadata: isObject }),
  ...(isObject(delegate) && delegate['id'] === undefined ? ['delegate.id is required'] : []),
]

function wrongConsents(consents: unknown): string[] {
  const own = wrongMembers(consents, 'consents', {
    channels: Array.isArray,
    purposes: Array.isArray,
    vendors: isObject,
    tcfcs: (value) => value === null || typeof value === 'string',
  })
  if (own.length > 0) return own
  const { channels = [], purposes = [], vendors } = consents as JsonObject & { channels?: []; purposes?: [] }
  const lists = { enabled: textsOnly, disabled: textsOnly, enabled_li: textsOnly, disabled_li: textsOnly }
  return [
    ...wrongNodes(channels, 'consents.channels'),
    ...wrongNodes(purposes, 'consents.purposes'),
    ...(vendors === undefined ? [] : wrongMembers(vendors, 'consents.vendors', lists)),
  ]
}

const isValues: Check = (values) =>
  isObject(values) &&
  Object.values(values).every(
    (choice) => isObject(choice) && (choice['value'] === null || typeof choice['value'] === 'string'),
  )

/** Purposes, preferences and channels, with what stands below them. */
function wrongNodes(nodes: readonly unknown[], path: string): string[] {
  return nodes.flatMap((node, at) => {
    const here = `${path}[${at}]`
    const own = wrongMembers(node, here, {
      enabled: isChoice,
      enabled_li: isChoice,
      metadata: isObject,
      values: isValues,
      preferences: Array.isArray,
      channels: Array.isArray,
    })
    if (own.length > 0 || !isObject(node)) return own
    const below = ['preferences', 'channels'].flatMap((name) =>
      Array.isArray(node[name]) ? wrongNodes(node[name], `${here}.${name}`) : [],
    )
    return isText(node['id']) ? below : [`${here}.id is required`, ...below]
  })
}
