/** Ends a run by SIGKILL at a chosen point: at a time, while an answer is kept back, or at a commit of the store. */

import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { FaultMatch } from '../../src/emulator/faults.ts'
import type { JournalEntry } from '../../src/emulator/journal.ts'
import type { Control, Place, RunResult, RunUnderWay } from './sync-run.ts'
import { below, type Chance } from './sync-world.ts'

const AT_COMMIT = fileURLToPath(new URL('sync-kill-at-commit.mjs', import.meta.url))

export type KillPoint =
  | { readonly kind: 'time'; readonly afterMs: number }
  /** While the nth matching request's answer is kept back. A write has been committed by then. */
  | { readonly kind: 'write' | 'read'; readonly match: FaultMatch; readonly nth: number }
  /** At the nth transaction of the store: while it ingests, writes ahead or settles. */
  | { readonly kind: 'commit'; readonly side: 'before' | 'after'; readonly nth: number }

export type KillKind = KillPoint['kind']

const WEIGHTS: Readonly<Record<KillKind, number>> = { write: 7, read: 3, commit: 6, time: 4 }
export const KILL_KINDS: readonly KillKind[] = ['write', 'read', 'commit', 'time']
/** Each kind as often as it weighs. */
const IN_PROPORTION = KILL_KINDS.flatMap((kind) => Array<KillKind>(WEIGHTS[kind]).fill(kind))

/** What the undisturbed run needed: points are drawn from its whole length. */
export interface Extent {
  readonly lifeMs: number
  readonly commits: number
  readonly operations: Readonly<Record<string, number>>
}

/** Few of a run's batches are writes, and most of its reads of metadata go in batches. */
const BATCHES = 3
const WRITES: readonly FaultMatch[] = [
  { message: 'CreateMultiple' },
  { message: 'UpdateMultiple' },
  { message: 'Batch', body: 'PATCH ' },
]
const READS: readonly FaultMatch[] = [
  { message: 'RetrieveMultiple' },
  { message: 'WhoAmI' },
  { message: 'Batch', body: 'GET ' },
]

/** A kind of point, in proportion; one that has not killed yet goes first, so that few kills too are of every kind. */
export function drawKind(chance: Chance, kills: Readonly<Partial<Record<KillKind, number>>>): KillKind {
  const missing = IN_PROPORTION.filter((kind) => (kills[kind] ?? 0) === 0)
  const among = missing.length > 0 ? missing : IN_PROPORTION
  return among[below(chance, among.length)] ?? 'time'
}

/** A random point in a run of this extent. Early ones are likelier: a run that goes on after a kill has less to do. */
export function drawPoint(chance: Chance, kind: KillKind, { lifeMs, commits, operations }: Extent): KillPoint {
  const nth = (of: number) => 1 + Math.floor(of * chance() ** 2)
  const held = (kind: 'write' | 'read', matches: readonly FaultMatch[]): KillPoint => {
    const among = matches.filter(({ message = '' }) => (operations[message] ?? 0) > 0)
    const match = among[below(chance, among.length)] ?? {}
    return { kind, match, nth: nth(match.body === undefined ? (operations[match.message ?? ''] ?? 1) : BATCHES) }
  }
  switch (kind) {
    case 'write':
      return held(kind, WRITES)
    case 'read':
      return held(kind, READS)
    case 'commit':
      return { kind, side: chance() < 0.5 ? 'before' : 'after', nth: nth(commits) }
    case 'time':
      // The first third of a run's life is Node reading the program.
      return { kind, afterMs: Math.round(lifeMs * (0.3 + 0.7 * chance())) }
  }
}

/** An undisturbed run, with what it takes to draw points from it. */
export async function runMeasured(control: Control, place: Place): Promise<{ result: RunResult; extent: Extent }> {
  const began = performance.now()
  const result = await place.run({ node: ['--import', AT_COMMIT], env: { KILL_AT: 'count' } })
  const lifeMs = performance.now() - began
  const commits = Number(/^commits (\d+)$/m.exec(result.stderr)?.[1] ?? 0)
  const { operations } = await control.counters()
  return { result, extent: { lifeMs, commits, operations } }
}

/** How a run with a kill point ended. */
export interface Struck {
  readonly result: RunResult
  /** Killed between the server's commit and its answer. */
  readonly between: boolean
}

/** Starts a run and kills it at the point; a run that never gets there ends by itself. */
export async function strike(control: Control, place: Place, point: KillPoint): Promise<Struck> {
  switch (point.kind) {
    case 'time': {
      const run = place.start()
      await Promise.race([pause(point.afterMs), run.ended])
      run.kill('SIGKILL')
      return { result: await run.ended, between: false }
    }
    case 'commit': {
      const env = { KILL_AT: `${point.side}:${point.nth}` }
      return { result: await place.run({ node: ['--import', AT_COMMIT], env }), between: false }
    }
    case 'write':
    case 'read':
      return strikeHeld(control, place.start, point)
  }
}

async function strikeHeld(
  control: Control,
  start: () => RunUnderWay,
  { kind, match, nth }: KillPoint & { readonly kind: 'write' | 'read' },
): Promise<Struck> {
  const id = await control.hold(match, nth)
  const waiting = new AbortController()
  const run = start()
  const held = await Promise.race([control.held(id, waiting.signal).then(() => true), run.ended.then(() => false)])
  waiting.abort()
  if (held) run.kill('SIGKILL')
  const result = await run.ended
  if (held) await control.ask('POST', 'hold/release', { how: 'reset', id })
  await control.ask('DELETE', 'faults')
  return { result, between: held && kind === 'write' }
}

/** Requests that wrote to some row once more what the last request had written there. */
export function repeatedRequests(journal: readonly JournalEntry[]): ReadonlySet<string> {
  const last = new Map<string, { readonly request: string | null; readonly written: string }>()
  const repeated = new Set<string>()
  for (const { table, id, columns, requestId } of journal) {
    // The reason names the run: the same choice written by the next run is a repetition all the same.
    const { msdynmkt_reason: _, ...business } = columns
    const written = JSON.stringify(business)
    const before = last.get(`${table} ${id}`)
    if (before?.written === written && before.request !== requestId && requestId !== null) repeated.add(requestId)
    last.set(`${table} ${id}`, { request: requestId, written })
  }
  return repeated
}
