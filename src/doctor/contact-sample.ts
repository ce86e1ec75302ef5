/** A bounded sample of contacts, looked up by their keys alone: no check may make a large environment read a whole table. */

import type { TargetSettings } from '../config/settings.ts'
import type { ColumnMetadata, Row, TableMetadata } from '../dataverse/dataverse.ts'
import type { InspectedDataverse } from '../dataverse/inspection.ts'
import { contactColumnOf } from '../deliver/contacts.ts'
import type { StoreGlance } from '../store/glance.ts'

/** Where a sample comes from. */
interface Sampled {
  readonly target: Pick<TargetSettings, 'contact' | 'contactPoints'>
  readonly dataverse: InspectedDataverse
  readonly glance: () => Promise<StoreGlance | undefined>
  readonly table: (logicalName: string, signal: AbortSignal) => Promise<TableMetadata>
  readonly sample: number
}

export interface ContactSample {
  /** What was looked up, folded, each once: OUIDs of persons, or where the store knows nobody yet values of contacts. */
  readonly values: readonly string[]
  /** Whether the values are persons'. */
  readonly ofPersons: boolean
  /** Every contact that has one of the values, merged ones included. */
  readonly rows: readonly Row[]
}

/** The flags of a contact that Journeys can be told to heed, too. */
export const FLAGS = ['donotemail', 'donotbulkemail'] as const

/** How texts are compared (semantics §5.1). */
export const folded = (text: unknown): string =>
  typeof text === 'string' ? text.normalize('NFC').trim().toLowerCase() : ''

const propertyOf = (column: ColumnMetadata): string =>
  column.type === 'lookup' ? `_${column.logicalName}_value` : column.logicalName

/** Reads the sample. `sample` 0, or nobody to look up: no values. */
export async function contactSample(
  { target, dataverse, glance, table, sample }: Sampled,
  signal: AbortSignal,
): Promise<ContactSample> {
  if (sample === 0) return { values: [], ofPersons: false, rows: [] }
  const contacts = await table('contact', signal)
  const { matchAttribute } = target.contact
  const read = await glance()
  const persons = [...new Set((read?.ouids ?? []).map(folded))]
  const values = persons.length > 0 ? persons : await valuesOf(contacts)
  const columns = [matchAttribute, 'masterid', 'modifiedby', 'modifiedon', ...FLAGS, ...addressColumns()]
  const select = [...new Set(columns)].flatMap((name) => {
    const column = contacts.columns.get(name)
    return column === undefined ? [] : [propertyOf(column)]
  })
  const { rows } = await dataverse.rowsIn(contacts, select, matchAttribute, values, signal)
  return { values, ofPersons: persons.length > 0, rows }

  function addressColumns(): string[] {
    return target.contactPoints.flatMap(({ from }) => contactColumnOf(from) ?? [])
  }

  async function valuesOf(of: TableMetadata): Promise<string[]> {
    const some = await dataverse.inspection.someWith(of, matchAttribute, sample, signal)
    return [...new Set(some.map(({ columns: own }) => folded(own[matchAttribute])))]
  }
}

/** The contacts of each value: a merged one stands for its master (semantics §5.1). */
export function contactsByValue({ rows }: ContactSample, matchAttribute: string): ReadonlyMap<string, Set<string>> {
  const found = new Map<string, Set<string>>()
  for (const { id, columns } of rows) {
    const value = folded(columns[matchAttribute])
    const master = columns['_masterid_value']
    found.set(value, (found.get(value) ?? new Set()).add(typeof master === 'string' ? master.toLowerCase() : id))
  }
  return found
}
