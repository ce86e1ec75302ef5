/** The main job: pull sealed partitions into the store, then bring every due person's latest choice to Dataverse. */

import type { Settings } from '../src/config/settings.ts'
import { type DeliverRequest, deliver } from '../src/deliver/deliver.ts'
import { type IngestSettings, ingest } from '../src/ingest/ingest.ts'
import { type WaitRequest, waitForPartition } from '../src/ingest/wait.ts'
import { DONE } from '../src/report/exit-code.ts'
import { concludeRun, type RunInTheMaking } from '../src/report/run.ts'
import type { RunReport } from '../src/report/run-report.ts'
import type { Ports } from '../src/wire.ts'
import { workAlone } from '../src/work/alone.ts'
import { once } from '../src/work/steps.ts'
import { expireEvidence } from './evidence.ts'

/** What an operator may ask of one run; everything else is configuration. */
export interface SyncRequest {
  readonly run: string
  /** A partition to wait for before all else; when it comes too late the run goes on without it. */
  readonly wait?: WaitRequest
  /** Absent where only what is known already is to be delivered. */
  readonly ingest?: IngestSettings
  /** By target name. */
  readonly deliver: ReadonlyMap<string, DeliverRequest>
  readonly strict: boolean
}

/**
 * Two stages that fail apart: a source out of reach does not keep known choices from being delivered, and Dataverse out
 * of reach does not keep the export from being saved before it is deleted.
 */
export async function sync(
  ports: Ports,
  settings: Settings,
  request: SyncRequest,
  signal: AbortSignal,
): Promise<RunReport> {
  const run: RunInTheMaking = await ports.beginRun(request.run, 'sync')
  const { wait, ingest: reading } = request
  const { work } = ports.pods ?? { work: workAlone }

  if (wait !== undefined) await run.stage('wait', () => waitForPartition(ports, wait, signal))
  if (reading !== undefined)
    await run.stage('ingest', async () => {
      run.ingested(await ingest(ports, reading, signal))
    })
  for (const target of settings.targets) {
    const wishes = request.deliver.get(target.name)
    if (wishes === undefined) continue
    await run.stage(`deliver ${target.name}`, async () => {
      const dataverse = ports.openDataverse(target)
      await deliver({ ...ports, dataverse }, settings, target, wishes, (report) => run.delivered(report), signal)
    })
  }
  const { evidence } = settings
  if (evidence !== undefined)
    await run.stage('evidence', () => once(work, 'evidence', () => expireEvidence(ports, evidence.days), signal))
  const report = await concludeRun(run, ports.store, {
    targets: [...request.deliver.keys()],
    warnings: settings.warnings,
    quarantineMax: settings.quarantine.max,
    strict: request.strict,
    alone: ports.pods === undefined,
  })
  // A pod of the job that comes later has nothing left.
  if (DONE.has(report.exitCode)) await work.complete()
  return report
}
