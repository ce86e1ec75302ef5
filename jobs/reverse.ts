/** The way back: what somebody chose in Dataverse is heard there and told to Didomi. */

import type { DidomiSettings, Settings, TargetSettings } from '../src/config/settings.ts'
import type { HeardReport, ToldReport } from '../src/report/reverse-report.ts'
import { concludeRun, type RunInTheMaking } from '../src/report/run.ts'
import type { RunReport } from '../src/report/run-report.ts'
import type { Inbox } from '../src/reverse/inbox.ts'
import { listen } from '../src/reverse/listen.ts'
import { tell } from '../src/reverse/tell.ts'
import type { Ports } from '../src/wire.ts'

/** What an operator may ask of one run. */
export interface ReverseRequest {
  readonly run: string
  readonly targets: readonly TargetSettings[]
  readonly didomi: DidomiSettings
  /** The plan that the brake stopped. Then nothing more is heard: what is told is what was looked at. */
  readonly accept?: string
}

/** Rows of an inbox that one run takes up; what is left is the next run's, and the change log knows of it too. */
const TOUCHED = 100_000

/**
 * Two stages that fail apart: Dataverse out of reach does not keep what was heard before from being told, and Didomi out of
 * reach does not keep the change log from being read before it expires.
 */
export async function reverse(
  ports: Ports & { readonly inbox?: Inbox },
  settings: Settings,
  { run: id, targets, didomi, accept }: ReverseRequest,
  signal: AbortSignal,
): Promise<RunReport> {
  const run: RunInTheMaking = await ports.beginRun(id, 'reverse')
  const { inbox } = ports
  const touched = accept === undefined ? ((await inbox?.take(TOUCHED)) ?? []) : []

  for (const target of accept === undefined ? targets : []) {
    await run.stage(`hear ${target.name}`, async () => {
      const dataverse = ports.openDataverse(target)
      const conclude = (report: HeardReport) => run.heard(report)
      await listen({ ...ports, dataverse }, settings, target, { run: id, touched }, conclude, signal)
    })
  }
  // Every target must have heard them: one inbox serves them all.
  if (run.failures.length === 0) await inbox?.remove(touched)
  await run.stage('tell Didomi', async () => {
    const conclude = (report: ToldReport) => run.told(report)
    await tell({ ...ports, didomi: ports.openDidomi(didomi) }, { ...settings, accept }, conclude, signal)
  })
  return concludeRun(run, ports.store, {
    targets: [],
    warnings: settings.warnings,
    quarantineMax: settings.quarantine.max,
    strict: false,
    alone: true,
  })
}
