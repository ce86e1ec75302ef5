/** How choices went from day to day, by what earlier runs left in the store. Pure. */

import * as z from 'zod'
import type { JsonValue } from '../record/record.ts'
import type { RunReport } from './run-report.ts'

/** Earlier runs whose choices are compared: a month of nights, with some repeated. */
export const RUNS_COMPARED = 60

/** Choices written, one way and the other. */
export interface Choices {
  readonly optedIn: number
  readonly optedOut: number
}

/** One target's day, in UTC: all runs of it together. */
export interface Day {
  readonly date: string
  readonly total: Choices
  /** Per column, or `purpose:<id> channel`. */
  readonly byPlace: ReadonlyMap<string, Choices>
}

/** The part of a stored report that days are made of; the rest may be of any version. */
const told = z.object({
  run: z.string(),
  startedAt: z.string(),
  deliver: z.array(
    z.object({
      target: z.string(),
      written: z.record(z.string(), z.object({ optedIn: z.number(), optedOut: z.number() })),
    }),
  ),
})

export type Told = z.output<typeof told>

/** Days that are looked back on. */
const MOST_DAYS = 30

/** Reports of runs that delivered; what is none of these is left out. */
export function parseTold(reports: readonly (JsonValue | undefined)[]): Told[] {
  return reports.flatMap((report) => {
    const parsed = told.safeParse(report)
    return parsed.success ? [parsed.data] : []
  })
}

/** The days of a target up to that of `report`, oldest first; runs that began later are not among them. */
export function daysOf(report: RunReport, earlier: readonly Told[], target: string): readonly Day[] {
  const before = earlier.filter(({ run, startedAt }) => run !== report.run && startedAt < report.startedAt)
  const days = new Map<string, Map<string, Choices>>()
  for (const { startedAt, deliver } of [...before, report]) {
    for (const one of deliver) {
      if (one.target !== target) continue
      const date = startedAt.slice(0, 10)
      const places = days.get(date) ?? new Map<string, Choices>()
      for (const [place, choices] of Object.entries(one.written)) places.set(place, sumOf([places.get(place), choices]))
      days.set(date, places)
    }
  }
  return [...days]
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .slice(-MOST_DAYS)
    .map(([date, byPlace]) => ({ date, byPlace, total: sumOf([...byPlace.values()]) }))
}

function sumOf(choices: ReadonlyArray<Choices | undefined>): Choices {
  const sum = (of: (one: Choices) => number) =>
    choices.reduce((total, one) => total + (one === undefined ? 0 : of(one)), 0)
  return { optedIn: sum(({ optedIn }) => optedIn), optedOut: sum(({ optedOut }) => optedOut) }
}
