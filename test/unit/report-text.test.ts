/** The report as people read it: every fact on a line of its own, none left out. */

import { describe, expect, it } from 'vitest'
import { reportText } from '../../src/report/text.ts'
import { DELIVER, INGEST, PARTITION, REPORT } from '../support/report-samples.ts'

describe('reportText', () => {
  it('§8.4 a perfect run, line by line', () => {
    expect(reportText(REPORT).split('\n')).toEqual([
      'Run 20261023T021500-0a1b2c3d: done (exit 0)',
      '  ingest: 1 partitions, 100 lines = 90 records + 1 rejects + 6 guests + 3 skipped; 80 records changed',
      '  deliver crm: 80 persons = 2 unmatched + 70 written + 8 unchanged + 0 deferred',
      '    choices: 70 written, 0 superseded, 8 unchanged, 0 rejected; 2 parked, 0 expired',
      '    acme_newsletter: 40 opted in, 30 opted out',
      '    requests: 6, 1.3 s of execution; 70 rows sent in 2 (10.0 a second)',
      '  sums: lines hold, persons hold; ingest 1.5 s, deliver crm 7.3 s',
    ])
  })

  it('§8.4 counts are added over partitions', () => {
    const text = reportText({ ...REPORT, ingest: { ...INGEST, partitions: [PARTITION, PARTITION] } })
    expect(text).toContain('2 partitions, 200 lines = 180 records + 2 rejects + 12 guests + 6 skipped')
  })

  it('§8.1, §8.5 names what is damaged, rejected, open, missing, gone and overdue', () => {
    const damaged = { ...PARTITION, damaged: ['data/x/part-1.json.gz'], tooManyRejects: true }
    const day = (date: string) => ({ exportId: 'E1', date })
    const lines = reportText({
      ...REPORT,
      exitCode: 4,
      ingest: {
        ...INGEST,
        partitions: [damaged],
        open: [day('2026-10-23')],
        missingDates: [{ exportId: 'E1', from: '2026-10-21', to: '2026-10-22', closedBy: [] }],
        goneDates: [{ ...day('2026-10-12'), closedBy: [] }],
        overdue: [day('2026-10-13')],
      },
    }).split('\n')
    expect(lines).toEqual(
      expect.arrayContaining([
        'Run 20261023T021500-0a1b2c3d: source unavailable or damaged (exit 4)',
        '  ! E1 2026-10-20: data/x/part-1.json.gz is damaged; the partition stays pending',
        '  ! E1 2026-10-20: 1 of 100 lines rejected',
        '  · E1 2026-10-23: not sealed yet',
        '  ! E1: no partition from 2026-10-21 to 2026-10-22',
        '  ! E1 2026-10-12: gone before it was ingested',
        '  ! E1 2026-10-13: not ingested and close to deletion',
      ]),
    )
  })

  it('§8.2 names quarantine, topics without purpose, a restore and warnings of a target', () => {
    const deliver = [
      {
        ...DELIVER,
        written: { acme_country: { optedIn: 0, optedOut: 0, other: 4 } },
        rejections: { '0x80040265': 2 },
        topicsWithoutPurpose: 3,
        restored: true,
        warnings: ['mapping of acme_x: nothing matches yet'],
      },
    ]
    const lines = reportText({ ...REPORT, deliver }).split('\n')
    expect(lines).toEqual(
      expect.arrayContaining([
        '    acme_country: 0 opted in, 0 opted out, 4 set',
        '    ! quarantined 2 × 0x80040265',
        '    ! 3 topics opted in without their purpose: nothing will be sent for them',
        '    ! the environment was restored from a backup: everybody was delivered anew',
        '    · mapping of acme_x: nothing matches yet',
      ]),
    )
  })

  it('a failed stage and a broken sum are told', () => {
    const { ingest: _, ...rest } = REPORT
    const text = reportText({
      ...rest,
      exitCode: 1,
      deliver: [],
      failures: [{ stage: 'ingest', code: 'source-unreadable', next: 'source', message: 'source-unreadable: why' }],
      sums: { lines: false, persons: false },
    })
    expect(text).toContain('(exit 1)')
    expect(text).toContain('  ! ingest: source-unreadable: why')
    expect(text).toContain('sums: lines BROKEN, persons BROKEN')
    expect(text).not.toContain('ingest: 0 partitions')
  })

  it.each([0, 1, 2, 3, 4, 5, 6, 7, 9, 130, 143])('§9 exit %i has words', (exitCode) => {
    const [first = ''] = reportText({ ...REPORT, exitCode }).split('\n')
    expect(first).toMatch(/: \w.*\(exit \d+\)$/)
    expect(first).not.toContain(': ended (')
  })
})
