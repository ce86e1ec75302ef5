/** `sync` on the command line: flags and configuration become a request, signals an orderly end, the report an exit code. */

import { sync } from '../../jobs/sync.ts'
import type { Settings } from '../config/settings.ts'
import { workAlone } from '../work/alone.ts'
import { once } from '../work/steps.ts'
import { checkIngestSettings } from './ingest-settings.ts'
import type { Opened, OpeningFlags } from './opening.ts'
import { notShared, ownSpillFolder, podOf } from './pod.ts'
import { checkFlags, type SelectingFlags, syncRequestOf, type WaitingFlags } from './sync-request.ts'
import { withRun } from './watched-run.ts'

/** The flags of `sync` as commander gives them. */
export interface SyncFlags extends OpeningFlags, SelectingFlags, WaitingFlags {
  readonly accept?: string
  readonly rebuild: boolean
  /** The job that other processes do together with this one. */
  readonly job?: string
}

/** Runs one sync and answers its exit code. */
export async function runSync(flags: SyncFlags, version: string): Promise<number> {
  checkFlags(flags)
  const pod = podOf(flags.job, process.env)
  const check = ({ store }: Settings) => {
    if (pod !== undefined && store.kind === 'sqlite') throw notShared()
  }
  const work = async ({ settings, ports, signal }: Opened, run: string) => {
    const { store, pods } = ports
    const checked = () => checkIngestSettings(store, settings, flags.rebuild)
    await once(pods?.work ?? workAlone, 'settings of ingest', checked, signal)
    const request = syncRequestOf(flags, settings, run)
    const spillFolder = pod === undefined ? undefined : await ownSpillFolder(settings.store.spillFolder)
    const ingest = { ...request.ingest, ...(spillFolder && { spillFolder }) }
    return sync(ports, settings, { ...request, ingest }, signal)
  }
  return withRun({ ...flags, ...(pod && { pod }) }, { command: 'sync', version, check }, work)
}
