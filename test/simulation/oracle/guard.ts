/** Semantics §7, with what the oracle cannot know as a range: does the guard surely, or possibly, let a statement pass? */

import { US } from './history.ts'
import { instant, toSecond } from './instant.ts'
import { heldBetween, type Mapped, type Past, runAt } from './past.ts'
import { isBlank, type Standing, type StandingRow } from './standing.ts'
import type { Statement } from './statements.ts'
import { codeOf } from './wanted.ts'

/**
 * One reading of what Dataverse says: nothing, or a span whose ends are known only within ranges. `own`: the ledger's
 * value, which nobody else ever said here, so that it gives way to any refusal (semantics §7).
 */
export type Option = 'nothing' | { readonly E: Range; readonly F: Range; readonly own: boolean }

type Range = readonly [least: number, most: number]

/** Every row of the table in semantics §7 that a standing row may be read by, just before the journal entry `index`. */
export function optionsOf(past: Past, mapped: Mapped, standing: Standing, row: StandingRow, index: number): Option[] {
  const { lastOwn, knownAt } = standing
  const entry = past.history.journal[index]
  const untilRun = entry === undefined ? past.perRun.length - 1 : runAt(past, instant(entry.at))
  const held = (fromRun: number, fromIndex: number) =>
    heldBetween(past, mapped, { fromRun, untilRun, fromIndex, untilIndex: index })
  const holding = (statements: Statement[], value: unknown) =>
    statements.filter((one) => codeOf(mapped.entry, one) === value)

  // FREEDOM: a value emptied by hand states nothing, or is "another value than the ledger's": both are accepted.
  if (isBlank(row.value))
    return lastOwn === undefined ? ['nothing'] : ['nothing', foreign(past, row, knownAt, row.becameAt)]
  if (lastOwn !== undefined && lastOwn.value === row.value) {
    const since = holding(held(runAt(past, lastOwn.at), lastOwn.index), row.value)
    const spans = since.length > 0 ? since : holding(held(0, -1), row.value)
    // A value of ours that nobody ever said excuses nothing.
    const own: Option[] = spans.length === 0 ? ['nothing'] : spans.map((span) => ownSpan(span, !row.saidByOthers))
    // FREEDOM: put back by somebody else, after the ledger may have found another value equal: then it is foreign.
    const back = row.becameBy !== US && row.becameIndex > lastOwn.index
    return back ? [...own, foreign(past, row, knownAt, row.becameAt)] : own
  }
  // FREEDOM: a foreign value that was once wanted may have been found equal: then the ledger holds it with our span. A row
  // of ours whose ledger entry is lost has it in its reason, from a run that may have known less than it could.
  const dated = lastOwn === undefined && !mapped.link.startsWith('contact|') && row.modifiedBy === US
  const reread = reasonLost(past, mapped, row, untilRun)
  const since = dated ? held(0, -1) : held(Math.max(runFinding(past, row.becameAt), reread), row.becameIndex)
  const foundEqual = [...holding(since, row.value), ...foundBefore(past, mapped, standing, row, reread)].map((span) =>
    ownSpan(span, false),
  )
  if (lastOwn !== undefined) return [...foundEqual, foreign(past, row, knownAt, row.becameAt)]
  // FREEDOM: so may the value before it, whose ledger time is then at most the moment of the change.
  const before = !isBlank(row.previous) && holding(held(0, -1), row.previous).length > 0
  const earliest = mapped.link.startsWith('contact|') ? Number.NEGATIVE_INFINITY : row.createdOn
  return [...foundEqual, foreign(past, row, earliest, before ? row.becameAt : earliest)]
}

/**
 * FREEDOM: where somebody changed a value and changed it back, a run may have found it equal before, and the ledger holds it
 * with the span it had then: "no matter who saved the row after us" (semantics §7). Not where we wrote another one since.
 */
function foundBefore(past: Past, mapped: Mapped, { lastOwn }: Standing, row: StandingRow, reread: number): Statement[] {
  const stays = row.earlier.filter(({ cameIndex }) => cameIndex > (lastOwn?.index ?? -1))
  return stays.flatMap(({ cameAt, cameIndex, leftAt, leftIndex }) =>
    heldBetween(past, mapped, {
      fromRun: Math.max(runFinding(past, cameAt), reread),
      untilRun: runAt(past, leftAt),
      fromIndex: cameIndex,
      untilIndex: leftIndex,
    }).filter((one) => codeOf(mapped.entry, one) === row.value),
  )
}

/** The first run that can have found what came at an instant: it had not ended yet. */
function runFinding({ history }: Past, at: number): number {
  const found = history.runs.findIndex(({ endedAt }) => instant(endedAt) >= at)
  return found === -1 ? history.runs.length : found
}

/** The first run since the ledger was last lost; 0 where the span is still known, by the ledger or by our reason on the row. */
function reasonLost(past: Past, mapped: Mapped, row: StandingRow, untilRun: number): number {
  const readable = !mapped.link.startsWith('contact|') && row.modifiedBy === US
  const losses = past.lostAt.filter((lost) => lost <= (past.startedAt[untilRun] ?? Number.POSITIVE_INFINITY))
  const loss = Math.max(Number.NEGATIVE_INFINITY, ...losses)
  return readable
    ? 0
    : Math.max(
        0,
        past.startedAt.findIndex((started) => started >= loss),
      )
}

function ownSpan(statement: Statement, own: boolean): Option {
  return { E: [statement.lo, statement.lo], F: [statement.hi, statement.hi], own }
}

function foreign(past: Past, row: StandingRow, least: number, most: number): Option {
  const δ = past.world.policies.clockToleranceMs * 1000
  // δ belongs to Dataverse's clock, which shows whole seconds: the job may see either end of the second.
  return {
    E: [toSecond(Math.min(least, most)) - δ, most - δ],
    F: [toSecond(row.modifiedOn) + δ, row.modifiedOn + δ],
    own: false,
  }
}

/** Whether every reading lets the statement pass. */
export function surely(statement: Statement, options: readonly Option[]): boolean {
  return options.every((option) => passes(statement, option, 'most'))
}

/** Whether some reading lets the statement pass. */
export function possibly(statement: Statement, options: readonly Option[]): boolean {
  return options.some((option) => passes(statement, option, 'least'))
}

/**
 * "an opt-in is written iff lo > F; a refusal iff hi ≥ E; a value without refusal iff lo > F" – δ is in E and F already.
 * Our own opt-in gives way to any refusal.
 */
function passes(statement: Statement, option: Option, bound: 'least' | 'most'): boolean {
  if (option === 'nothing') return true
  const end = bound === 'least' ? 0 : 1
  if (statement.value === false) return option.own || statement.hi >= option.E[end]
  return statement.lo > option.F[end]
}
