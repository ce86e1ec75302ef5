/** What a run would do, in counts; samples are masked. */

import type { TargetSettings } from '../config/settings.ts'
import { formatInstant } from '../consent/time.ts'
import type { DeliverReport } from '../report/deliver-report.ts'
import { exitCode, type Finding } from '../report/exit-code.ts'
import { type Forecast, forecast } from '../report/forecast.ts'
import type { IngestReport } from '../report/ingest-report.ts'
import { findingsOf, type RunReport, type StageFailure } from '../report/run-report.ts'
import type { Evidence } from '../store/evidence.ts'
import { maskedPlace } from './masked-place.ts'
import type { PlannedChoices, Seen } from './rehearsal.ts'
import { consentWord } from './wording.ts'

/** One choice that would be written or kept, without what tells of whom. */
export interface Sample {
  readonly place: string
  readonly what: string
  readonly from: string
  readonly to: string
  /** When it was said, at the earliest and at the latest. */
  readonly lo: string
  readonly hi: string
  readonly decision: 'written' | 'superseded'
}

export interface TargetPlan {
  readonly target: string
  readonly mode: DeliverReport['mode']
  readonly persons: number
  readonly outcomes: DeliverReport['outcomes']
  readonly rows: { readonly creates: number; readonly updates: number }
  readonly places: DeliverReport['places']
  readonly choices: Readonly<Record<string, PlannedChoices>>
  readonly rejections: DeliverReport['rejections']
  /** By column: what `contact.adopt` would overwrite. */
  readonly adoptable: Readonly<Record<string, number>>
  readonly topicsWithoutPurpose: number
  readonly restored: boolean
  readonly forecast: Forecast
  readonly samples: readonly Sample[]
  readonly warnings: readonly string[]
}

export interface PlanReport {
  readonly version: 1
  readonly job: 'plan'
  readonly run: string
  readonly ingest?: IngestReport
  readonly targets: readonly TargetPlan[]
  /** Rows that would be written. */
  readonly changes: number
  /** What the brake would say (semantics §8.7); the plan goes on beyond it. */
  readonly brake: readonly string[]
  readonly failures: readonly StageFailure[]
  readonly warnings: readonly string[]
  readonly exitCode: number
}

export interface Rehearsed {
  readonly run: RunReport
  readonly ingest: IngestReport | undefined
  readonly brake: readonly StageFailure[]
  readonly seen: ReadonlyMap<string, Seen>
}

/** Changes pending (semantics §9). */
const CHANGES_PENDING = 8

/** `detailed`: changes that are pending have an exit code of their own. */
export function planReport(
  { run, ingest, brake, seen }: Rehearsed,
  targets: readonly TargetSettings[],
  thresholds: { readonly quarantineMax: number; readonly strict: boolean; readonly detailed: boolean },
): PlanReport {
  const plans = run.deliver.flatMap((delivery) => {
    const settings = targets.find(({ name }) => name === delivery.target)
    return settings === undefined ? [] : [targetPlan(delivery, settings, seen.get(delivery.target))]
  })
  const changes = plans.reduce((sum, { rows }) => sum + rows.creates + rows.updates, 0)
  const findings: Finding[] = findingsOf({ ...run, ...(ingest && { ingest }) }, 0, thresholds)
  const code = exitCode(findings)
  return {
    version: 1,
    job: 'plan',
    run: run.run,
    ...(ingest && { ingest }),
    targets: plans,
    changes,
    brake: brake.map(({ message }) => message),
    failures: run.failures,
    warnings: run.warnings,
    exitCode: code === 0 && thresholds.detailed && changes > 0 ? CHANGES_PENDING : code,
  }
}

function targetPlan(delivery: DeliverReport, settings: TargetSettings, seen: Seen | undefined): TargetPlan {
  const { target, mode, persons, outcomes, places, rejections, topicsWithoutPurpose, restored, warnings } = delivery
  const { creates = 0, updates = 0, choices = new Map<string, PlannedChoices>(), samples = [] } = seen ?? {}
  const reads = delivery.requests.users.reduce((sum, { requests }) => sum + requests, 0)
  return {
    ...{ target, mode, persons, outcomes, rows: { creates, updates }, places },
    choices: Object.fromEntries([...choices].sort(([a], [b]) => (a < b ? -1 : 1))),
    ...{ rejections, adoptable: delivery.adoptable ?? {}, topicsWithoutPurpose, restored },
    forecast: forecast(creates + updates, reads, settings),
    samples: samples.flatMap((entry) => sampleOf(entry, mode)),
    warnings,
  }
}

function sampleOf(entry: Evidence, mode: DeliverReport['mode']): Sample[] {
  const { place = '', what, from, to, lo, hi, decision } = entry
  if (decision !== 'written' && decision !== 'superseded') return []
  const told = (value: Evidence['from']) => (mode === 'consent' ? consentWord(value) : undefined) ?? plain(value)
  return [
    {
      ...{ place: maskedPlace(place), what, from: told(from), to: told(to) },
      ...{ lo: formatInstant(lo), hi: formatInstant(hi), decision },
    },
  ]
}

/** Choices are told; texts may tell of a person. */
function plain(value: Evidence['from']): string {
  if (value === null) return 'nothing'
  return typeof value === 'boolean' || typeof value === 'number' ? String(value) : 'a text'
}
