/** What `doctor` answers; printed as it is with `--json`. */

import type { Examined } from '../doctor/examine.ts'
import type { Finding } from '../doctor/finding.ts'

export interface DoctorReport {
  readonly version: 1
  /** RFC 3339. */
  readonly at: string
  readonly groups: ReadonlyArray<{ readonly id: string; readonly title: string }>
  /** In the order in which they were made; a check with several things to say stands several times. */
  readonly checks: readonly Examined[]
  readonly counts: Readonly<Record<Finding['status'], number>>
  readonly exitCode: number
}
