/** What an erasure and a check of the evidence tell: counts, in plain words. */

import { expect, it } from 'vitest'
import { suppressedText } from '../../src/report/bootstrap-text.ts'
import { erasureText } from '../../src/report/erasure-report.ts'
import { evidenceText } from '../../src/report/evidence-report.ts'

const ERASED = {
  ...{ version: 1 as const, at: '2026-11-01T00:00:00Z', persons: 2, known: 1, states: 3, due: 4, parked: 5 },
  ...{ quarantined: 6, contacts: 7, ledger: 8, ledgerShared: 0, evidenceKeys: 9, images: 0 },
}
const CHECK = { version: 1 as const, entries: 3, erased: 1, expired: 2, head: { sequence: 5, hash: 'ab' }, breaks: [] }

it('§8.9 an erasure tells what went, what stays because it is shared, and that Dataverse was left alone', () => {
  expect(erasureText(ERASED)).toBe(
    [
      'Erased 2 persons, 1 of them known: what they said up to 2026-11-01T00:00:00Z counts no more',
      '  removed: 3 records, 7 lists of contacts, 8 ledger entries, 4 due, 5 parked, 6 quarantined; evidence of 9 can be opened no more',
      '  Dataverse is as it was: whoever answers for it erases there.',
    ].join('\n'),
  )
  expect(erasureText({ ...ERASED, ledgerShared: 1 })).toContain('kept: 1 ledger entries of contacts and addresses')
  expect(erasureText({ ...ERASED, images: 3 })).toContain('what migrations kept of 3 rows; a rollback passes them by')
})

it('a check tells whether the chain is whole, its last hash, and the first breaks', () => {
  expect(evidenceText(CHECK)).toBe(
    'Evidence: 3 entries, 1 of erased persons, 2 expired: the chain is whole\n  last entry 5, hash ab',
  )
  const breaks = Array.from({ length: 30 }, (_, n) => ({ sequence: n, what: 'missing' as const }))
  const lines = evidenceText({ ...CHECK, breaks }).split('\n')
  expect(lines[0]).toContain('30 BREAKS')
  expect(lines).toHaveLength(22)
  expect(lines[2]).toBe('  ! entry 0 follows a gap: entries are missing before it')
})

it('§8.9 suppressed records are told only where there are any', () => {
  expect([suppressedText(), suppressedText(0), suppressedText(2)]).toEqual(['', '', ', 2 suppressed after an erasure'])
})
