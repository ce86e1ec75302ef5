/** `sync` on the command line: flags and configuration become a request, signals an orderly end, the report an exit code. */

import { readFile } from 'node:fs/promises'
import { type SyncRequest, sync } from '../../jobs/sync.ts'
import { fingerprints } from '../config/fingerprint.ts'
import { loadSettings } from '../config/load.ts'
import type { Settings } from '../config/settings.ts'
import { personId } from '../consent/person-id.ts'
import { systemClock } from '../lib/clock.ts'
import { CodedError } from '../lib/errors.ts'
import { openLog } from '../lib/log.ts'
import { noProgress } from '../lib/progress.ts'
import { normaliseOuid } from '../record/normalise.ts'
import { reportText } from '../report/text.ts'
import type { Store } from '../store/store.ts'
import { csvMapOf, newRunId, openPorts } from '../wire.ts'
import { jsonProgress, terminalProgress } from './progress.ts'

/** The flags of `sync` as commander gives them. */
export interface SyncFlags {
  readonly config: string
  readonly from?: string
  readonly to?: string
  readonly exportId?: string[]
  readonly limit?: number
  readonly only?: string[]
  readonly target?: string[]
  readonly accept?: string
  readonly adoptEnvironment: boolean
  readonly rebuild: boolean
  readonly strict: boolean
  readonly json: boolean
  readonly quiet: boolean
  readonly logLevel: string
}

/** Runs one sync and answers its exit code. */
export async function runSync(flags: SyncFlags, version: string): Promise<number> {
  if (flags.from !== undefined && flags.to !== undefined && flags.from > flags.to)
    usage('--from and --to', 'a range that ends before it begins')
  const settings = await loadSettings(flags.config, {
    env: process.env,
    readFile: (path) => readFile(path, 'utf8'),
    cwd: process.cwd(),
  })
  const log = openLog(flags.logLevel, process.stderr)
  for (const warning of settings.warnings) log.warn({}, warning)
  const progress = flags.quiet
    ? noProgress
    : flags.json
      ? jsonProgress(process.stderr, systemClock)
      : terminalProgress(process.stderr)
  const ports = await openPorts(settings, { log, progress, version })
  const interruption = interruptible()
  try {
    await checkIngestSettings(ports.store, settings, flags.rebuild)
    const report = await sync(ports, settings, requestOf(flags, settings), interruption.signal)
    process.stdout.write(flags.json ? `${JSON.stringify(report)}\n` : `${reportText(report)}\n`)
    return report.exitCode
  } finally {
    interruption.end()
    await ports.close()
  }
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
  return {
    run,
    ingest: {
      discovery: { prefix: settings.source.prefix, successMarker: settings.source.successMarker },
      reading: { reading: settings.reading, csv: csvMapOf(settings.source) },
      selection: { ...(exportIds && { exportIds }), ...(from && { from }), ...(to && { to }) },
      targets: settings.targets.map(({ name }) => name),
      rejectsMaxRatio: settings.rejects.maxRatio,
      alarmAfterDays: settings.retention.alarmAfterDays,
      spillFolder: `${settings.store.sqlite}.spill`,
    },
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

/**
 * States were made under settings of their own: after a change they would mix two readings (semantics §8.6).
 * @throws CodedError `rebuild-needed`
 */
async function checkIngestSettings(store: Store, settings: Settings, rebuild: boolean): Promise<void> {
  const { ingest } = fingerprints(settings)
  const before = await store.fingerprint('ingest')
  if (rebuild) await store.forgetStates()
  else if (before !== undefined && before !== ingest && (await store.countStates()) > 0) {
    throw new CodedError('rebuild-needed', [
      {
        where: 'identity, regulations, clockSkew or source.csv',
        found: 'other settings than those the states in the store were read with',
        expected: 'the same settings, or a rebuild',
        remedy: 'Take the change back, or point `source` at a complete archive and run once with --rebuild.',
      },
    ])
  }
  if (before !== ingest) await store.setFingerprint('ingest', ingest)
}

interface Interruption {
  readonly signal: AbortSignal
  end(): void
}

/** SIGINT and SIGTERM end the run in order: what is in flight is answered or left due; nothing is half written. */
function interruptible(): Interruption {
  const controller = new AbortController()
  const stop = (name: NodeJS.Signals) => {
    const complaint = {
      where: 'this run',
      found: name,
      expected: 'to go on to its end',
      remedy: 'State is valid: run again.',
    }
    controller.abort(new CodedError(name === 'SIGINT' ? 'interrupted' : 'terminated', [complaint]))
  }
  process.once('SIGINT', stop)
  process.once('SIGTERM', stop)
  return {
    signal: controller.signal,
    end: () => {
      process.off('SIGINT', stop)
      process.off('SIGTERM', stop)
    },
  }
}
