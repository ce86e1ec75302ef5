/** What delivery to consent rows works with. */

import type { Settings, TargetSettings } from '../config/settings.ts'
import type { Guid, TableMetadata } from '../dataverse/dataverse.ts'
import type { ConsentBindings } from '../projection/consent-row.ts'
import type { Person } from '../projection/person.ts'
import type { ConsentEntry } from '../projection/slot.ts'

export interface ConsentWork {
  readonly table: TableMetadata
  readonly bindings: ConsentBindings
  readonly entries: readonly ConsentEntry[]
  readonly settings: Pick<Settings, 'events'>
  readonly target: TargetSettings
  readonly us: ReadonlySet<Guid>
  readonly run: string
  /** Every person known for an address, as `channel/address`. */
  readonly personsAt: ReadonlyMap<string, readonly Person[]>
}
