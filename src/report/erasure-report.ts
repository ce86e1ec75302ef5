/** What an erasure removed: counts alone, nothing personal. */

import type { Erased } from '../store/store.ts'

export interface ErasureReport extends Erased {
  readonly version: 1
  /** Whatever these persons said up to this instant counts no more. */
  readonly at: string
  /** What migrations kept of rows at these persons' addresses: those rows have no way back any more. */
  readonly images: number
}

/** Plain text; one line per fact. */
export function erasureText(report: ErasureReport): string {
  const { at, persons, known, states, due, parked, quarantined, contacts, ledger, ledgerShared, evidenceKeys, images } =
    report
  return [
    `Erased ${persons} persons, ${known} of them known: what they said up to ${at} counts no more`,
    `  removed: ${states} records, ${contacts} lists of contacts, ${ledger} ledger entries, ${due} due, ${parked} parked,` +
      ` ${quarantined} quarantined; evidence of ${evidenceKeys} can be opened no more`,
    ...(ledgerShared > 0 ? [`  kept: ${ledgerShared} ledger entries of contacts and addresses that others share`] : []),
    ...(images > 0 ? [`  removed: what migrations kept of ${images} rows; a rollback passes them by`] : []),
    '  Dataverse is as it was: whoever answers for it erases there.',
  ].join('\n')
}
