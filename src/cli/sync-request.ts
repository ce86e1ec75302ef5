/** The flags that say what a run takes up, and the request that they and the configuration make. */

import type { SyncRequest } from '../../jobs/sync.ts'
import { fingerprints } from '../config/fingerprint.ts'
import type { Settings } from '../config/settings.ts'
import { personId } from '../consent/person-id.ts'
import type { IngestSettings } from '../ingest/ingest.ts'
import { dateToWaitFor, type WaitRequest } from '../ingest/wait.ts'
import { systemClock } from '../lib/clock.ts'
import { CodedError } from '../lib/errors.ts'
import { normaliseOuid } from '../record/normalise.ts'
import { newRunId } from '../report/run.ts'
import { ingestSettingsOf } from './ingest-settings.ts'

/** What to read and whom to deliver. */
export interface SelectingFlags {
  readonly from?: string
  readonly to?: string
  readonly exportId?: string[]
  readonly limit?: number
  readonly only?: string[]
  readonly target?: string[]
  readonly adoptEnvironment: boolean
  readonly strict: boolean
}

export interface WaitingFlags {
  /** A date, or `today`. */
  readonly waitForPartition?: string
  /** Milliseconds. */
  readonly waitTimeout?: number
}

/** Didomi delivers in the course of a night; a job that waits longer than this hides that something is wrong. */
const WAIT_TIMEOUT_MS = 3 * 3_600_000

/** Flags that contradict each other. @throws CodedError `usage` */
export function checkFlags({
  from,
  to,
  waitForPartition,
  waitTimeout,
}: Pick<SelectingFlags, 'from' | 'to'> & WaitingFlags): void {
  if (from !== undefined && to !== undefined && from > to)
    usage('--from and --to', 'a range that ends before it begins')
  if (waitForPartition !== undefined && (from ?? to) !== undefined)
    usage('--wait-for-partition', 'a repair by range, which reads what is there')
  if (waitForPartition === undefined && waitTimeout !== undefined) usage('--wait-timeout', 'no --wait-for-partition')
}

function usage(where: string, found: string): never {
  throw new CodedError('usage', [
    { where, found, expected: 'usable flags', remedy: 'See didomi-dataverse sync --help.' },
  ])
}

/** A run by these flags. @throws CodedError `usage` */
export function syncRequestOf(
  flags: SelectingFlags & Partial<WaitingFlags> & { readonly accept?: string },
  settings: Settings,
  run = newRunId(systemClock),
): SyncRequest & { readonly ingest: IngestSettings } {
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
  { waitForPartition, waitTimeout = WAIT_TIMEOUT_MS }: WaitingFlags,
  { discovery, selection }: IngestSettings,
): WaitRequest | undefined {
  if (waitForPartition === undefined) return undefined
  const { exportIds } = selection
  const date = dateToWaitFor(waitForPartition, systemClock)
  return { discovery, date, timeoutMs: waitTimeout, ...(exportIds && { exportIds }) }
}
