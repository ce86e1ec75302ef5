/** The port to the durable middle: states, due persons, ledger, partitions, runs. Every method is one transaction. */

import type { KeyText } from '../consent/key.ts'
import type { Instant, Span } from '../consent/time.ts'
import type { ContactPoint } from '../projection/contact-point.ts'
import type { JsonValue, ReadingSettings } from '../record/record.ts'
import type { Evidence, EvidenceEnds, KeptEvidence, RevealedEvidence } from './evidence.ts'
import type { ToldPart } from './told.ts'

/** 32 hex digits: the first 16 bytes of SHA-256 over the normalised OUID. Orders all work. */
export type PersonId = string

/** One record's state as canonical JSON text (semantics §3): equal states are equal texts. */
export interface StateRow {
  readonly person: PersonId
  readonly ouid: string
  readonly userId: string
  readonly state: string
}

/** What ingest knows of one object it read whole. */
export interface IngestedObject {
  readonly key: string
  readonly size: number
  readonly etag: string
  readonly lines: number
  readonly records: number
  readonly rejects: number
  readonly guests: number
  readonly skipped: number
}

export interface KnownPartition {
  readonly exportId: string
  readonly date: string
  /** `ingested`: every object it had is counted. `pending`: seen sealed, something is left to read. `open`: not sealed. */
  readonly state: 'open' | 'pending' | 'ingested'
  readonly objects: ReadonlyMap<string, { readonly size: number; readonly etag: string }>
}

export interface RejectedLine {
  readonly object: string
  readonly line: number
  readonly code: string
}

/**
 * A due person of one target. `mark` grows with every marking: settling an older mark leaves the person due. `afresh`:
 * Dataverse must be read whatever the ledger says (semantics §8.3); a state that merely changed asks for no more than it
 * changes.
 */
export interface DuePerson {
  readonly person: PersonId
  readonly mark: number
  readonly afresh: boolean
}

/** One person's records. */
export interface PersonStates {
  readonly person: PersonId
  readonly ouid: string
  /** State texts in order of `user.id`. */
  readonly states: readonly string[]
}

/** A contact found for a person, with the addresses it gives (also from the person's own attributes: no `contactId`). */
export interface PersonContact {
  readonly contactId: string | undefined
  readonly addresses: readonly ContactPoint[]
}

/** A place in Dataverse where one choice is kept, as text: `contact/<id>/<column>` or `slot/<channel>/<address>/<kind>/<id>`, parts escaped. */
export type Place = string

export interface LedgerValue extends Span {
  readonly value: JsonValue
}

/** What the ledger knows of one place (semantics §1, "ledger"). */
export interface LedgerEntry {
  readonly place: Place
  /** The value last written or found equal; `at` is the ledger time (Dataverse's clock). */
  readonly confirmed?: LedgerValue & { readonly at: Instant }
  /**
   * Written ahead of sending; gone once confirmed. `at` is Dataverse's clock at the reading before it; versions before
   * this one did not keep it.
   */
  readonly intended?: LedgerValue & { readonly at?: Instant }
  readonly rowId?: string
  /** A lower bound of the row's `modifiedon`. */
  readonly modifiedFloor?: Instant
  /** The last statement of somebody else seen here. */
  readonly foreign?: LedgerValue
  /** The first run that missed the row (Dataverse's clock). */
  readonly missingSince?: Instant
  /** True after an environment restore: the foreign statement joins the overlay (semantics §7). */
  readonly restored?: boolean
}

export interface QuarantinedRow {
  readonly person: PersonId
  readonly placeHash: string
  readonly what: string
  readonly code: string
  readonly message: string
}

/** One person's settlement: the due mark goes, the parking state follows. */
export interface Settlement {
  readonly person: PersonId
  readonly mark: number
  readonly outcome: string
  /** `keep` leaves an existing parking date; `clear` ends it. */
  readonly park: 'keep' | 'clear'
}

