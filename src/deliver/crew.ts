/** What the delivery of one target works with, and what a mode makes of one chunk. */

import type { Settings, TargetSettings } from '../config/settings.ts'
import type { Instant } from '../consent/time.ts'
import type { Guid } from '../dataverse/dataverse.ts'
import type { Person } from '../projection/person.ts'
import type { JsonValue } from '../record/record.ts'
import type { PersonId, Place, TargetScope } from '../store/store.ts'
import type { ContactSearch, FoundContacts } from './contacts.ts'
import type { CrewClaims } from './crew-claims.ts'
import type { DeliverPorts } from './deliver-ports.ts'
import type { Mapping } from './mapping.ts'
import type { Refusal, Standing } from './outcome.ts'
import type { PlaceResult } from './rows.ts'

/** Everything that stays the same while one target is delivered. */
export interface Crew extends DeliverPorts {
  readonly scope: TargetScope
  readonly settings: Settings
  readonly target: TargetSettings
  readonly mapping: Mapping
  readonly search: ContactSearch
  readonly us: ReadonlySet<Guid>
  readonly run: string
  /** Parked before this: expired. */
  readonly parkedSince: Instant
  /** Contacts that change make their persons due, so what the store knows of all others holds (semantics §5.3). */
  readonly contactsFollowed: boolean
  /** Contacts and addresses in work, of all chunks of this delivery in all pods. */
  readonly claims: CrewClaims
}

/** A due person with the contacts it was found to have. */
export interface Candidate {
  readonly person: Person
  readonly mark: number
  readonly found: FoundContacts
  readonly contact: Standing['contact']
  /** The contact to create, where there is none and the target creates contacts. */
  readonly creating?: { readonly id: Guid; readonly columns: Readonly<Record<string, JsonValue>> }
  /** Why no contact can be created for this person. */
  readonly refused?: string
}

/** What a mode made of one chunk. */
export interface ChunkResult {
  readonly places: ReadonlyMap<Place, PlaceResult>
  /** The places each person's outcome depends on. */
  readonly placesOf: ReadonlyMap<PersonId, readonly Place[]>
  /** What was refused before sending, by person. */
  readonly unholdable: ReadonlyMap<PersonId, readonly Refusal[]>
  /** Persons without any address; consent mode only. */
  readonly unreachable: ReadonlySet<PersonId>
  /** Persons whose contact could not be created yet. */
  readonly deferred: ReadonlySet<PersonId>
  readonly stance: (result: PlaceResult) => 'optedIn' | 'optedOut' | 'other'
  readonly topicsWithoutPurpose: number
}
