/** Purposes and topics of Customer Insights – Journeys: what consent rows point to. */

import type { Connection } from './connection.ts'
import type { Guid, PurposeRow, Row, TopicRow } from './dataverse.ts'
import { guidOf } from './json.ts'
import { readIn } from './read.ts'

/** `msdynmkt_type` of a purpose that is about tracking. */
const TRACKING = 534120002

/** `statecode` of an active row. */
const ACTIVE = 0

const OWNER_KIND = '_ownerid_value@Microsoft.Dynamics.CRM.lookuplogicalname'

/** A team or a user owns a row; the annotation says which, and so does the owning column that is filled. */
function ownerOf(row: Row): PurposeRow['owner'] | undefined {
  const id = guidOf(row.columns['_ownerid_value'])
  if (id === undefined) return undefined
  const kind = row.columns[OWNER_KIND]
  const team = kind === 'team' || (kind === undefined && guidOf(row.columns['_owningteam_value']) === id)
  return { kind: team ? 'team' : 'user', id }
}

function purposeOf(row: Row): PurposeRow[] {
  const owner = ownerOf(row)
  const businessUnitId = guidOf(row.columns['_owningbusinessunit_value'])
  if (owner === undefined || businessUnitId === undefined) return []
  const active = row.columns['statecode'] === ACTIVE
  return [{ id: row.id, active, tracking: row.columns['msdynmkt_type'] === TRACKING, owner, businessUnitId }]
}

/** Reads the purposes that exist among `ids`; unknown ones are absent. @throws CodedError */
export async function purposes(
  connection: Connection,
  ids: readonly Guid[],
  signal: AbortSignal,
): Promise<PurposeRow[]> {
  const select = [
    'msdynmkt_purposeid',
    'statecode',
    'msdynmkt_type',
    '_ownerid_value',
    '_owningteam_value',
    '_owningbusinessunit_value',
  ]
  const query = {
    set: 'msdynmkt_purposes',
    primaryId: 'msdynmkt_purposeid',
    select,
    column: 'msdynmkt_purposeid',
    values: ids,
    guids: true,
    prefer: 'odata.include-annotations="Microsoft.Dynamics.CRM.lookuplogicalname"',
    what: 'read msdynmkt_purpose',
  }
  return (await readIn(connection, query, signal)).rows.flatMap(purposeOf)
}

/** Reads the topics that exist among `ids`; unknown ones are absent. @throws CodedError */
export async function topics(connection: Connection, ids: readonly Guid[], signal: AbortSignal): Promise<TopicRow[]> {
  const query = {
    set: 'msdynmkt_topics',
    primaryId: 'msdynmkt_topicid',
    select: ['msdynmkt_topicid', 'statecode', '_msdynmkt_purposeid_value'],
    column: 'msdynmkt_topicid',
    values: ids,
    guids: true,
    what: 'read msdynmkt_topic',
  }
  return (await readIn(connection, query, signal)).rows.map((row) => ({
    id: row.id,
    active: row.columns['statecode'] === ACTIVE,
    purposeId: guidOf(row.columns['_msdynmkt_purposeid_value']),
  }))
}
