/** What runs there were, and what each came to. Looks without the lease, so that no run is kept waiting. */

import { formatInstant } from '../src/consent/time.ts'
import { CodedError } from '../src/lib/errors.ts'
import { type ListedRun, listedRun } from '../src/report/run-list.ts'
import { RUNS_COMPARED } from '../src/report/trend.ts'
import type { StoreLook } from '../src/store/glance.ts'
import type { RunRow } from '../src/store/store.ts'

/** Runs that `runs show` finds. */
const FOUND_AMONG = 2_000

async function runsIn(look: StoreLook, runs: number): Promise<readonly RunRow[]> {
  return (await look.glance({ targets: [], bookmarks: [], sample: 0, runs }))?.runs ?? []
}

/** Newest first. @throws CodedError `store-unusable`, `lease-held` */
export async function listRuns(look: StoreLook, limit: number): Promise<readonly ListedRun[]> {
  return (await runsIn(look, limit)).map(listedRun)
}

/** A run with those before it, newest first; without an id the newest. @throws CodedError `usage` where there is none */
export async function findRun(
  look: StoreLook,
  id: string | undefined,
): Promise<{ readonly run: RunRow; readonly earlier: readonly RunRow[] }> {
  const runs = await runsIn(look, id === undefined ? COMPARED : FOUND_AMONG)
  const at = id === undefined ? 0 : runs.findIndex((run) => run.id === id)
  const run = runs[at]
  if (run === undefined) {
    const found = id === undefined ? 'no run at all' : 'a run that the store does not know'
    throw new CodedError('usage', [
      { where: 'runs show', found, expected: 'the id of a run', remedy: 'See didomi-dataverse runs list.' },
    ])
  }
  return { run, earlier: runs.slice(at + 1, at + 1 + COMPARED) }
}

/** The newest run, and those before it that its page compares it with. */
const COMPARED = RUNS_COMPARED + 1

/** When a run began, for people. */
export const beganAt = ({ startedAt }: RunRow): string => formatInstant(startedAt)
