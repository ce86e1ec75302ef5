/** `sync` on the command line: flags and configuration become a request, signals an orderly end, the report an exit code. */

import { type SyncRequest, sync } from '../../jobs/sync.ts'
import { fingerprints } from '../config/fingerprint.ts'
import type { Settings } from '../config/settings.ts'
import { personId } from '../consent/person-id.ts'
import { dateToWaitFor, type WaitRequest } from '../ingest/wait.ts'
import { systemClock } from '../lib/clock.ts'
import { CodedError } from '../lib/errors.ts'
import { normaliseOuid } from '../record/normalise.ts'
import { newRunId } from '../report/run.ts'
import { reportText } from '../report/text.ts'
import { workAlone } from '../work/alone.ts'
import { once } from '../work/steps.ts'
import { checkIngestSettings, ingestSettingsOf } from './ingest-settings.ts'
import { type Opened, type OpeningFlags, withPorts } from './opening.ts'
import { notShared, ownSpillFolder, podOf } from './pod.ts'

/** The flags of `sync` as commander gives them. */
export interface SyncFlags extends OpeningFlags {
  readonly from?: string
  readonly to?: string
  /** A date, or `today`. */
  readonly waitForPartition?: string
  /** Milliseconds. */
  readonly waitTimeout?: number
  readonly exportId?: string[]
  readonly limit?: number
  readonly only?: string[]
  readonly target?: string[]
  readonly accept?: string
  readonly adoptEnvironment: boolean
  readonly rebuild: boolean
  readonly strict: boolean
  /** The job that other processes do together with this one. */
  readonly job?: string
}

/** Didomi delivers in the course of a night; a job that waits longer than this hides that something is wrong. */
const WAIT_TIMEOUT_MS = 3 * 3_600_000

/** Runs one sync and answers its exit code. */
export async function runSync(flags: SyncFlags, version: string): Promise<number> {
  if (flags.from !== undefined && flags.to !== undefined && flags.from > flags.to)
    usage('--from and --to', 'a range that ends before it begins')
  if (flags.waitForPartition !== undefined && (flags.from ?? flags.to) !== undefined)
    usage('--wait-for-partition', 'a repair by range, which reads what is there')
  if (flags.waitForPartition === undefined && flags.waitTimeout !== undefined)
    usage('--wait-timeout', 'no --wait-for-partition')
  const pod = podOf(flags.job, process.env)
  const check = ({ store }: Settings) => {
    if (pod !== undefined && store.kind === 'sqlite') throw notShared()
  }
  const work = async ({ settings, ports, signal }: Opened) => {
    const { store, pods } = ports
    const checked = () => checkIngestSettings(store, settings, flags.rebuild)
    await once(pods?.work ?? workAlone, 'settings of ingest', checked, signal)
    const request = requestOf(flags, settings)
    const spillFolder = pod === undefined ? undefined : await ownSpillFolder(settings.store.spillFolder)
    const ingest = { ...request.ingest, ...(spillFolder && { spillFolder }) }
    const report = await sync(ports, settings, { ...request, ingest }, signal)
    process.stdout.write(flags.json ? `${JSON.stringify(report)}\n` : `${reportText(report)}\n`)
    return report.exitCode
  }
  return withPorts({ ...flags, ...(pod && { pod }) }, version, work, check)
}

function usage(where: string, found: string): never {
  throw new CodedError('usage', [
    { where, found, expected: 'usable flags', remedy: 'See didomi-dataverse sync --help.' },
  ])
}

function requestOf(flags: SyncFlags, settings: Settings): SyncRequest {
  const run = newRunId(systemClock)
  const shapes = fingerprints(settings)
  const unknown = (flags.target ?? []).find((name) => settings.targets.every((target) => target.name !== name))
  if (unknown !== undefined) usage('--target', 'a name that the configuration does not have')
  const chosen = settings.targets.filter(({ name }) => flags.target?.includes(name) ?? true)
  const { from, to, limit, only, accept } = flags
  const exportIds = flags.exportId ?? settings.source.exportIds
  const ingest = ingestSettingsOf(settings, {
    ...(exportIds && { exportIds }),
    ...(from && { from }),
    ...(to && { to }),
  })
  const wait = waitOf(flags, ingest)
  return {
    run,
    ...(wait && { wait }),
    ingest,
    deliver: new Map(
      chosen.map(({ name }) => [
        name,
        {
          run,
          ...(limit && { limit }),
          ...(only && { only: only.map((ouid) => personId(normaliseOuid(ouid, settings.reading.normalise))) }),
          ...(accept && { accept }),
          adoptEnvironment: flags.adoptEnvironment,
          fingerprint: shapes.delivery[name] ?? '',
        },
      ]),
    ),
    strict: flags.strict,
  }
}

/** The partition to wait for: of every export that is read. */
function waitOf(
  { waitForPartition, waitTimeout = WAIT_TIMEOUT_MS }: SyncFlags,
  { discovery, selection }: SyncRequest['ingest'],
): WaitRequest | undefined {
  if (waitForPartition === undefined) return undefined
  const { exportIds } = selection
  const date = dateToWaitFor(waitForPartition, systemClock)
  return { discovery, date, timeoutMs: waitTimeout, ...(exportIds && { exportIds }) }
}
