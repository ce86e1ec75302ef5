/** Reports of whole nights, large and hostile, for the pages that are made of them. */

import type { DeliverReport } from '../../src/report/deliver-report.ts'
import { noOutcomes } from '../../src/report/deliver-report.ts'
import type { PartitionReport } from '../../src/report/ingest-report.ts'
import type { RunReport } from '../../src/report/run-report.ts'
import { DELIVER, INGEST, PARTITION, REPORT } from './report-samples.ts'

/** Would run if it were ever taken for markup: as an element, in an attribute, in a script or in a style. */
export const HOSTILE = `"><img src=x onerror="window.struck=1"><script>window.struck=2</script></style>'\`]]>\u0000\${window.struck=3}`

const INTERVALS = 96

const wave = (amount: number, pause = 0.05) =>
  Array.from({ length: INTERVALS }, (_, at) =>
    Math.round(amount * (at > 40 && at < 52 ? pause : 1 + Math.sin(at / 9) / 3)),
  )

const during = (from: number, to: number, amount: number) =>
  Array.from({ length: INTERVALS }, (_, at) => (at >= from && at < to ? amount : 0))

/** A target that took half an hour, waited and refused a little. */
export function busyDelivery(target: string, places: readonly string[]): DeliverReport {
  return {
    ...DELIVER,
    target,
    persons: 341_268,
    outcomes: {
      ...noOutcomes(),
      'rejected-by-dataverse': 412,
      'ambiguous-contact': 120,
      unmatched: 47_000,
      written: 280_000,
      superseded: 1_200,
      unchanged: 12_268,
    },
    deferred: 268,
    written: Object.fromEntries(
      places.map((place, at) => [
        place,
        { optedIn: Math.round(90_000 / (at + 1)), optedOut: Math.round(41_000 / (at + 1)), other: at === 3 ? 40 : 0 },
      ]),
    ),
    places: { written: 875_000, superseded: 1_900, unchanged: 23_000, rejected: 512 },
    rejections: { '0x80040265': 330, 'address-too-long': 52 },
    parked: 47_000,
    expired: 3,
    quarantined: 530,
    topicsWithoutPurpose: 12,
    requests: {
      users: [
        { name: 'user 1', requests: 9_123, executionSeconds: 4_312, throttles: { 'execution-time': 14, requests: 2 } },
        { name: 'user 2', requests: 9_002, executionSeconds: 4_280, throttles: { 'execution-time': 9 } },
      ],
      waitedMs: { 'execution time limit': 412_000, 'request limit': 21_000 },
      rowsSent: 875_412,
      writeRequests: 9_800,
      seconds: 3_072,
      overTime: {
        startedAt: '2026-10-23T02:16:20.000Z',
        intervalMs: 32_000,
        series: {
          rows: wave(9_000),
          requests: wave(200),
          'throttled: execution-time': during(41, 44, 7),
          'throttled: requests': during(20, 21, 2),
          'waited: execution time limit': during(41, 52, 37_000),
          'waited: request limit': during(19, 22, 7_000),
        },
      },
    },
  }
}

const day = (number: number): string => new Date(Date.UTC(2026, 9, 23) - number * 86_400_000).toISOString().slice(0, 10)

function partition(number: number, exportId: string): PartitionReport {
  const counts = { lines: 200_000, records: 192_000, rejects: 400, guests: 6_000, skipped: 1_600, ignoredEvents: 0 }
  return { ...PARTITION, exportId, date: day(number), objects: 8, counts }
}

/** A million lines, two targets, one stage that failed. */
export function busyReport(targets: ReadonlyArray<readonly [name: string, places: readonly string[]]>): RunReport {
  return {
    ...REPORT,
    endedAt: '2026-10-23T03:04:21Z',
    durationsMs: { ingest: 74_210, ...Object.fromEntries(targets.map(([name]) => [`deliver ${name}`, 1_400_000])) },
    ingest: {
      ...INGEST,
      partitions: [1, 2, 3, 4, 5].map((number) => partition(number, 'E1')),
      changedRecords: 431_000,
      open: [{ exportId: 'E1', date: day(0) }],
      goneDates: [{ exportId: 'E1', date: day(9), closedBy: [] }],
      retentionDays: 7,
      overTime: { startedAt: '2026-10-23T02:15:02.000Z', intervalMs: 1_000, series: { lines: wave(14_000, 1) } },
    },
    deliver: targets.map(([name, places]) => busyDelivery(name, places)),
    failures: [
      {
        stage: 'deliver crm',
        code: 'dataverse-unavailable',
        next: 'deferred',
        message: 'dataverse-unavailable: found 503',
      },
    ],
    warnings: ['a secret stands in the file'],
    exitCode: 6,
  }
}

/** The nights before it, as a store holds them. */
export function nightsBefore(report: RunReport, nights: number): RunReport[] {
  return Array.from({ length: nights }, (_, at) => ({
    ...report,
    run: `${day(at + 1).replaceAll('-', '')}T021500-0a1b2c3d`,
    startedAt: `${day(at + 1)}T02:15:00Z`,
  }))
}

/** As many and as long names as a configuration, an export and Dataverse could ever bring about. */
export function hugeReport(): RunReport {
  const places = Array.from({ length: 400 }, (_, at) => `${HOSTILE.repeat(4)}${at}`)
  const report = busyReport([
    [HOSTILE, places],
    ['crm', places],
  ])
  const failure = { stage: HOSTILE, code: 'defect', next: 'defect', message: HOSTILE } as const
  const many = Array.from({ length: 2_000 }, (_, at) => partition(at, `${HOSTILE}${at % 3}`))
  const ingest = { ...INGEST, partitions: many.map((one) => ({ ...one, damaged: [`${HOSTILE}.gz`] })) }
  const rejections = Object.fromEntries(Array.from({ length: 500 }, (_, at) => [`${HOSTILE}${at}`, at]))
  return {
    ...report,
    ingest: { ...ingest, ...(report.ingest?.overTime && { overTime: report.ingest.overTime }) },
    deliver: report.deliver.map((one) => ({ ...one, rejections, warnings: [HOSTILE] })),
    failures: [failure],
    warnings: [HOSTILE],
  }
}