/** The counts of a run's beginning and end, for `runs list` and the missed-run heartbeat. */
export interface RunRow {
  readonly id: string
  readonly job: string
  readonly startedAt: Instant
  readonly endedAt?: Instant
  readonly exitCode?: number
  readonly report?: JsonValue
}

/** Whom an erasure is about: the OUID as `identity.normalise` spells it. */
export interface ErasedPerson {
  readonly person: PersonId
  readonly ouid: string
}

/** What an erasure removed, in counts. */
export interface Erased {
  /** Those asked for; all of them are suppressed from now on. */
  readonly persons: number
  /** Of those, the ones that the store knew. */
  readonly known: number
  readonly states: number
  readonly due: number
  readonly parked: number
  readonly quarantined: number
  readonly contacts: number
  readonly ledger: number
  /** Ledger entries of contacts and addresses that other persons share: they stay. */
  readonly ledgerShared: number
  /** Persons whose evidence can be opened no more. */
  readonly evidenceKeys: number
}

/** Everything below is keyed by Dataverse's OrganizationId and the target's name. */
export interface TargetScope {
  readonly organization: string
  readonly target: string
}

export interface Store extends ToldPart<LedgerEntry> {
  /** A random key made with the store: turns identifiers into references for logs, reports and evidence. */
  readonly pseudonymKey: Uint8Array

  beginRun(run: RunRow): Promise<void>
  endRun(id: string, endedAt: Instant, exitCode: number, report: JsonValue): Promise<void>
  runs(limit: number): Promise<RunRow[]>

  fingerprint(scope: string): Promise<string | undefined>
  setFingerprint(scope: string, value: string): Promise<void>

  /** Where long work stopped, by name; `undefined` ends it. */
  bookmark(name: string): Promise<string | undefined>
  setBookmark(name: string, value: string | undefined): Promise<void>

  partitions(): Promise<KnownPartition[]>
  notePartition(exportId: string, date: string, state: KnownPartition['state']): Promise<void>
  /**
   * Joins states in key order: `join(old, new)` decides; a person with any changed state is marked due for `targets`
   * (all of them with `dueAll`). What an erased person said up to the erasure is left out (semantics §8.9); `spelling`
   * is the one of the rows' OUIDs. Answers how many states changed, and of how many rows something was left out (absent:
   * of none).
   */
  joinStates(
    rows: readonly StateRow[],
    join: (old: string, added: string) => string,
    options: {
      readonly targets: readonly string[]
      readonly dueAll: boolean
      readonly spelling?: ReadingSettings['normalise']
    },
  ): Promise<{ readonly changed: number; readonly suppressed?: number }>
  addKnownIds(keys: readonly KeyText[]): Promise<void>
  knownIds(): Promise<KeyText[]>
  objectsIngested(
    exportId: string,
    date: string,
    state: KnownPartition['state'],
    objects: readonly IngestedObject[],
    rejects: readonly RejectedLine[],
  ): Promise<void>
  /**
   * Forgets states, persons, partitions and objects for a rebuild (semantics §8.6); ledger, contacts, evidence and
   * suppressions stay.
   */
  forgetStates(): Promise<void>
  countStates(): Promise<number>

  markAllDue(target: string): Promise<void>
  markDue(target: string, persons: readonly PersonId[]): Promise<void>
  /** Marks every person with a state that states one of these keys. */
  markStating(target: string, keys: readonly KeyText[]): Promise<void>
  /** Marks parked persons due: those parked after `parkedSince` (older ones are expired). */
  markParkedDue(target: string, parkedSince: Instant): Promise<void>
  countDue(target: string): Promise<number>
  countParked(target: string, parkedSince: Instant): Promise<{ readonly parked: number; readonly expired: number }>
  /** The next due persons after `after` in key order. */
  takeDue(target: string, after: PersonId | undefined, limit: number): Promise<DuePerson[]>
  /** Due marks of just these persons (0 where not due), for `--only`. */
  dueMarks(target: string, persons: readonly PersonId[]): Promise<DuePerson[]>
  /** Since when each of these persons is parked. */
  parkedSince(target: string, persons: readonly PersonId[]): Promise<Map<PersonId, Instant>>
  persons(ids: readonly PersonId[]): Promise<PersonStates[]>

