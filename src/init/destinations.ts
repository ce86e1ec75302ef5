/** What a choice can go to in an environment: its purposes and topics, or the columns of contacts that people made. */

import type { Dataverse, TableMetadata } from '../dataverse/dataverse.ts'
import type { Destination } from './proposal.ts'

/** Names of Microsoft's own tables (Dataverse: Customer Insights – Journeys). */
const PURPOSES = 'msdynmkt_purpose'
const TOPICS = 'msdynmkt_topic'

/** All destinations of a mode, in the order of their names. @throws CodedError `mapping-invalid` where a table is missing */
export async function destinationsIn(
  dataverse: Dataverse,
  mode: 'contact' | 'consent',
  signal: AbortSignal,
): Promise<Destination[]> {
  const found =
    mode === 'contact'
      ? columnsOf(await dataverse.table('contact', signal))
      : [
          ...(await namedRows(dataverse, PURPOSES, 'purpose', signal)),
          ...(await namedRows(dataverse, TOPICS, 'topic', signal)),
        ]
  return found.sort((a, b) => (a.name < b.name ? -1 : 1))
}

/** Active ones only: what is switched off is not to be mapped anew. */
async function namedRows(
  dataverse: Dataverse,
  logicalName: string,
  kind: 'purpose' | 'topic',
  signal: AbortSignal,
): Promise<Destination[]> {
  const table = await dataverse.table(logicalName, signal)
  const name = 'msdynmkt_name'
  const found: Destination[] = []
  for await (const { rows } of dataverse.rowsWithAny(table, [name, 'statecode'], [table.primaryId], signal)) {
    for (const { id, columns } of rows) {
      if (columns['statecode'] !== 1) found.push({ id: `${kind}:${id}`, name: String(columns[name] ?? id) })
    }
  }
  return found
}

/** Columns with a publisher's prefix that can hold a choice, and Microsoft's own `donot…`. */
function columnsOf({ columns }: TableMetadata): Destination[] {
  return [...columns.values()].flatMap(({ logicalName, type, validForUpdate }) => {
    const isChoice = type === 'boolean' || type === 'choice' || type === 'choices'
    const own = /^(?!msdyn|adx_|mspp_)[a-z0-9]+_/.test(logicalName) || /^donot/.test(logicalName)
    if (!isChoice || !own || !validForUpdate) return []
    return [{ id: logicalName, name: logicalName.replace(/^[a-z0-9]+_/, '').replace(/^donot(bulk)?/, '') }]
  })
}
