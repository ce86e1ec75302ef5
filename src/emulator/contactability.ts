/**
 * May this address be sent this message? The answer of Customer Insights – Journeys, computed from rows alone. (Dataverse:
 * consent management, enforcement models, consent and business units; the truth table follows from their rules.)
 */
import type { EnforcementModel, JourneysSettings, PurposeType } from './journeys.ts'
import type { Value } from './schema.ts'
import type { Row } from './table.ts'

/** Where an address is reached. `custom` stands for every custom channel: the table has one value for all of them. */
export type Channel = 'email' | 'text' | 'custom' | 'voice'

/** All that is looked at; rows with every column under its logical name. */
export interface ContactabilityFacts {
  readonly channel: Channel
  readonly address: string
  readonly purpose: Row
  /** Undefined: the message has none. It must belong to the purpose. */
  readonly topic: Row | undefined
  /** Consent rows, active and inactive, whose address equals the asked one as the database compares. Others do no harm. */
  readonly consents: readonly Row[]
  /** The business unit of the message's compliance profile; null where there is no profile. */
  readonly profileUnitId: string | null
  /** Undefined where the address is not that of a contact: flags are looked at for contacts only. */
  readonly contact: Row | undefined
}

/** What the deciding row says; a row without a value counts as not set. */
export type ConsentState = 'opted-in' | 'opted-out' | 'not-set'

/** Whose rows decided. */
export type ConsentScope = 'purpose-unit' | 'profile-unit' | 'any-unit'

/** The consent of one purpose or topic. */
export interface ConsentFinding {
  readonly id: string
  readonly active: boolean
  readonly model: EnforcementModel
  /** `none` where no row was found; null where rows are not read, because the model is disabled. */
  readonly value: ConsentState | 'none' | null
  /** Id of the deciding row. */
  readonly row: string | null
  readonly scope: ConsentScope | null
}

/** Why; of several reasons to block, the first in the order purpose, topic, contact. */
export type ContactabilityReason =
  | 'enforcement-disabled'
  | 'opted-in'
  | 'not-opted-out'
  | 'purpose-opted-out'
  | 'purpose-not-opted-in'
  | 'purpose-inactive'
  | 'topic-opted-out'
  | 'topic-not-opted-in'
  | 'topic-inactive'
  | 'contact-donotemail'
  | 'contact-donotbulkemail'
  | 'contact-msgdpr_donottrack'

/** The answer, with what it rests on. */
export interface Contactability {
  readonly decision: 'send' | 'block'
  readonly reason: ContactabilityReason
  readonly channel: Channel
  readonly purpose: ConsentFinding & { readonly type: PurposeType }
  readonly topic: ConsentFinding | null
  /** Null where no contact was named; `checked` says whether its flags counted. */
  readonly contact: { readonly id: string; readonly checked: boolean } | null
}

const CHANNEL_VALUES: Readonly<Record<Channel, number>> = {
  email: 534120000,
  text: 534120001,
  custom: 534120002,
  voice: 534120003,
}
const MODEL_COLUMNS: Readonly<Record<Channel, string>> = {
  email: 'msdynmkt_enforcementmodel',
  text: 'msdynmkt_smsenforcementmodel',
  custom: 'msdynmkt_customenforcementmodel',
  voice: 'msdynmkt_voiceenforcementmodel',
}
const MODELS: ReadonlyMap<Value | undefined, EnforcementModel> = new Map([
  [534120000, 'restrictive'],
  [534120001, 'non-restrictive'],
  [534120002, 'disabled'],
])
const TYPES: ReadonlyMap<Value | undefined, PurposeType> = new Map([
  [534120000, 'commercial'],
  [534120001, 'transactional'],
  [534120002, 'tracking'],
])
const STATES: ReadonlyMap<Value | undefined, ConsentState> = new Map([
  [534120001, 'opted-in'],
  [534120002, 'opted-out'],
])
const PURPOSE_LEVEL = 534120000
const TOPIC_LEVEL = 534120001

/** Which flags of a contact forbid, by purpose; on e-mail alone, the other channels ignore them. True forbids. */
const FLAGS: Readonly<Record<PurposeType, readonly (readonly [string, ContactabilityReason])[]>> = {
  commercial: [
    ['donotemail', 'contact-donotemail'],
    ['donotbulkemail', 'contact-donotbulkemail'],
  ],
  transactional: [['donotemail', 'contact-donotemail']],
  tracking: [['msgdpr_donottrack', 'contact-msgdpr_donottrack']],
}

/** Decides from the facts alone. A topic is under its purpose's model and needs consent of both. */
export function contactability(facts: ContactabilityFacts, settings: JourneysSettings): Contactability {
  const { channel, purpose, topic, contact } = facts
  // A purpose must have a type, but the Web API lets it be missing; commercial is what the strictest rules apply to.
  const type = TYPES.get(purpose['msdynmkt_type']) ?? 'commercial'
  const model = modelOf(purpose, type, channel, settings)
  const ofPurpose = find(facts, settings, purpose, model, (row) => isOfPurpose(row, purpose))
  const ofTopic = topic && find(facts, settings, topic, model, (row) => isOfTopic(row, topic, purpose, settings))
  const obstacle =
    obstacleOf('purpose', ofPurpose, settings) ??
    (ofTopic && obstacleOf('topic', ofTopic, settings)) ??
    (settings.checkContactConsent ? flagOf(contact, type, channel) : undefined)
  return {
    decision: obstacle === undefined ? 'send' : 'block',
    reason: obstacle ?? PERMISSIONS[model],
    channel,
    purpose: { ...ofPurpose, type },
    topic: ofTopic ?? null,
    contact: contact === undefined ? null : { id: idOf(contact, 'contact'), checked: settings.checkContactConsent },
  }
}

