/** The columns of a consent row that we create or update (semantics §6.5). */

import type { Guid, TableMetadata } from '../dataverse/dataverse.ts'
import type { Complaint } from '../lib/errors.ts'
import type { JsonValue } from '../record/record.ts'
import { CHANNEL_CODES } from './contact-point.ts'
import { reasonText } from './reason.ts'
import { consentValue, type WantedSlot } from './slot.ts'

const CONSENT_TYPES = { purpose: 534120000, topic: 534120001 } as const
/** `msdynmkt_source` "Internal" and `msdynmkt_logicalreason` "No reasons": Microsoft's own values for external writers. */
const SOURCE_INTERNAL = 534120000
const NO_REASONS = 534119999

/** Navigation properties and entity sets as metadata names them: their case matters (Dataverse: lookups). */
export interface ConsentBindings {
  readonly purpose: string
  readonly purposeSet: string
  readonly topic: string
  readonly topicSet: string
}

/** Reads the bindings from metadata, or says which lookup is missing. */
export function consentBindings(
  consents: TableMetadata,
  purposes: TableMetadata,
  topics: TableMetadata,
): ConsentBindings | Complaint {
  const navigation = (column: string, table: TableMetadata) =>
    consents.lookups.get(column)?.find((lookup) => lookup.table === table.logicalName)?.navigation
  const purpose = navigation('msdynmkt_purposeid', purposes)
  const topic = navigation('msdynmkt_topicid', topics)
  if (purpose === undefined || topic === undefined) {
    return {
      where: `table ${consents.logicalName}`,
      found: `no lookup ${purpose === undefined ? 'msdynmkt_purposeid' : 'msdynmkt_topicid'} to the expected table`,
      expected: 'the consent table of Customer Insights – Journeys (msdynmkt_contactpointconsent4)',
      remedy: 'Check `tables` in the configuration and that the consent solution is installed.',
    }
  }
  return { purpose, purposeSet: purposes.entitySetName, topic, topicSet: topics.entitySetName }
}

export type Owner = 'purpose-owner' | 'default' | { readonly team: Guid } | { readonly user: Guid }

type Columns = Readonly<Record<string, JsonValue>>

/** The columns that every write sets: value, reason, logical reason, source. */
export function updatedColumns({ statement }: WantedSlot, run: string): Columns {
  return {
    msdynmkt_value: consentValue(statement.value),
    msdynmkt_reason: reasonText(statement, statement.event, run),
    msdynmkt_logicalreason: NO_REASONS,
    msdynmkt_source: SOURCE_INTERNAL,
  }
}

/** The columns of a new row. */
export function createdColumns(wanted: WantedSlot, run: string, bindings: ConsentBindings, owner: Owner): Columns {
  const { channel, address, entry } = wanted.slot
  return {
    msdynmkt_contactpointvalue: address,
    msdynmkt_contactpointtype: CHANNEL_CODES[channel],
    msdynmkt_contactpointconsenttype: CONSENT_TYPES[entry.kind],
    ...updatedColumns(wanted, run),
    [`${bindings.purpose}@odata.bind`]: `/${bindings.purposeSet}(${entry.purpose.id})`,
    ...(entry.kind === 'topic' ? { [`${bindings.topic}@odata.bind`]: `/${bindings.topicSet}(${entry.id})` } : {}),
    ...ownerColumn(owner, entry.purpose.owner),
  }
}

function ownerColumn(owner: Owner, purposeOwner: { readonly kind: 'team' | 'user'; readonly id: Guid }): Columns {
  const bind = (set: 'teams' | 'systemusers', id: Guid) => ({ 'ownerid@odata.bind': `/${set}(${id})` })
  if (owner === 'default') return {}
  if (owner === 'purpose-owner') return bind(purposeOwner.kind === 'team' ? 'teams' : 'systemusers', purposeOwner.id)
  return 'team' in owner ? bind('teams', owner.team) : bind('systemusers', owner.user)
}

/** Is this row of this slot's purpose or topic and consent type? Address and channel are checked by the reader. */
export function consentTypeOf(kind: 'purpose' | 'topic'): number {
  return CONSENT_TYPES[kind]
}
