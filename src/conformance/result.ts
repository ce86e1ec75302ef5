/** What became of the cases of a run. */
import type { Confidence, ConformanceCase } from './case.ts'

/** `observed`: of an unknown, what was seen, with the setting of the switch that gives it. */
export type Verdict = 'pass' | 'deviates' | 'skipped' | 'observed'

/** The outcome of one case. `detail` tells the first deviation, the reason of a skip, or what was observed. */
export interface CaseResult {
  readonly id: string
  readonly topic: string
  readonly title: string
  readonly cites: string
  readonly confidence: Confidence
  readonly verdict: Verdict
  readonly detail: string
}

/** The outcome of a run; `leftBehind` counts rows of ours that could not be deleted. */
export interface ConformanceReport {
  readonly results: readonly CaseResult[]
  readonly leftBehind: number
  /** Whether it was stopped before the last case. */
  readonly interrupted: boolean
}

/** A result from its case. */
export function resultOf(
  { id, topic, title, cites, confidence }: ConformanceCase,
  verdict: Verdict,
  detail = '',
): CaseResult {
  return { id, topic, title, cites, confidence, verdict, detail }
}

/** How many cases had this verdict. */
export function count(results: readonly CaseResult[], verdict: Verdict): number {
  return results.filter((each) => each.verdict === verdict).length
}
