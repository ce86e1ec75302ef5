/** What a read-back found: where Dataverse does not hold what it should, by kind. Counts only. */

import type { DeliverReport } from '../report/deliver-report.ts'
import { exitCode, type Finding } from '../report/exit-code.ts'
import { findingsOf, type RunReport, type StageFailure } from '../report/run-report.ts'
import type { PlannedChoices, Seen } from './rehearsal.ts'
import { CONFIDENCE, upperBound } from './sampling.ts'

/** How many were looked at, of how many. */
export interface Looked {
  /** Persons with something delivered; those that are due are not among them. */
  readonly persons: number
  readonly looked: number
  /** Due by now: what they said last is not to be there yet. */
  readonly due: number
}

export interface TargetDrift extends Looked {
  readonly target: string
  /** Persons for whom something is missing or another. */
  readonly drifted: number
  /** By column, or purpose or topic and channel; `filled` is missing, `changed` another, `superseded` rightly newer. */
  readonly choices: Readonly<Record<string, PlannedChoices>>
  readonly missing: number
  readonly different: number
  readonly superseded: number
  readonly outcomes: DeliverReport['outcomes']
  /** The environment was restored from a backup: it holds an older state. */
  readonly restored: boolean
  /** Of a sample: at most this share of all persons has drifted, with `confidence`. */
  readonly atMost?: number
  readonly confidence?: number
}

export interface VerifyReport {
  readonly version: 1
  readonly job: 'verify'
  readonly run: string
  readonly targets: readonly TargetDrift[]
  readonly drifted: number
  /** Persons marked due, so that the next run repairs them. */
  readonly markedDue: number
  readonly failures: readonly StageFailure[]
  readonly exitCode: number
}

export function verifyReport(
  run: RunReport,
  looked: ReadonlyMap<string, Looked>,
  seen: ReadonlyMap<string, Seen>,
): VerifyReport {
  const targets = run.deliver.flatMap((delivery) => {
    const counts = looked.get(delivery.target)
    return counts === undefined ? [] : [driftOf(delivery, counts, seen.get(delivery.target))]
  })
  const drifted = targets.reduce((sum, target) => sum + target.drifted, 0)
  const thresholds = { quarantineMax: Number.POSITIVE_INFINITY, strict: false }
  const findings: Finding[] = [...findingsOf(run, 0, thresholds), ...(drifted > 0 ? (['deferred'] as const) : [])]
  return {
    version: 1,
    job: 'verify',
    run: run.run,
    targets,
    drifted,
    markedDue: 0,
    failures: run.failures,
    exitCode: exitCode(findings),
  }
}

function driftOf({ target, outcomes, restored }: DeliverReport, counts: Looked, seen: Seen | undefined): TargetDrift {
  const choices = [...(seen?.choices ?? [])].sort(([a], [b]) => (a < b ? -1 : 1))
  const sum = (of: keyof PlannedChoices) => choices.reduce((total, [, one]) => total + one[of], 0)
  const drifted = seen?.writtenFor.size ?? 0
  const sampled = counts.looked < counts.persons && counts.looked > 0
  return {
    ...counts,
    ...{ target, drifted, choices: Object.fromEntries(choices) },
    ...{ missing: sum('filled'), different: sum('changed'), superseded: sum('superseded'), outcomes, restored },
    ...(sampled && { atMost: upperBound(drifted, counts.looked), confidence: CONFIDENCE }),
  }
}

/** For people at a terminal; without a line end. */
export function verifyText(report: VerifyReport): string {
  const { run, drifted, targets, failures, markedDue } = report
  return [
    `Verify ${run}: ${drifted === 0 ? 'no drift' : `${drifted} persons have drifted`}`,
    ...targets.flatMap(targetLines),
    ...failures.map(({ stage, message }) => `  ! ${stage}: ${message}`),
    ...(markedDue > 0 ? [`  ${markedDue} persons are due now: the next sync repairs them`] : []),
  ].join('\n')
}

function targetLines(drift: TargetDrift): string[] {
  const { target, persons, looked, due, missing, different, superseded, choices, restored, atMost, drifted } = drift
  return [
    `  ${target}: ${looked} of ${persons} persons looked at; ${due} more are due and were not`,
    `    ${drifted} drifted: ${missing} choices missing, ${different} different; ${superseded} kept, since they are newer`,
    ...Object.entries(choices).map(
      ([what, counts]) =>
        `    ${what}: ${counts.filled} missing, ${counts.changed} different, ${counts.superseded} newer`,
    ),
    ...(atMost === undefined
      ? []
      : [`    of all, at most ${(atMost * 100).toPrecision(2)} % have drifted (${CONFIDENCE * 100} % confidence)`]),
    ...(restored ? ['    ! the environment was restored from a backup: the next sync delivers everybody anew'] : []),
  ]
}
