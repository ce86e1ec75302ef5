/** A run in which all went well, as reports: perfect until a test breaks one thing. */

import { type DeliverReport, noOutcomes } from '../../src/report/deliver-report.ts'
import type { IngestReport, PartitionReport } from '../../src/report/ingest-report.ts'
import type { RunReport } from '../../src/report/run-report.ts'

export const PARTITION: PartitionReport = {
  exportId: 'E1',
  date: '2026-10-20',
  objects: 2,
  damaged: [],
  counts: { lines: 100, records: 90, rejects: 1, guests: 6, skipped: 3, ignoredEvents: 0 },
  tooManyRejects: false,
  unknownObjects: 0,
}

export const INGEST: IngestReport = {
  repair: false,
  partitions: [PARTITION],
  changedRecords: 80,
  open: [],
  missingDates: [],
  goneDates: [],
  overdue: [],
  pending: [],
}

export const DELIVER: DeliverReport = {
  target: 'crm',
  mode: 'contact',
  persons: 80,
  outcomes: { ...noOutcomes(), written: 70, unchanged: 8, unmatched: 2 },
  deferred: 0,
  written: { acme_newsletter: { optedIn: 40, optedOut: 30, other: 0 } },
  places: { written: 70, superseded: 0, unchanged: 8, rejected: 0 },
  rejections: {},
  topicsWithoutPurpose: 0,
  parked: 2,
  expired: 0,
  quarantined: 0,
  restored: false,
  requests: {
    users: [{ name: 'user 1', requests: 6, executionSeconds: 1.25, throttles: {} }],
    waitedMs: {},
    rowsSent: 70,
    writeRequests: 2,
    seconds: 7,
  },
  warnings: [],
}

export const REPORT: RunReport = {
  version: 1,
  run: '20261023T021500-0a1b2c3d',
  job: 'sync',
  startedAt: '2026-10-23T02:15:00Z',
  endedAt: '2026-10-23T02:15:09Z',
  durationsMs: { ingest: 1_500, 'deliver crm': 7_250 },
  ingest: INGEST,
  deliver: [DELIVER],
  failures: [],
  warnings: [],
  sums: { lines: true, persons: true },
  exitCode: 0,
}
