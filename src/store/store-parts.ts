/** The parts that every store is put together from. */

import type { Store } from './store.ts'

export type RunPart = Pick<Store, 'beginRun' | 'endRun' | 'runs'>

/** The single texts that a run leaves for the next one. */
export type RememberedPart = Pick<
  Store,
  | 'fingerprint'
  | 'setFingerprint'
  | 'bookmark'
  | 'setBookmark'
  | 'frozenReadings'
  | 'freezeReading'
  | 'deltaLink'
  | 'setDeltaLink'
>

export type PartitionPart = Pick<Store, 'partitions' | 'notePartition' | 'objectsIngested'>

export type StatePart = Pick<
  Store,
  'joinStates' | 'addKnownIds' | 'knownIds' | 'forgetStates' | 'countStates' | 'persons'
>

/** How persons become due. */
export type MarkPart = Pick<Store, 'markAllDue' | 'markDue' | 'markStating' | 'markParkedDue'>

export type DuePart = MarkPart & Pick<Store, 'countDue' | 'countParked' | 'takeDue' | 'dueMarks' | 'parkedSince'>

export type ContactPart = Pick<Store, 'saveContacts' | 'contactsOf' | 'personsAt' | 'personsOfContacts'>

export type LedgerPart = Pick<
  Store,
  'ledger' | 'countLedger' | 'recentLedger' | 'putLedger' | 'distrustLedger' | 'writers' | 'addWriter'
>

export type SettlingPart = Pick<Store, 'settle' | 'countQuarantine'>

/** What is told of the evidence log, and what time takes from it. */
export type EvidencePart = Pick<
  Store,
  'evidenceEnds' | 'evidenceAfter' | 'countEvidenceFaults' | 'evidenceOf' | 'expireEvidence'
>

export type ForgettingPart = Pick<Store, 'forget' | 'addressesHeld'>
