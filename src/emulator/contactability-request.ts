/** The question "may this address be sent this message?" as it comes over HTTP, and the rows it is answered from. */
import { ApiError } from './api-error.ts'
import { isGuid } from './column-value.ts'
import { type Channel, type Contactability, contactability } from './contactability.ts'
import { COMPLIANCE_PROFILE_ID } from './seed-ids.ts'
import type { DataverseState } from './state.ts'
import type { Row } from './table.ts'

/** `sms` is what marketers call the channel that the table names text message. */
const CHANNELS: ReadonlyMap<string, Channel> = new Map([
  ['email', 'email'],
  ['text', 'text'],
  ['sms', 'text'],
  ['custom', 'custom'],
  ['voice', 'voice'],
])
const PARAMETERS = ['address', 'purpose', 'topic', 'channel', 'profile', 'businessUnit', 'contact']

/**
 * `address`, `purpose` and `channel` must be given; `topic`, `contact`, `profile` (the message's compliance profile) and
 * `businessUnit` (in the place of the profile's) may be. Throws 400 for a missing, unknown or malformed parameter and
 * for a topic of another purpose, 404 for an id that no row has.
 */
export function askContactability(state: DataverseState, query: URLSearchParams): Contactability {
  for (const name of new Set(query.keys())) {
    if (!PARAMETERS.includes(name)) throw refusal(`There is no parameter '${name}', only ${PARAMETERS.join(', ')}.`)
    if (query.getAll(name).length > 1) throw refusal(`The parameter '${name}' was given more than once.`)
  }
  const address = required(query, 'address')
  // An unencoded plus arrives as a blank, and would quietly be another address.
  if (address.startsWith(' ')) throw refusal("The address starts with a blank; write '+' as %2B.")
  const channel = CHANNELS.get(required(query, 'channel'))
  if (channel === undefined) throw refusal(`The channel must be one of ${[...CHANNELS.keys()].join(', ')}.`)
  const purpose = rowOf(state, 'purpose', 'msdynmkt_purpose', required(query, 'purpose'))
  const topic = namedRow(state, query, 'topic', 'msdynmkt_topic')
  const contact = namedRow(state, query, 'contact', 'contact')
  if (topic !== undefined && topic['msdynmkt_purposeid'] !== purpose['msdynmkt_purposeid']) {
    throw refusal('The topic belongs to another purpose.')
  }
  const consents = state.table('msdynmkt_contactpointconsent4')
  const rows = consents
    .find(['msdynmkt_contactpointvalue'], [address])
    .map((id) => consents.get(id))
    .filter((row) => row !== undefined)
  const profileUnitId = unitOf(state, query)
  return contactability({ channel, address, purpose, topic, consents: rows, profileUnitId, contact }, state.journeys)
}

function required(query: URLSearchParams, name: string): string {
  const value = query.get(name) ?? ''
  if (value === '') throw refusal(`The parameter '${name}' is missing.`)
  return value
}

function rowOf(state: DataverseState, name: string, table: string, id: string): Row {
  if (!isGuid(id)) throw refusal(`The parameter '${name}' must be a GUID.`)
  const row = state.table(table).get(id.toLowerCase())
  if (row === undefined) throw new ApiError(404, '', `There is no ${name} '${id}' in the table '${table}'.`)
  return row
}

/** Undefined where the parameter was not given. */
function namedRow(state: DataverseState, query: URLSearchParams, name: string, table: string): Row | undefined {
  const id = query.get(name)
  return id === null ? undefined : rowOf(state, name, table, id)
}

/** The named business unit, else the named profile's, else that of the product's own profile. */
function unitOf(state: DataverseState, query: URLSearchParams): string | null {
  const unit = namedRow(state, query, 'businessUnit', 'businessunit')
  const profile = namedRow(state, query, 'profile', 'msdynmkt_compliancesettings4')
  if (unit !== undefined) return String(unit['businessunitid'])
  const effective = profile ?? state.table('msdynmkt_compliancesettings4').get(COMPLIANCE_PROFILE_ID)
  const owning = effective?.['owningbusinessunit']
  return typeof owning === 'string' ? owning : null
}

function refusal(message: string): ApiError {
  return new ApiError(400, '', message)
}
