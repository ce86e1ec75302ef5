/** `plan` and `apply` on the command line: a look at what `sync` would do, kept in a file, and exactly that done. */

import { apply } from '../../jobs/apply.ts'
import { plan } from '../../jobs/plan.ts'
import { fingerprints } from '../config/fingerprint.ts'
import type { Settings } from '../config/settings.ts'
import { systemClock } from '../lib/clock.ts'
import { CodedError } from '../lib/errors.ts'
import { refuseMoved, refuseOtherSettings } from '../plan/only-planned.ts'
import { openPlanWriter, type PlanHead, planHead, readPlan, writeHash } from '../plan/plan-file.ts'
import { planReport } from '../plan/plan-report.ts'
import { planText } from '../plan/plan-text.ts'
import type { NoteWrite } from '../plan/rehearsal.ts'
import { checkIngestSettings } from './ingest-settings.ts'
import type { OpeningFlags } from './opening.ts'
import { type Scratch, withScratch } from './scratch.ts'
import { checkFlags, type SelectingFlags, syncRequestOf } from './sync-request.ts'
import { withRun } from './watched-run.ts'

/** The flags of `plan` as commander gives them. */
export interface PlanFlags extends OpeningFlags, SelectingFlags {
  readonly ingest: boolean
  readonly show: number
  readonly out?: string
  readonly withIdentifiers: boolean
  readonly detailedExitcode: boolean
}

/** Plans, and answers the exit code. */
export async function runPlan(flags: PlanFlags, version: string): Promise<number> {
  checkFlags(flags)
  if (flags.out !== undefined && flags.only !== undefined)
    usage('--out', '--only beside it, which would name persons in the file')
  if (flags.withIdentifiers && flags.out === undefined) usage('--with-identifiers', 'no --out')
  return withScratch(flags, version, async (scratch) => {
    const { settings, ports, signal } = scratch
    await checkIngestSettings(ports.store, settings, false)
    const head = planHead({ fingerprints: fingerprints(settings), asked: askedOf(flags) }, systemClock.now())
    const file = flags.out === undefined ? undefined : openPlanWriter(flags.out, head, flags.withIdentifiers)
    try {
      const request = { sync: requestOf(flags, settings), samples: flags.show, ...(file && { note: file.add }) }
      const rehearsed = await plan(ports, settings, request, signal)
      const thresholds = {
        quarantineMax: settings.quarantine.max,
        strict: flags.strict,
        detailed: flags.detailedExitcode,
      }
      const report = planReport(rehearsed, settings.targets, thresholds)
      if (report.failures.length === 0) file?.end()
      process.stdout.write(`${flags.json ? JSON.stringify(report) : planText(report)}\n`)
      return report.exitCode
    } finally {
      file?.discard()
    }
  })
}

/** The flags of `apply`. */
export interface ApplyFlags extends OpeningFlags {
  readonly strict: boolean
}

/** Plans again, compares, does it, and answers the exit code. @throws CodedError `plan-unreadable`, `plan-moved` */
export async function runApply(path: string, flags: ApplyFlags, version: string): Promise<number> {
  const saved = await readPlan(path)
  const asked = { ...saved.head.asked, strict: flags.strict } as SelectingFlags & { readonly ingest: boolean }
  await withScratch(flags, version, (scratch) => compare(scratch, saved, asked))
  return withRun(flags, { command: 'apply', version }, async ({ settings, ports, signal }, run) => {
    await checkIngestSettings(ports.store, settings, false)
    return apply(ports, settings, requestOf(asked, settings, run), saved, signal)
  })
}

async function compare(
  { settings, ports, signal }: Scratch,
  { head, writes }: Awaited<ReturnType<typeof readPlan>>,
  asked: SelectingFlags & { readonly ingest: boolean },
): Promise<void> {
  refuseOtherSettings(head.fingerprints, fingerprints(settings))
  await checkIngestSettings(ports.store, settings, false)
  const now = new Set<string>()
  const note: NoteWrite = (target, table, row) => void now.add(writeHash(head.key, target, table, row))
  const { run } = await plan(ports, settings, { sync: requestOf(asked, settings), samples: 0, note }, signal)
  const [failure] = run.failures
  if (failure !== undefined) {
    const [where, found] = [`apply, ${failure.stage}`, failure.message]
    const expected = 'a look that comes to its end before anything is written'
    const remedy = 'Mend what the message names, then apply the same plan again: nothing was written.'
    throw new CodedError(failure.code, [{ where, found, expected, remedy }])
  }
  refuseMoved(writes, now)
}

const askedOf = ({ ingest, adoptEnvironment, target, exportId, limit, from, to }: PlanFlags): PlanHead['asked'] => ({
  ...{ ingest, adoptEnvironment },
  ...(target && { target }),
  ...(exportId && { exportId }),
  ...(limit !== undefined && { limit }),
  ...(from !== undefined && { from }),
  ...(to !== undefined && { to }),
})

function requestOf(flags: SelectingFlags & { readonly ingest: boolean }, settings: Settings, run?: string) {
  const { ingest, ...request } = syncRequestOf(flags, settings, run)
  return flags.ingest ? { ...request, ingest } : request
}

function usage(where: string, found: string): never {
  throw new CodedError('usage', [
    { where, found, expected: 'usable flags', remedy: 'See didomi-dataverse plan --help.' },
  ])
}
