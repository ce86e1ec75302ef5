/** What must hold after every life, numbered, one sentence each. */

import { historyOf, worldOf } from './simulation/history-of.ts'
import { nameOf, US } from './simulation/oracle/history.ts'
import { finallyWanted, judge, type Verdict, yesOf } from './simulation/oracle/judgements.ts'
import { pastOf } from './simulation/oracle/past.ts'
import { standingBefore } from './simulation/oracle/standing.ts'
import type { Story } from './simulation/simulate.ts'

/** A broken invariant: its number and sentence, and what was found. */
export interface Breach {
  readonly number: number
  readonly sentence: string
  readonly found: string
}

interface Invariant {
  readonly sentence: string
  readonly found: (story: Story, verdict: Verdict) => readonly string[]
}

const told = (violations: readonly { place: string; reason: string }[]): string[] =>
  violations.map(({ place, reason }) => `${place}: ${reason}`)

/** In the order of their numbers, from 1. */
const INVARIANTS: readonly Invariant[] = [
  {
    sentence: 'Every line is a record, a reject, a guest or skipped, and every person has an outcome or stays due.',
    found: ({ ends }) =>
      ends.flatMap(({ run, end }) =>
        end.kind === 'report' && !(end.report.sums.lines && end.report.sums.persons) ? [`the sums of ${run}`] : [],
      ),
  },
  {
    sentence: 'Nothing wanted is lost once the world is calm.',
    found: (_, verdict) => told(verdict.lost),
  },
  {
    sentence: 'Older never overwrites newer.',
    found: (_, verdict) => told(verdict.staleOverwrites),
  },
  {
    sentence: 'Nobody is opted in without newer evidence.',
    found: (_, verdict) => told(verdict.forbiddenOptIns),
  },
  {
    sentence: 'A slot has one row of ours.',
    found: (_, verdict) => told(verdict.duplicateRows),
  },
  {
    sentence: 'A refusal wins where the order is unknown.',
    found: (_, verdict) => told(verdict.refusalWins),
  },
  {
    sentence: 'A refusal made in Dataverse that the ledger knew survives a restore of the environment.',
    found: undoneRefusals,
  },
  {
    sentence: 'A person stays due until settled, and is settled once the world is calm.',
    found: ({ dueAtEnd, calmRuns }) => (dueAtEnd === 0 ? [] : [`${dueAtEnd} due after ${calmRuns} calm runs`]),
  },
  {
    sentence: 'A second run writes nothing.',
    found: ({ writesOfRepeat }) => (writesOfRepeat === 0 ? [] : [`${writesOfRepeat} rows written by the repeat`]),
  },
  {
    sentence: 'Two processes never hold one store.',
    found: ({ together }) => (together === 0 ? [] : [`${together} times`]),
  },
  {
    sentence: 'No run meets a defect, and no request is beyond the emulator.',
    found: ({ ends, world }) => [
      ...ends.flatMap(({ run, end }) =>
        end.kind === 'report'
          ? end.report.failures.flatMap(({ code, message }) => (code === 'defect' ? [`${run}: ${message}`] : []))
          : [],
      ),
      ...(world.counters().notUnderstood === 0 ? [] : ['requests that were not understood']),
    ],
  },
]

/** Our opt-ins that stand where somebody refused, though no choice is newer. */
function undoneRefusals(story: Story): string[] {
  const { refusals = [] } = story.restore ?? {}
  if (refusals.length === 0) return []
  const past = pastOf(historyOf(story), worldOf(story))
  const wantedAt = new Map(finallyWanted(past).map((one) => [nameOf(one.place), one]))
  return refusals.flatMap(({ place, hi }) => {
    const wanted = wantedAt.get(place)
    if (wanted === undefined || (wanted.statement.value === true && wanted.statement.lo > hi)) return []
    const optIns = standingBefore(past, wanted.place, Number.POSITIVE_INFINITY).rows.filter(
      ({ value, becameBy }) => becameBy === US && value === yesOf(wanted),
    )
    return optIns.length === 0 ? [] : [`${place}: our opt-in stands`]
  })
}

/** Every breach of a story. */
export function breaches(story: Story): Breach[] {
  const verdict = judge(historyOf(story), worldOf(story))
  return INVARIANTS.flatMap(({ sentence, found }, index) =>
    found(story, verdict).map((each) => ({ number: index + 1, sentence, found: each })),
  )
}
