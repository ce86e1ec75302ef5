/** `bootstrap` on the command line: where states come from, whether it goes on or begins anew, and the exit code. */

import { type BootstrapOrigin, bootstrap } from '../../jobs/bootstrap.ts'
import type { Settings } from '../config/settings.ts'
import { CodedError } from '../lib/errors.ts'
import { checkIngestSettings, ingestSettingsOf } from './ingest-settings.ts'
import type { OpeningFlags } from './opening.ts'
import { withRun } from './watched-run.ts'

/** The flags of `bootstrap` as commander gives them. */
export interface BootstrapFlags extends OpeningFlags {
  readonly from: 'api' | 'archive'
  readonly restart: boolean
  readonly rebuild: boolean
}

/** Runs one bootstrap and answers its exit code. */
export async function runBootstrap(flags: BootstrapFlags, version: string): Promise<number> {
  if (flags.restart && flags.from === 'archive') throw restartsNothing()
  // Looked at before the store is touched: what cannot begin must not have forgotten the states.
  const check = (settings: Settings) => void originOf(flags, settings)
  return withRun(flags, { command: 'bootstrap', version, check }, async ({ settings, ports, signal }, run) => {
    await checkIngestSettings(ports.store, settings, flags.rebuild)
    return bootstrap(ports, settings, { run, origin: originOf(flags, settings) }, signal)
  })
}

/** @throws CodedError `config-invalid` where the configuration does not say how it is reached */
function originOf({ from, restart }: BootstrapFlags, settings: Settings): BootstrapOrigin {
  const { didomi, archive, source, reading, rejects } = settings
  if (from === 'archive') {
    if (archive === undefined) throw notConfigured('archive', '`archive.to`, where the partitions were copied to')
    const { exportIds } = source
    // Copies have ETags of their own: what is known is known by key and size.
    const selection = { compare: 'size' as const, ...(exportIds && { exportIds }) }
    return { from, archive, ingest: ingestSettingsOf(settings, selection) }
  }
  if (didomi === undefined) throw notConfigured('api', '`didomi` with organizationId, key and secret')
  const bootstrap = {
    of: `${didomi.apiRoot} ${didomi.organizationId}`,
    reading,
    targets: settings.targets.map(({ name }) => name),
    rejectsMaxRatio: rejects.maxRatio,
    restart,
  }
  return { from, didomi, bootstrap }
}

function notConfigured(from: string, expected: string): CodedError {
  const remedy = `Add it to the configuration, or choose the other --from.`
  return new CodedError('config-invalid', [
    { where: `bootstrap --from ${from}`, found: 'no settings for it', expected, remedy },
  ])
}

function restartsNothing(): CodedError {
  return new CodedError('usage', [
    {
      where: '--restart',
      found: '--from archive',
      expected: '--from api, which goes on where it stopped',
      remedy: 'Leave it out: of an archive only what is not yet known is read.',
    },
  ])
}
