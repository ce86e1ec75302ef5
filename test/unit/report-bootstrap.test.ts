/** §8.4, §9: a bootstrap in a run's report: its sum, its exit code, its lines for people. */

import { describe, expect, it } from 'vitest'
import type { ApiBootstrapReport } from '../../src/report/bootstrap-report.ts'
import { checkSums, findingsOf, type RunReport } from '../../src/report/run-report.ts'
import { reportText } from '../../src/report/text.ts'
import { INGEST, PARTITION, REPORT } from '../support/report-samples.ts'

const API: ApiBootstrapReport = {
  from: 'api',
  resumed: false,
  pages: 2,
  counts: PARTITION.counts,
  changedRecords: 80,
  tooManyRejects: false,
  completeAsOf: '2026-10-23T02:15:00Z',
}

const { completeAsOf: _, ...INCOMPLETE } = API
const { ingest: __, ...BARE } = REPORT
const report = (bootstrap: RunReport['bootstrap'] & object): RunReport => ({
  ...BARE,
  job: 'bootstrap',
  deliver: [],
  bootstrap,
  durationsMs: { bootstrap: 1_500 },
})

describe('the sum', () => {
  it('§8.4 of users holds where each is one of four', () => {
    expect(checkSums(undefined, [], API).lines).toBe(true)
    expect(checkSums(INGEST, [], { from: 'archive' }).lines).toBe(true)
  })

  it.each(['lines', 'records', 'rejects', 'guests', 'skipped'] as const)('§8.4 one more of %s breaks it', (name) => {
    const counts = { ...API.counts, [name]: API.counts[name] + 1 }
    expect(checkSums(INGEST, [], { ...API, counts }).lines).toBe(false)
  })
})

describe('findings', () => {
  it('§9 too many rejects are one, a bootstrap that is not complete is none by itself', () => {
    const thresholds = { quarantineMax: 0, strict: false }
    expect(findingsOf(report(INCOMPLETE), 0, thresholds)).toEqual([])
    expect(findingsOf(report({ ...API, tooManyRejects: true }), 0, thresholds)).toEqual(['rejects-or-quarantine'])
  })
})

describe('the text', () => {
  it('of users tells pages, the sum and what is closed', () => {
    expect(reportText(report(API)).split('\n')).toEqual([
      'Run 20261023T021500-0a1b2c3d: done (exit 0)',
      '  bootstrap: 2 pages, 100 users = 90 records + 1 rejects + 6 guests + 3 skipped; 80 records changed',
      '  bootstrap: complete; what was lost before 2026-10-23T02:15:00Z is known again',
      '  sums: lines hold, persons hold; bootstrap 1.5 s',
    ])
  })

  it('of one that stopped says that it goes on', () => {
    expect(
      reportText(report({ ...INCOMPLETE, resumed: true, tooManyRejects: true }))
        .split('\n')
        .slice(1, 4),
    ).toEqual([
      '  bootstrap: 2 pages (resumed), 100 users = 90 records + 1 rejects + 6 guests + 3 skipped; 80 records changed',
      '  ! bootstrap: 1 of 100 users rejected',
      '  ! bootstrap: not complete; run it again, it goes on where it stopped',
    ])
  })

  it('of an archive tells the partitions, and whether all is there', () => {
    const lines = reportText({ ...report({ from: 'archive' }), ingest: INGEST }).split('\n')
    expect(lines[1]).toContain('ingest: 1 partitions, 100 lines')
    expect(lines[2]).toBe('  ! bootstrap: not complete; see what the archive lacks')
  })
})
