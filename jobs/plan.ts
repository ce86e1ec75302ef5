/** What `sync` would do, on a copy of the store and before a Dataverse that is only read. */

import type { Settings } from '../src/config/settings.ts'
import type { Rehearsed } from '../src/plan/plan-report.ts'
import { type NoteWrite, rehearse } from '../src/plan/rehearsal.ts'
import { withoutBrake } from '../src/plan/without-brake.ts'
import type { PlannedRows } from '../src/store/planned-rows.ts'
import type { Ports } from '../src/wire.ts'
import { type SyncRequest, sync } from './sync.ts'

/** What an operator may ask of one plan. */
export interface PlanRequest {
  readonly sync: SyncRequest
  /** Entries of each target that are kept to be shown. */
  readonly samples: number
  readonly note?: NoteWrite
}

/**
 * Rehearses a run: `ports` are those of a copy of the store, which is not the same afterwards. Where the brake would stop
 * the run this is told, and the plan goes on to what would come after it was accepted.
 */
export async function plan(
  ports: Ports & { readonly openPlannedRows: (target: string) => PlannedRows },
  settings: Settings,
  request: PlanRequest,
  signal: AbortSignal,
): Promise<Rehearsed> {
  const rehearsal = rehearse(ports, ports.openPlannedRows, request)
  const first = await sync(rehearsal.ports, settings, request.sync, signal)
  const brake = first.failures.filter(({ code }) => code === 'brake')
  const run = brake.length === 0 ? first : await beyondTheBrake(rehearsal.ports, settings, request.sync, signal)
  return { run, ingest: first.ingest, brake, seen: rehearsal.seen }
}

/** The brake stops before the first write, so everything that was read is known by now, and everybody is still due. */
function beyondTheBrake(ports: Ports, settings: Settings, request: SyncRequest, signal: AbortSignal) {
  const { ingest: _, wait: __, ...deliver } = request
  return sync(ports, withoutBrake(settings), { ...deliver, run: `${request.run}-2` }, signal)
}
