/** What delivery to consent rows works with. */

import type { Settings, TargetSettings } from '../config/settings.ts'
import type { Guid, TableMetadata } from '../dataverse/dataverse.ts'
import type { ConsentBindings } from '../projection/consent-row.ts'
import type { ContactPoint } from '../projection/contact-point.ts'
import type { Person } from '../projection/person.ts'
import type { ConsentEntry } from '../projection/slot.ts'
import type { BeforeSending } from './rows.ts'

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
  /** Does somebody at the address who is no person refuse a Didomi purpose under which this topic's choice lies? */
  readonly refusesParent?: (at: ContactPoint, topic: ConsentEntry) => boolean
  /** Told of every row before it is sent. */
  readonly beforeSending?: BeforeSending
}
