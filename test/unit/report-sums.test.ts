/** §8.4, §9: the sums of a report, and what in it decides the exit code. */

import { describe, expect, it } from 'vitest'
import type { DeliverReport } from '../../src/report/deliver-report.ts'
import type { IngestCounts, IngestReport } from '../../src/report/ingest-report.ts'
import { checkSums, findingsOf } from '../../src/report/run-report.ts'
import { DELIVER, INGEST, PARTITION, REPORT } from '../support/report-samples.ts'

const THRESHOLDS = { quarantineMax: 0, strict: false }

const ingestWith = (counts: Partial<IngestCounts>): IngestReport => ({
  ...INGEST,
  partitions: [PARTITION, { ...PARTITION, counts: { ...PARTITION.counts, ...counts } }],
})

describe('checkSums', () => {
  it('§8.4 both hold for a perfect run, and for a run of nothing', () => {
    expect(checkSums(INGEST, [DELIVER])).toEqual({ lines: true, persons: true })
    expect(checkSums(undefined, [])).toEqual({ lines: true, persons: true })
  })

  it.each(['lines', 'records', 'rejects', 'guests', 'skipped'] as const)(
    '§8.4 one more of %s in one partition breaks the sum of the lines',
    (name) => {
      const broken = ingestWith({ [name]: PARTITION.counts[name] + 1 })
      expect(checkSums(broken, [DELIVER])).toEqual({ lines: false, persons: true })
    },
  )

  it('§8.4 ignored events are no lines', () => {
    expect(checkSums(ingestWith({ ignoredEvents: 7 }), []).lines).toBe(true)
  })

  it.each([
    ['a person without outcome', { persons: 81 }],
    ['a person with two', { outcomes: { ...DELIVER.outcomes, expired: 1 } }],
    ['a deferred person with an outcome', { deferred: 1 }],
  ] satisfies [string, Partial<DeliverReport>][])(
    '§8.4 %s in one target breaks the sum of the persons',
    (_, change) => {
      expect(checkSums(INGEST, [DELIVER, { ...DELIVER, ...change }])).toEqual({ lines: true, persons: false })
    },
  )

  it('§8.4 a deferred person needs no outcome', () => {
    expect(checkSums(INGEST, [{ ...DELIVER, persons: 85, deferred: 5 }]).persons).toBe(true)
  })
})

describe('findingsOf', () => {
  it('§9 a perfect run finds nothing', () => {
    expect(findingsOf(REPORT, 0, THRESHOLDS)).toEqual([])
  })

  it('§8.4 a broken sum is a defect', () => {
    for (const sums of [
      { lines: false, persons: true },
      { lines: true, persons: false },
    ])
      expect(findingsOf({ ...REPORT, sums }, 0, THRESHOLDS)).toEqual(['defect'])
  })

  it('§8.1 a damaged object is a finding about the source', () => {
    const ingest = { ...INGEST, partitions: [{ ...PARTITION, damaged: ['data/a.json.gz'] }] }
    expect(findingsOf({ ...REPORT, ingest }, 0, THRESHOLDS)).toEqual(['source'])
  })

  it('§8.2 whoever is still due leaves work', () => {
    expect(findingsOf(REPORT, 1, THRESHOLDS)).toEqual(['deferred'])
  })

  it('§9 rejects above the ratio, and quarantined rows above their number', () => {
    const ingest = { ...INGEST, partitions: [{ ...PARTITION, tooManyRejects: true }] }
    expect(findingsOf({ ...REPORT, ingest }, 0, THRESHOLDS)).toEqual(['rejects-or-quarantine'])
    const deliver = [{ ...DELIVER, quarantined: 3 }]
    expect(findingsOf({ ...REPORT, deliver }, 0, { ...THRESHOLDS, quarantineMax: 2 })).toEqual([
      'rejects-or-quarantine',
    ])
    expect(findingsOf({ ...REPORT, deliver }, 0, { ...THRESHOLDS, quarantineMax: 3 })).toEqual([])
  })

  it.each(['overdue', 'goneDates'] as const)('§9 %s are an alarm that only --strict ends with', (alarm) => {
    const ingest = { ...INGEST, [alarm]: [{ exportId: 'E1', date: '2026-10-11', closedBy: [] }] }
    expect(findingsOf({ ...REPORT, ingest }, 0, THRESHOLDS)).toEqual([])
    expect(findingsOf({ ...REPORT, ingest }, 0, { ...THRESHOLDS, strict: true })).toEqual(['retention'])
  })

  it('§8.5 a missing date is reported and no alarm: its export may never have run', () => {
    const missing = { exportId: 'E1', from: '2026-10-18', to: '2026-10-19', closedBy: [] }
    const ingest = { ...INGEST, missingDates: [missing] }
    expect(findingsOf({ ...REPORT, ingest }, 0, { ...THRESHOLDS, strict: true })).toEqual([])
  })

  it('§9 failures come with what happens next', () => {
    const failures = [{ stage: 'ingest', code: 'source-unreadable', next: 'source', message: '' }] as const
    expect(findingsOf({ ...REPORT, failures }, 0, THRESHOLDS)).toEqual(['source'])
  })
})
