/** Fills the state store from Didomi's API or from an archive; everybody whose state changed is due for the next sync. */

import type { ArchiveSettings, DidomiSettings, Settings } from '../src/config/settings.ts'
import { type BootstrapSettings, bootstrapFromApi, bootstrapFromArchive } from '../src/ingest/bootstrap.ts'
import type { IngestSettings } from '../src/ingest/ingest.ts'
import { concludeRun, type RunInTheMaking } from '../src/report/run.ts'
import type { RunReport } from '../src/report/run-report.ts'
import type { Ports } from '../src/wire.ts'

/** Where the states come from. */
export type BootstrapOrigin =
  | { readonly from: 'api'; readonly didomi: DidomiSettings; readonly bootstrap: BootstrapSettings }
  | { readonly from: 'archive'; readonly archive: ArchiveSettings; readonly ingest: IngestSettings }

/** Needs no Dataverse: it only makes persons due. */
export async function bootstrap(
  ports: Ports,
  settings: Settings,
  request: { readonly run: string; readonly origin: BootstrapOrigin },
  signal: AbortSignal,
): Promise<RunReport> {
  const run: RunInTheMaking = await ports.beginRun(request.run, 'bootstrap')
  const { origin } = request

  await run.stage('bootstrap', async () => {
    if (origin.from === 'api') {
      const didomi = ports.openDidomi(origin.didomi)
      await bootstrapFromApi({ ...ports, didomi }, origin.bootstrap, (report) => run.bootstrapped(report), signal)
    } else {
      // Nothing else of the ports: what is read from the archive is not copied there again.
      const { store, clock, log, progress, observer } = ports
      const exports = await ports.openArchive(origin.archive)
      const archive = { exports, store, clock, log, progress, ...(observer && { observer }) }
      const { report, completeAsOf } = await bootstrapFromArchive(archive, origin.ingest, signal)
      run.ingested(report)
      run.bootstrapped({ from: 'archive', ...(completeAsOf === undefined ? {} : { completeAsOf }) })
    }
  })
  return concludeRun(run, ports.store, {
    targets: [],
    warnings: settings.warnings,
    quarantineMax: settings.quarantine.max,
    strict: false,
    alone: true,
  })
}
