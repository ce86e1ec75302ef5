/** Does what a plan says, and nothing else: a run whose writes must each stand in the plan. */

import type { Settings } from '../src/config/settings.ts'
import { onlyPlanned } from '../src/plan/only-planned.ts'
import { type SavedPlan, writeHash } from '../src/plan/plan-file.ts'
import { withoutBrake } from '../src/plan/without-brake.ts'
import type { RunReport } from '../src/report/run-report.ts'
import type { Ports } from '../src/wire.ts'
import { type SyncRequest, sync } from './sync.ts'

/** What has changed since it was compared with the plan is not written: its persons stay due (exit 6). */
export function apply(
  ports: Ports,
  settings: Settings,
  request: SyncRequest,
  { head, writes }: SavedPlan,
  signal: AbortSignal,
): Promise<RunReport> {
  const openDataverse: Ports['openDataverse'] = (target) =>
    onlyPlanned(ports.openDataverse(target), (table, row) => writes.has(writeHash(head.key, target.name, table, row)))
  // The plan was looked at, so the brake has nothing to say.
  return sync({ ...ports, openDataverse }, withoutBrake(settings), request, signal)
}
