/** Is the store where it should be, could a run have it, and when was the last good one? */

import { formatInstant, fromMilliseconds, MILLISECOND } from '../consent/time.ts'
import type { Clock } from '../lib/clock.ts'
import { DONE } from '../report/exit-code.ts'
import type { StoreGlance, StorePlace } from '../store/glance.ts'
import { type Check, counted, failed, ok, warning } from './finding.ts'

export interface StoreWorld {
  readonly place: () => Promise<StorePlace>
  /** Nothing where there is no store yet. */
  readonly glance: () => Promise<StoreGlance | undefined>
  readonly clock: Pick<Clock, 'now'>
}

const MIB = 1_048_576
/** A night's work goes through the log and the spill folder first. */
const LITTLE_ROOM = 512 * MIB
const HOUR_MS = 3_600_000
/** A nightly job that was missed once. */
const MISSED_MS = 36 * HOUR_MS

const writable: Check<StoreWorld> = {
  id: 'writable',
  title: 'writable, with room',
  run: async ({ place }) => {
    const { writable: may, freeBytes, bytes = 0 } = await place()
    if (!may)
      return failed(
        'configuration',
        'file, folder or schema may not be written',
        'Mount the volume for writing, or give file and folder (in PostgreSQL: CREATE and USAGE on the schema) to the user that runs this.',
      )
    if (freeBytes !== undefined && freeBytes < Math.max(LITTLE_ROOM, bytes / 10))
      return warning(`${Math.floor(freeBytes / MIB)} MiB of room left`, 'Make room: log, spill and backup need some.')
    return ok('yes')
  },
}

const lease: Check<StoreWorld> = {
  id: 'lease',
  title: 'free to run',
  run: async ({ place }) => {
    if (!(await place()).held) return ok('nobody holds the lease')
    return warning('another run holds the lease', 'Wait for its end, or look for a stuck process; it ends with it.')
  },
}

const copy: Check<StoreWorld> = {
  id: 'copy',
  title: 'may be copied for a look',
  run: async ({ place }) => {
    const { copyable } = await place()
    if (copyable !== false) return ok('yes')
    return warning(
      'no temporary tables may be made in the database',
      'Grant TEMPORARY on the database to the user that runs this: `plan`, `apply`, `verify` and `explain` work on such tables.',
    )
  },
}

const content: Check<StoreWorld> = {
  id: 'content',
  title: 'readable, schema version',
  run: async ({ glance }) => {
    const read = await glance()
    if (read === undefined) return ok('none yet: the first run makes it')
    const { version, current } = read
    return ok(version === current ? `version ${version}` : `version ${version}; the next run brings it to ${current}`)
  },
}

const lastRun: Check<StoreWorld> = {
  id: 'last-run',
  title: 'last good run',
  needs: ['content'],
  run: async ({ glance, clock }) => {
    const runs = ((await glance())?.runs ?? []).filter(({ job }) => job === 'sync')
    if (runs.length === 0) return ok('no sync yet')
    const good = runs.find(({ exitCode }) => exitCode !== undefined && DONE.has(exitCode))
    const last = runs[0]?.exitCode
    const ended = last === undefined ? 'the last one did not end, or is under way' : `the last one ended with ${last}`
    const remedy =
      'Look at the job’s log and its exit code (docs/operations.md); Didomi deletes a partition after days.'
    if (good === undefined) return warning(`none of the last ${counted(runs.length, 'sync')}; ${ended}`, remedy)
    const endedAt = good.endedAt ?? good.startedAt
    const agoMs = clock.now() - endedAt / MILLISECOND
    const text = `${formatInstant(fromMilliseconds(endedAt / MILLISECOND)).slice(0, 16)}Z, ${Math.round(agoMs / HOUR_MS)} h ago`
    return agoMs > MISSED_MS ? warning(`${text}; ${ended}`, remedy) : ok(text)
  },
}

export const STORE_CHECKS: readonly Check<StoreWorld>[] = [writable, lease, copy, content, lastRun]
