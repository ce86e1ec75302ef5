/** `migrate` on the command line: which sides, which left end, which step; the report on stdout, its exit code. */

import { createReadStream } from 'node:fs'
import { readFile, stat } from 'node:fs/promises'
import { type MigrateRequest, migrate, rollBackMigration } from '../../jobs/migrate.ts'
import { fingerprints } from '../config/fingerprint.ts'
import type { Settings } from '../config/settings.ts'
import { fromMilliseconds } from '../consent/time.ts'
import { systemClock } from '../lib/clock.ts'
import { CodedError } from '../lib/errors.ts'
import { csvColumnsOf } from '../migrate/csv-columns.ts'
import type { CsvSource } from '../migrate/left-end.ts'
import type { MigrateStep } from '../migrate/migrate-report.ts'
import { sidesOf } from '../migrate/sides.ts'
import { newRunId } from '../report/run.ts'
import { type Opened, type OpeningFlags, withPorts } from './opening.ts'
import { tellReport } from './tell-report.ts'
import { withRun } from './watched-run.ts'

/** The flags of every `migrate` step as commander gives them. */
export interface MigrateFlags extends OpeningFlags {
  readonly legacy?: string
  readonly current?: string
  readonly fromCsv?: string
  readonly columns?: string[]
  readonly true: string[]
  readonly false: string[]
  /** `apply` only. */
  readonly adoptEnvironment?: boolean
}

/** Runs one step and answers its exit code. */
export function runMigrate(step: MigrateStep, flags: MigrateFlags, version: string): Promise<number> {
  const work = async ({ settings, ports, signal }: Opened, run: string) =>
    migrate(ports, settings, step, await requestOf(flags, settings, run), signal)
  if (step === 'apply') return withRun(flags, { command: 'migrate', version }, work)
  // Whoever only looks is at hand: nobody else is told.
  return withPorts(flags, version, async (opened) => {
    const report = await work(opened, newRunId(systemClock))
    await tellReport(opened, flags, report)
    return report.exitCode
  })
}

/** The flags of `migrate rollback`. */
export interface RollbackFlags extends OpeningFlags {
  readonly current?: string
  readonly deleteRefusals: boolean
}

/** Takes a migration back and answers the exit code. */
export function runRollback(flags: RollbackFlags, version: string): Promise<number> {
  return withRun(flags, { command: 'migrate', version }, async ({ settings, ports, signal }, run) => {
    const { deleteRefusals } = flags
    // What is taken back stands in the migration's own file: the left end plays no part.
    const sides = await sidesIn(settings, { ...flags, csv: true })
    const request = { ...common(settings, sides.current.name, run), sides, deleteRefusals, adoptEnvironment: false }
    return rollBackMigration(ports, settings, request, signal)
  })
}

const sidesIn = (settings: Settings, flags: { legacy?: string; current?: string; csv: boolean }) =>
  sidesOf(settings, flags, { env: process.env, readFile: (path) => readFile(path, 'utf8'), cwd: process.cwd() })

const common = (settings: Settings, target: string, run: string) => ({
  run,
  fingerprint: fingerprints(settings).delivery[target] ?? '',
})

async function requestOf(flags: MigrateFlags, settings: Settings, run: string): Promise<MigrateRequest> {
  const { fromCsv, legacy, adoptEnvironment = false } = flags
  if (fromCsv !== undefined && legacy !== undefined) usage('--from-csv', '--legacy beside it')
  if ((fromCsv === undefined) !== (flags.columns === undefined))
    usage('--columns', 'one of --from-csv and --columns alone')
  const sides = await sidesIn(settings, { ...flags, csv: fromCsv !== undefined })
  const request = { ...common(settings, sides.current.name, run), sides, adoptEnvironment }
  return fromCsv === undefined ? request : { ...request, csv: await csvOf(fromCsv, flags) }
}

async function csvOf(path: string, flags: MigrateFlags): Promise<CsvSource> {
  const { columns = [], true: yes, false: no } = flags
  const found = await stat(path).catch(() => undefined)
  if (!found?.isFile()) return usage('--from-csv', 'no readable file at this path')
  return {
    bytes: createReadStream(path),
    modifiedAt: fromMilliseconds(found.mtimeMs),
    columns: ({ mapping }) => csvColumnsOf(columns, { yes, no }, mapping.entries),
  }
}

function usage(where: string, found: string): never {
  throw new CodedError('usage', [
    { where, found, expected: 'usable flags', remedy: 'See didomi-dataverse migrate --help.' },
  ])
}
