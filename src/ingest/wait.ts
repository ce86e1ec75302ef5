/** Waiting for a partition that is late: looked for again and again, ever less often, until it is sealed or time is up. */

import { byCodeUnit } from '../consent/choice.ts'
import { DAY, formatInstant, fromMilliseconds, parseDay } from '../consent/time.ts'
import type { Clock } from '../lib/clock.ts'
import { CodedError, defect } from '../lib/errors.ts'
import type { Log } from '../lib/log.ts'
import type { Progress } from '../lib/progress.ts'
import { type DiscoverySettings, discoverPartitions } from '../source/discover.ts'
import type { ObjectStore } from '../source/object-store.ts'
import type { Partition, PartitionId } from '../source/partition.ts'
import type { Store } from '../store/store.ts'

export interface WaitPorts {
  readonly exports: ObjectStore
  readonly store: Pick<Store, 'partitions'>
  readonly clock: Clock
  readonly log: Log
  readonly progress: Progress
}

/** What is waited for, and how long. */
export interface WaitRequest {
  readonly discovery: DiscoverySettings
  /** The partition's date, `YYYY-MM-DD`. */
  readonly date: string
  readonly timeoutMs: number
  /** The exports that are to have the date; without them, those that had a partition in the week before it. */
  readonly exportIds?: readonly string[]
}

/** A listing of a bucket costs little, but is asked for all night. */
const FIRST_WAIT_MS = 30_000
const LONGEST_WAIT_MS = 300_000

/** An export that has been silent for longer has ended: waiting for it would cost every night its timeout. */
const ALIVE_DAYS = 7

/** `today` is the UTC date: an export's date is the day it ran (Didomi: no page says in which zone). */
export function dateToWaitFor(wish: string, clock: Pick<Clock, 'now'>): string {
  return wish === 'today' ? formatInstant(fromMilliseconds(clock.now())).slice(0, 10) : wish
}

/**
 * Returns once the partition of the date is sealed for every export. A source that cannot be listed may come back: it
 * is asked again until the time is up. Whoever calls goes on with what there is.
 *
 * @throws CodedError `partition-late` when the time is up; `source-forbidden` at once; the signal's reason when aborted
 */
export async function waitForPartition(ports: WaitPorts, request: WaitRequest, signal: AbortSignal): Promise<void> {
  const { clock, log, progress } = ports
  const { date, timeoutMs } = request
  const began = clock.monotonic()
  for (let waitMs = FIRST_WAIT_MS; ; waitMs = Math.min(waitMs * 2, LONGEST_WAIT_MS)) {
    const found = await look(ports, request, signal)
    const waitedMs = clock.monotonic() - began
    if ('missing' in found && found.missing.length === 0) {
      if (waitedMs > 0) log.info({ date, waitedMs }, 'the partition waited for is sealed')
      return
    }
    const what = `partition ${date} ${'missing' in found ? `of ${exportsText(found.missing)}` : '(source not readable)'}`
    if (waitedMs >= timeoutMs) throw partitionLate(what, waitedMs, found)
    const pauseMs = Math.min(waitMs, timeoutMs - waitedMs)
    log.info({ date, waitedMs, pauseMs, leftMs: timeoutMs - waitedMs }, `waiting for ${what}`)
    progress.waiting(`${what} is not sealed (waited ${minutes(waitedMs)} of ${minutes(timeoutMs)})`, pauseMs)
    await clock.sleep(pauseMs, signal)
  }
}

/** What one look at the source gave: exports whose partition is not sealed (`undefined`: none is known at all). */
type Look = { readonly missing: readonly (string | undefined)[] } | { readonly error: CodedError }

async function look({ exports, store, log }: WaitPorts, request: WaitRequest, signal: AbortSignal): Promise<Look> {
  try {
    const { partitions } = await discoverPartitions(exports, request.discovery, signal)
    return { missing: missingExports(partitions, await store.partitions(), request) }
  } catch (error) {
    if (!(error instanceof CodedError) || error.code !== 'source-unreadable') throw error
    log.warn({ code: error.code }, error.message)
    return { error }
  }
}

/**
 * The exports whose partition of the date is not sealed, sorted. Where no export is known, any one will do: the answer
 * is then `[undefined]` until there is one.
 */
export function missingExports(
  discovered: readonly Partition[],
  known: readonly PartitionId[],
  { date, exportIds }: Pick<WaitRequest, 'date' | 'exportIds'>,
): readonly (string | undefined)[] {
  const sealed = new Set(discovered.filter((one) => one.date === date && one.sealed).map(({ exportId }) => exportId))
  const wanted = new Set(exportIds ?? [...discovered, ...known].filter(aliveAt(date)).map(({ exportId }) => exportId))
  if (wanted.size === 0) return [undefined]
  return [...wanted].filter((exportId) => !sealed.has(exportId)).sort(byCodeUnit)
}

/** Partitions of the date and of the days before it in which a living export has one. */
function aliveAt(date: string): (partition: PartitionId) => boolean {
  const day = parseDay(date) ?? defect('the date waited for', 'a day that does not exist')
  const from = formatInstant(day - ALIVE_DAYS * DAY).slice(0, 10)
  return (partition) => partition.date >= from && partition.date <= date
}

const exportsText = (exportIds: readonly (string | undefined)[]): string =>
  exportIds.map((exportId) => exportId ?? 'any export').join(', ')

const minutes = (ms: number): string => `${Math.round(ms / 60_000)} min`

function partitionLate(what: string, waitedMs: number, found: Look): CodedError {
  return new CodedError(
    'partition-late',
    [
      {
        where: what,
        found: `no _SUCCESS after ${minutes(waitedMs)}`,
        expected: 'a sealed partition',
        remedy: 'The run went on with what there was; run again once it is there.',
      },
    ],
    'error' in found ? { cause: found.error } : {},
  )
}