const PERMISSIONS: Readonly<Record<EnforcementModel, ContactabilityReason>> = {
  restrictive: 'opted-in',
  'non-restrictive': 'not-opted-out',
  disabled: 'enforcement-disabled',
}

function modelOf(purpose: Row, type: PurposeType, channel: Channel, settings: JourneysSettings): EnforcementModel {
  const always = settings.commercialTextNeedsOptIn && type === 'commercial'
  if (always && (channel === 'text' || channel === 'custom')) return 'restrictive'
  return MODELS.get(purpose[MODEL_COLUMNS[channel]]) ?? settings.unsetModel[type]
}

function isOfPurpose(row: Row, purpose: Row): boolean {
  return (
    row['msdynmkt_contactpointconsenttype'] === PURPOSE_LEVEL &&
    row['msdynmkt_purposeid'] === idOf(purpose, 'msdynmkt_purpose')
  )
}

function isOfTopic(row: Row, topic: Row, purpose: Row, settings: JourneysSettings): boolean {
  return (
    row['msdynmkt_contactpointconsenttype'] === TOPIC_LEVEL &&
    row['msdynmkt_topicid'] === idOf(topic, 'msdynmkt_topic') &&
    (settings.topicRows === 'any-purpose' || row['msdynmkt_purposeid'] === idOf(purpose, 'msdynmkt_purpose'))
  )
}

function find(
  facts: ContactabilityFacts,
  settings: JourneysSettings,
  subject: Row,
  model: EnforcementModel,
  concerns: (row: Row) => boolean,
): ConsentFinding {
  const table = subject === facts.purpose ? 'msdynmkt_purpose' : 'msdynmkt_topic'
  const about = { id: idOf(subject, table), active: subject['statecode'] !== 1, model }
  if (model === 'disabled') return { ...about, value: null, row: null, scope: null }
  const rows = facts.consents.filter((row) => isAtAddress(row, facts, settings) && concerns(row))
  const deciding = decidingRow(rows, facts, settings)
  if (deciding === undefined) return { ...about, value: 'none', row: null, scope: null }
  const { row, scope } = deciding
  const value = STATES.get(row['msdynmkt_value']) ?? 'not-set'
  return { ...about, value, row: idOf(row, 'msdynmkt_contactpointconsent4'), scope }
}

/** Inactive rows count like active ones. (Dataverse: deactivating a row does not change enforcement.) */
function isAtAddress(row: Row, { channel, address }: ContactabilityFacts, settings: JourneysSettings): boolean {
  if (row['msdynmkt_contactpointtype'] !== CHANNEL_VALUES[channel]) return false
  const value = row['msdynmkt_contactpointvalue']
  if (settings.addresses === 'exact' && value !== address) return false
  // Text messages go to numbers in the international format alone; another row is never met when a message is sent.
  return channel !== 'text' || (typeof value === 'string' && value.startsWith('+'))
}

/** The rows of the purpose's business unit, else the profile's, else (without scoping) any; of those the newest. */
function decidingRow(
  rows: readonly Row[],
  { purpose, profileUnitId }: ContactabilityFacts,
  { businessUnitScoping }: JourneysSettings,
): { readonly row: Row; readonly scope: ConsentScope } | undefined {
  const of = (unitId: Value | undefined) => rows.filter((row) => isSet(unitId) && row['owningbusinessunit'] === unitId)
  const tiers: readonly (readonly [ConsentScope, readonly Row[]])[] = [
    ['purpose-unit', of(purpose['owningbusinessunit'])],
    ['profile-unit', of(profileUnitId)],
    ['any-unit', businessUnitScoping ? [] : rows],
  ]
  for (const [scope, candidates] of tiers) {
    const row = newest(candidates)
    if (row !== undefined) return { row, scope }
  }
  return undefined
}

function isSet(value: Value | undefined): boolean {
  return value !== null && value !== undefined
}

/** Modified last; within one second, which is all that `modifiedon` shows, the higher version number. */
function newest(rows: readonly Row[]): Row | undefined {
  let best: Row | undefined
  for (const row of rows) if (best === undefined || isNewer(row, best)) best = row
  return best
}

function isNewer(row: Row, than: Row): boolean {
  const [a, b] = [Date.parse(String(row['modifiedon'])), Date.parse(String(than['modifiedon']))]
  return a === b ? Number(row['versionnumber']) > Number(than['versionnumber']) : a > b
}

function obstacleOf(
  subject: 'purpose' | 'topic',
  { active, model, value }: ConsentFinding,
  settings: JourneysSettings,
): ContactabilityReason | undefined {
  if (!active && settings.inactivePurposes === 'block') return `${subject}-inactive`
  if (value === 'opted-out') return `${subject}-opted-out`
  return model === 'restrictive' && value !== 'opted-in' ? `${subject}-not-opted-in` : undefined
}

function flagOf(contact: Row | undefined, type: PurposeType, channel: Channel): ContactabilityReason | undefined {
  if (contact === undefined || channel !== 'email') return undefined
  return FLAGS[type].find(([column]) => contact[column] === true)?.[1]
}

function idOf(row: Row, table: string): string {
  return String(row[`${table}id`])
}