  /** Replaces what is known of these persons' contacts and addresses. */
  saveContacts(
    scope: TargetScope,
    found: ReadonlyArray<{ readonly person: PersonId; readonly contacts: readonly PersonContact[] }>,
  ): Promise<void>
  contactsOf(scope: TargetScope, persons: readonly PersonId[]): Promise<Map<PersonId, PersonContact[]>>
  /** Every person known for these addresses, as `channel/address` → persons in key order. */
  personsAt(
    scope: TargetScope,
    addresses: ReadonlyArray<{ readonly channel: string; readonly address: string }>,
  ): Promise<Map<string, PersonId[]>>
  personsOfContacts(scope: TargetScope, contactIds: readonly string[]): Promise<Map<string, PersonId[]>>

  ledger(scope: TargetScope, places: readonly Place[]): Promise<Map<Place, LedgerEntry>>
  countLedger(scope: TargetScope): Promise<number>
  /** The entries confirmed last, newest first. */
  recentLedger(scope: TargetScope, limit: number): Promise<LedgerEntry[]>
  /** Puts whole entries (write-ahead: before anything is sent). */
  putLedger(scope: TargetScope, entries: readonly LedgerEntry[]): Promise<void>
  /** After a restore: drops confirmed and intended of every entry, keeps foreign statements and marks them `restored`. */
  distrustLedger(scope: TargetScope): Promise<void>
  writers(organization: string): Promise<string[]>
  addWriter(organization: string, userId: string): Promise<void>

  /** One transaction: outcomes, ledger, evidence, quarantine; then the persons are no longer due. */
  settle(
    scope: TargetScope,
    settled: {
      readonly now: Instant
      readonly settlements: readonly Settlement[]
      readonly ledger: readonly LedgerEntry[]
      readonly evidence: readonly Evidence[]
      readonly quarantine: readonly QuarantinedRow[]
    },
  ): Promise<void>
  countQuarantine(target: string): Promise<number>

  /** The addresses that persons have, and those of which their evidence tells that they had them. */
  addressesHeld(persons: readonly PersonId[]): Promise<ContactPoint[]>
  /**
   * Removes everything that tells of these persons, destroys the keys of their evidence, and suppresses whatever they
   * said up to `at` (semantics §8.9). Persons that are not known are suppressed too; doing it again does no harm.
   */
  forget(persons: readonly ErasedPerson[], at: Instant, spelling: ReadingSettings['normalise']): Promise<Erased>

  /** Where the evidence log begins and ends. */
  evidenceEnds(): Promise<EvidenceEnds>
  /** Entries of the evidence log after this sequence, in their order. */
  evidenceAfter(sequence: number, limit: number): Promise<KeptEvidence[]>
  /**
   * What is wrong with the log's tables and shows in no entry: keys of persons without an entry (they come and go with
   * entries), and an index that does not agree with its table.
   */
  countEvidenceFaults(): Promise<number>
  /** What the evidence log tells of a person, oldest first; nothing once the person was erased. */
  evidenceOf(person: PersonId): Promise<RevealedEvidence[]>
  /** Lets entries go from the old end as long as they are older than `before`; answers how many. The rest still checks. */
  expireEvidence(before: Instant): Promise<number>

  frozenReadings(target: string): Promise<Map<string, string>>
  freezeReading(target: string, reference: string, reading: string): Promise<void>
  deltaLink(scope: TargetScope): Promise<string | undefined>
  setDeltaLink(scope: TargetScope, link: string | undefined): Promise<void>

  close(): Promise<void>
}
