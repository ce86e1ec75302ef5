/** Evidence: why a place in Dataverse holds what it holds, or why Didomi was told of it, as it is told, kept and opened again. */

import type { Instant } from '../consent/time.ts'
import type { JsonValue } from '../record/record.ts'

/** One entry of the append-only evidence log: why a place holds what it holds. `placeHash` is a keyed hash. */
export interface Evidence {
  readonly run: string
  /** A person id of the store. */
  readonly person: string
  readonly placeHash: string
  /** Absent in what was kept before there were keys. */
  readonly place?: string
  readonly rowId: string | undefined
  readonly what: string
  readonly from: JsonValue
  readonly to: JsonValue
  readonly lo: Instant
  readonly hi: Instant
  readonly event: string | undefined
  /** `told`: what somebody said in Dataverse is to be told to Didomi, in `event`; `from` is what Didomi had. */
  readonly decision: 'written' | 'superseded' | 'rejected' | 'told'
}

/** An entry as it is kept. What stands in clear names nobody. */
export interface EvidenceEntry {
  /** From 1, without a gap. */
  readonly sequence: number
  readonly at: Instant
  readonly run: string
  readonly organization: string
  readonly target: string
  readonly decision: Evidence['decision']
  /** The random name of the person's key. */
  readonly subject: Uint8Array
  readonly sealed: Uint8Array
  /** 32 bytes: SHA-256 of the hash before it and this entry's text. */
  readonly hash: Uint8Array
}

/** A place in the chain. */
export interface EvidenceLink {
  readonly sequence: number
  readonly hash: Uint8Array
}

/** Where the chain begins, what expired left off, and where it ends. */
export interface EvidenceEnds {
  /** The last entry that is no longer there; sequence 0 and zeros where none ever went. */
  readonly anchor: EvidenceLink
  readonly head: EvidenceLink
}

/** An entry with the key it was sealed under, while its person has not been erased. */
export interface KeptEvidence extends EvidenceEntry {
  readonly held?: { readonly person: string; readonly key: Uint8Array }
}

/** An entry that was opened. */
export interface RevealedEvidence extends Evidence {
  readonly sequence: number
  readonly at: Instant
  readonly organization: string
  readonly target: string
}
