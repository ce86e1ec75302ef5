/** Kept entries, opened: the same for every store. */

import { SINCE_EVER } from '../consent/time.ts'
import type { JsonValue } from '../record/record.ts'
import type { Evidence, KeptEvidence, RevealedEvidence } from './evidence.ts'

import { unsealed } from './evidence-seal.ts'
import { personOf } from './person-bytes.ts'

import { type ColumnReader, optionally, type Row } from './stored-row.ts'

/** Counts persons' keys without an entry, as `n`. */
export const STRAY_KEYS = `SELECT count(*) AS n FROM evidence_key
  WHERE NOT EXISTS (SELECT 1 FROM evidence WHERE evidence.subject = evidence_key.subject)`

/** What the entry says; `undefined` where its key is gone, or where it cannot be opened with it. */
export function revealed({ held, sealed, ...entry }: KeptEvidence): RevealedEvidence | undefined {
  const content = held && unsealed(held.key, sealed)
  if (content === undefined) return undefined
  const { sequence, at, run, organization, target, decision } = entry
  return { sequence, at, run, organization, target, decision, ...content }
}

/** A decision as it is kept. A word that no version writes is told as it stands: `evidence check` finds it. */
export function decisionOf(text: string): Evidence['decision'] {
  return text as Evidence['decision']
}

/** A row of the table that kept evidence in clear, before there were keys. */
export function clearEvidence(row: Row, { text, integer }: ColumnReader, person: Uint8Array): Evidence {
  return {
    run: text(row, 'run'),
    person: personOf(person),
    placeHash: text(row, 'place_hash'),
    rowId: optionally(text, row, 'row_id'),
    what: text(row, 'what'),
    from: JSON.parse(text(row, 'from_value')) as JsonValue,
    to: JSON.parse(text(row, 'to_value')) as JsonValue,
    lo: optionally(integer, row, 'lo') ?? SINCE_EVER,
    hi: optionally(integer, row, 'hi') ?? SINCE_EVER,
    event: optionally(text, row, 'event'),
    decision: decisionOf(text(row, 'decision')),
  }
}
