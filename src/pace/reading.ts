/** What rows took while so many requests were at work: two readings tell whether more at once was more done. */

import { classOf, type Load } from './cost.ts'

/** Latencies and rows by class of loads: a read of one row says nothing about messages of a thousand. */
export interface Reading {
  readonly answers: number
  readonly classes: ReadonlyMap<string, { readonly rows: number; readonly ms: number }>
}

export const EMPTY_READING: Reading = { answers: 0, classes: new Map() }

/** The reading with one more answer in it. */
export function readOn({ answers, classes }: Reading, load: Load, latencyMs: number): Reading {
  const name = classOf(load)
  const known = classes.get(name) ?? { rows: 0, ms: 0 }
  const sum = { rows: known.rows + Math.max(1, load.rows), ms: known.ms + latencyMs }
  return { answers: answers + 1, classes: new Map(classes).set(name, sum) }
}

/** How many times as long the rows of one reading took as they would have in another; `undefined` where these had no like. */
export function slowdown(before: Reading, after: Reading): number | undefined {
  let tookMs = 0
  let wouldMs = 0
  for (const [name, { rows, ms }] of after.classes) {
    const known = before.classes.get(name)
    if (known === undefined) continue
    tookMs += ms
    wouldMs += (known.ms / known.rows) * rows
  }
  return wouldMs === 0 ? undefined : tookMs / wouldMs
}
