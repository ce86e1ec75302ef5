/** What a check of the evidence log found: counts, places and a hash, nothing personal. */

import type { EvidenceCheck } from '../store/evidence-check.ts'

export interface EvidenceReport extends EvidenceCheck {
  readonly version: 1
}

/** Breaks that are told one by one; all of them are counted. */
const BREAKS_TOLD = 20

const TOLD: Record<EvidenceCheck['breaks'][number]['what'], string> = {
  changed: 'is not what was written, or the one before it is not',
  missing: 'follows a gap: entries are missing before it',
  foreign: 'was never written by this program',
  key: 'cannot be opened: the key of its person is another',
  tables: 'or one before it: an index does not agree with its table, or a key has lost its entries',
}

/** Plain text; one line per fact. */
export function evidenceText({ entries, erased, expired, head, breaks }: EvidenceReport): string {
  return [
    `Evidence: ${entries} entries, ${erased} of erased persons, ${expired} expired: ${breaks.length === 0 ? 'the chain is whole' : `${breaks.length} BREAKS`}`,
    `  last entry ${head.sequence}, hash ${head.hash}`,
    ...breaks.slice(0, BREAKS_TOLD).map(({ sequence, what }) => `  ! entry ${sequence} ${TOLD[what]}`),
  ].join('\n')
}
