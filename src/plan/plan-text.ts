/** A plan for people at a terminal. */

import type { PlanReport, TargetPlan } from './plan-report.ts'
import { spanText } from './wording.ts'

/** The whole text, without a line end; nothing personal. */
export function planText(report: PlanReport): string {
  const { run, ingest, targets, changes, brake, failures, warnings } = report
  const read = ingest?.partitions.length ?? 0
  return [
    `Plan ${run}: ${changes === 0 ? 'nothing to write' : `${changes} rows to write`}; nothing was written`,
    ...(ingest === undefined
      ? ['  export: not looked at']
      : [`  export: ${read} partitions to read, ${ingest.changedRecords} records new or changed`]),
    ...targets.flatMap(targetLines),
    ...brake.map((message) => `  ! ${message}`),
    ...failures.map(({ stage, message }) => `  ! ${stage}: ${message}`),
    ...warnings.map((warning) => `  · ${warning}`),
  ].join('\n')
}

function targetLines(plan: TargetPlan): string[] {
  const { target, persons, outcomes, rows, places, choices, rejections, forecast, samples, warnings } = plan
  const named = Object.entries(outcomes)
    .filter(([, count]) => count > 0)
    .map(([outcome, count]) => `${count} ${outcome}`)
  return [
    `  ${target}: ${persons} persons = ${named.join(' + ') || 'nobody'}`,
    `    rows: ${rows.creates} to create, ${rows.updates} to update`,
    `    choices: ${places.written} to write, ${places.unchanged} unchanged, ${places.superseded} superseded`,
    ...Object.entries(choices).map(
      ([what, { filled, changed, superseded }]) =>
        `    ${what}: ${filled} where nothing is said, ${changed} changed, ${superseded} superseded`,
    ),
    ...Object.entries(plan.adoptable).map(
      ([column, count]) => `    · ${column}: ${count} of the superseded would be overwritten by contact.adopt`,
    ),
    ...Object.entries(rejections).map(([code, count]) => `    ! ${count} × ${code}: cannot be written`),
    ...(plan.topicsWithoutPurpose > 0
      ? [`    ! ${plan.topicsWithoutPurpose} topics opted in without their purpose`]
      : []),
    ...(plan.restored ? ['    ! the environment was restored from a backup: everybody is delivered anew'] : []),
    `    forecast: ${forecast.requests} requests, ${forecast.entitlement} of the daily allowance, about ${duration(forecast.seconds)}`,
    ...samples.map(
      ({ place, what, from, to, lo, hi, decision }) =>
        `    ${decision === 'written' ? '→' : '='} ${place}, ${what}: ${from} ${decision === 'written' ? '→' : 'stays, not'} ${to}` +
        ` (said ${spanText(lo, hi)})`,
    ),
    ...warnings.map((warning) => `    · ${warning}`),
  ]
}

function duration(seconds: number): string {
  if (seconds < 120) return `${seconds} s`
  return seconds < 7_200 ? `${Math.round(seconds / 60)} min` : `${(seconds / 3_600).toFixed(1)} h`
}
