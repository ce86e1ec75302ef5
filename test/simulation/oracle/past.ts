/** What could be known when: statements run by run, persons behind a place, and the spans that the ledger may hold. */

import { linksOf, rowsBefore, type Speaker, type Timelines, timelinesOf } from './environment.ts'
import { type ColumnEntry, type ConsentEntry, type History, US, type World } from './history.ts'
import { instant } from './instant.ts'
import type { ReadLine } from './reading.ts'
import { expectedStatements, linesOf, type Statement, type Statements, sameValue } from './statements.ts'
import { combine, type Wanted } from './wanted.ts'

/** Who was linked to what after the journal entry `index` (−1: before all). */
export interface Snapshot {
  readonly index: number
  readonly at: number
  readonly by: string
  readonly links: ReadonlyMap<string, readonly Speaker[]>
}

/** A history prepared for judging. */
export interface Past {
  readonly history: History
  readonly world: World
  readonly timelines: Timelines
  /** `perRun[r]`: the statements by the lines of runs 0…r. The last holds all lines. */
  readonly perRun: readonly Statements[]
  readonly startedAt: readonly number[]
  readonly snapshots: readonly Snapshot[]
  readonly lostAt: readonly number[]
  /** The good lines of every person. */
  readonly lines: ReadonlyMap<string, readonly ReadLine[]>
}

/** A thing mapped: whose link, which key. */
export interface Mapped {
  readonly link: string
  readonly key: string
  readonly entry: ColumnEntry | ConsentEntry
}

/** Prepares a history; nothing is judged yet. */
export function pastOf(history: History, world: World): Past {
  const startedAt = history.runs.map((run) => instant(run.startedAt))
  const count = Math.max(1, history.runs.length)
  const perRun = Array.from({ length: count }, (_, run) =>
    expectedStatements(history, world, run === count - 1 ? Number.POSITIVE_INFINITY : run),
  )
  const persons = [...(perRun.at(-1)?.keys() ?? [])]
  const timelines = timelinesOf(history)
  const links = (index: number) => linksOf(persons, rowsBefore(timelines.contact, index + 1), world)
  const snapshots: Snapshot[] = [{ index: -1, at: Number.NEGATIVE_INFINITY, by: '', links: links(-1) }]
  for (const [index, entry] of history.journal.entries()) {
    if (entry.table !== 'contact') continue
    if (entry.kind !== 'update' || Object.keys(entry.columns).some((column) => linking(column, world))) {
      snapshots.push({ index, at: instant(entry.at), by: entry.by, links: links(index) })
    }
  }
  const lines = linesOf(history, world)
  return {
    history,
    world,
    lines,
    timelines,
    perRun,
    startedAt,
    snapshots,
    lostAt: (history.ledgerLostAt ?? []).map(instant),
  }
}

/** Whether a contact column decides who is linked to what: match, address and master columns (semantics §5.3). */
export function linking(column: string, world: World): boolean {
  if (column === world.matchAttribute || column === 'masterid') return true
  return world.mode === 'cpc' && world.contactPoints.some(({ from }) => from === `contact.${column}`)
}

/** The run (index) in whose time an instant lies: the last one begun by then; before all runs the first. */
export function runAt(past: Past, at: number): number {
  return Math.max(
    0,
    past.startedAt.findLastIndex((started) => started <= at),
  )
}

/** The distinct groups of persons that a link had from just before entry `from` until just before entry `until`. */
export function speakersBetween(past: Past, link: string, from: number, until: number): string[][] {
  const first = past.snapshots.findLastIndex((snapshot) => snapshot.index < from)
  const groups = new Map<string, string[]>()
  for (const snapshot of past.snapshots.slice(Math.max(0, first))) {
    if (snapshot.index >= until) break
    const group = (snapshot.links.get(link) ?? []).map(({ person }) => person).sort()
    groups.set(JSON.stringify(group), group)
  }
  return [...groups.values()]
}

/** A stretch of the past: runs and journal entries, both from and until; `untilIndex` itself is outside. */
export interface Stretch {
  readonly fromRun: number
  readonly untilRun: number
  readonly fromIndex: number
  readonly untilIndex: number
}

/** Every statement that a place could have been asked to hold in a stretch of the past: the possible spans of the ledger. */
export function heldBetween(past: Past, mapped: Mapped, stretch: Stretch): Statement[] {
  const held: Statement[] = []
  const groups = speakersBetween(past, mapped.link, stretch.fromIndex, stretch.untilIndex)
  for (const statements of past.perRun.slice(stretch.fromRun, stretch.untilRun + 1)) {
    for (const group of groups) {
      const said = group.flatMap((person) => statements.get(person)?.get(mapped.key) ?? [])
      if (said.length === 0) continue
      const all = combine(said, past.world)
      if (!held.some((one) => sameValue(one.value, all.value) && one.lo === all.lo && one.hi === all.hi)) held.push(all)
    }
  }
  return held
}

/**
 * When the job must have looked at a wanted place last: the start of the last run that was full, or in which the key's
 * statement of a stating person changed, or that found a linking contact changed since the run before it.
 */
export function examinedAt(past: Past, wanted: Wanted): number | undefined {
  for (let run = past.startedAt.length - 1; run >= 0; run--) {
    const started = past.startedAt[run] ?? 0
    const before = past.startedAt[run - 1] ?? Number.NEGATIVE_INFINITY
    const full = past.history.runs[run]?.full === true
    if (full || saidAnew(past, wanted, run) || linkedAnew(past, wanted, before, started)) return started
  }
  return undefined
}

function saidAnew(past: Past, wanted: Wanted, run: number): boolean {
  return wanted.persons.some((person) => {
    const now = past.perRun[run]?.get(person)?.get(wanted.key)
    const then = past.perRun[run - 1]?.get(person)?.get(wanted.key)
    if (now === undefined || then === undefined) return now !== then
    return !sameValue(now.value, then.value) || now.lo !== then.lo || now.hi !== then.hi
  })
}

/** Only a person who was not linked before counts: that one is due and states the choice itself. */
function linkedAnew(past: Past, wanted: Wanted, from: number, until: number): boolean {
  return past.snapshots.some((snapshot, position) => {
    if (snapshot.at < from || snapshot.at >= until || snapshot.by === US) return false
    const before = (past.snapshots[position - 1]?.links.get(wanted.link) ?? []).map(({ person }) => person)
    const after = (snapshot.links.get(wanted.link) ?? []).map(({ person }) => person)
    return after.some((person) => wanted.persons.includes(person) && !before.includes(person))
  })
}

/** Whether somebody else than us changed who is behind a link, at the journal entry `from` or later. */
export function relinked(past: Past, link: string, from: number): boolean {
  return past.snapshots.some((snapshot, position) => {
    if (snapshot.index < from || snapshot.by === US) return false
    const names = (one: Snapshot | undefined) =>
      JSON.stringify((one?.links.get(link) ?? []).map(({ person }) => person))
    return names(snapshot) !== names(past.snapshots[position - 1])
  })
}

/** The index of the first journal entry at or after an instant. */
export function indexAt(past: Past, at: number): number {
  const found = past.history.journal.findIndex((entry) => instant(entry.at) >= at)
  return found === -1 ? past.history.journal.length : found
}
