/** §8.5: what a person reads of the source, in a run's report and from `sources status`. */

import { describe, expect, it } from 'vitest'
import type { IngestReport } from '../../src/report/ingest-report.ts'
import type { SourcesReport } from '../../src/report/sources-report.ts'
import { sourcesText } from '../../src/report/sources-text.ts'
import { reportText } from '../../src/report/text.ts'
import type { PartitionStatus } from '../../src/source/status.ts'
import { INGEST, REPORT } from '../support/report-samples.ts'

const API = 'didomi-dataverse bootstrap --from api'
const ARCHIVE = 'didomi-dataverse bootstrap --from archive'

describe("a run's report", () => {
  const linesOf = (change: Partial<IngestReport>) =>
    reportText({ ...REPORT, ingest: { ...INGEST, ...change } })
      .split('\n')
      .filter((line) => /^ {2}[!·]/.test(line))

  const E1 = { exportId: 'E1', date: '2026-10-13' }

  it.each([
    [{ ...E1 }, '  ! E1 2026-10-13: not ingested and close to deletion'],
    [
      { ...E1, expiresInDays: 2 },
      '  ! E1 2026-10-13: not ingested and close to deletion; the source deletes it in 2 days',
    ],
    [
      { ...E1, expiresInDays: 1 },
      '  ! E1 2026-10-13: not ingested and close to deletion; the source deletes it in 1 day',
    ],
    [
      { ...E1, expiresInDays: 0 },
      '  ! E1 2026-10-13: not ingested and close to deletion; the source may delete it any moment',
    ],
  ])('§8.5 overdue: %j', (one, line) => {
    expect(linesOf({ overdue: [one] })).toEqual([line])
  })

  it('§8.1 what is pending is told with its time left', () => {
    expect(linesOf({ pending: [{ ...E1, expiresInDays: 6 }] })).toEqual([
      '  · E1 2026-10-13: not ingested; the source deletes it in 6 days',
    ])
  })

  it('§8.5 each gap says what closes it', () => {
    const closedBy = [API, ARCHIVE]
    const lines = linesOf({
      missingDates: [{ exportId: 'E1', from: '2026-10-11', to: '2026-10-12', closedBy }],
      goneDates: [{ ...E1, closedBy: [API] }],
    })
    expect(lines).toEqual([
      `  ! E1: no partition from 2026-10-11 to 2026-10-12; to close it: ${API}, or ${ARCHIVE}`,
      `  ! E1 2026-10-13: gone before it was ingested; to close it: ${API}`,
    ])
  })

  it('names what does not agree with the export log', () => {
    const lines = linesOf({
      exportLog: [
        { kind: 'count-not-logged', ...E1, lines: 100, nearest: [99, 103] },
        { kind: 'count-not-logged', ...E1, lines: 100, nearest: [] },
        { kind: 'runs-failed', exportId: 'E1', runs: ['r1', 'r2'] },
        { kind: 'log-unread', exportId: 'E1', message: 'didomi-unavailable: why' },
      ],
    })
    const none = "  · E1 2026-10-13: 100 lines, but no run in Didomi's export log has so many users"
    expect(lines).toEqual([
      `${none} (nearest: 99, 103)`,
      `${none} (nearest: none)`,
      "  · E1: failed runs in Didomi's export log: r1, r2",
      "  · E1: Didomi's export log could not be read: didomi-unavailable: why",
    ])
  })
})

describe('sources status', () => {
  const row = (change: Partial<PartitionStatus>): PartitionStatus => ({
    exportId: 'E1',
    date: '2026-10-19',
    state: 'ingested',
    objects: 2,
    bytes: 200,
    ageDays: 1,
    alarm: false,
    ...change,
  })

  const text = (partitions: readonly PartitionStatus[], change: Partial<SourcesReport> = {}) =>
    sourcesText({ version: 1, at: '2026-10-20T12:00:00Z', partitions, ignoredFolders: [], alarms: 0, ...change })

  it('one aligned line for each partition, alarms marked, then what needs doing', () => {
    const closedBy = [API]
    const gap = { objects: 0, bytes: 0, closedBy }
    const rows = [
      row({ exportId: 'a-long-export-id', date: '2026-10-09', ageDays: 11 }),
      row({ date: '2026-10-10', to: '2026-10-12', state: 'missing', ageDays: 10, ...gap }),
      row({ date: '2026-10-13', state: 'gone', ageDays: 7, ...gap, alarm: true }),
      row({
        date: '2026-10-14',
        state: 'pending',
        objects: 12,
        bytes: 5_242_880,
        ageDays: 6,
        expiresInDays: 1,
        alarm: true,
      }),
      row({ expiresInDays: 6 }),
      row({ date: '2026-10-20', state: 'open', objects: 1, bytes: 1_023, ageDays: 0, expiresInDays: 7 }),
    ]
    expect(text(rows, { ignoredFolders: ['proofs', 'users/x'] }).split('\n')).toEqual([
      '  EXPORT            DATE                      STATE     OBJECTS   STORED   AGE  DELETED IN',
      '  a-long-export-id  2026-10-09                ingested        2    200 B  11 d           -',
      '  E1                2026-10-10 to 2026-10-12  missing         0      0 B  10 d           -',
      '! E1                2026-10-13                gone            0      0 B   7 d           -',
      '! E1                2026-10-14                pending        12  5.0 MiB   6 d         1 d',
      '  E1                2026-10-19                ingested        2    200 B   1 d         6 d',
      '  E1                2026-10-20                open            1   1023 B   0 d         7 d',
      '',
      'Not read, since they are no users: proofs, users/x.',
      '1 partition not ingested for too long: run `didomi-dataverse sync` now.',
      '1 partition not sealed: read once _SUCCESS is there.',
      `2 gaps: what was chosen then is not known; run \`${API}\` to close.`,
    ])
  })

  it.each([
    [[row({})], 'Nothing needs doing.'],
    [[row({ state: 'closed' })], 'Nothing needs doing.'],
    [[], 'No partition is known, and the source has none.'],
    [[row({ state: 'pending' }), row({ state: 'changed' })], '2 partitions to be read: the next sync does.'],
    [
      [row({ state: 'changed', alarm: true }), row({ state: 'pending', alarm: true })],
      '2 partitions not ingested for too long: run `didomi-dataverse sync` now.',
    ],
    [
      [row({ state: 'gone', alarm: true, closedBy: [API, ARCHIVE] })],
      `1 gap: what was chosen then is not known; run \`${API}\` or \`${ARCHIVE}\` to close.`,
    ],
  ])('says in a sentence what needs doing, of %j', (rows, sentence) => {
    expect(text(rows).split('\n').at(-1)).toBe(sentence)
  })

  it.each([
    [1_024, '1.0 KiB'],
    [1_572_864, '1.5 MiB'],
    [10_737_418_240, '10.0 GiB'],
  ])('%i bytes are %s', (bytes, size) => {
    expect(text([row({ bytes })])).toContain(size)
  })
})
