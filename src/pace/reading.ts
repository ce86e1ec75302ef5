/** What rows took while so many requests were at work: two readings tell whether more at once was more done. */

import type { Load } from './cost.ts'

/**
 * Latencies and rows by kind of request: a read says nothing about messages that write. Sizes are not told apart: where more
 * at once means smaller messages that do less by the row, that is part of what it brings.
 */
export interface Reading {
  readonly answers: number
  readonly kinds: ReadonlyMap<string, { readonly rows: number; readonly ms: number }>
}

export const EMPTY_READING: Reading = { answers: 0, kinds: new Map() }

/** The reading with one more answer in it. */
export function readOn({ answers, kinds }: Reading, load: Load, latencyMs: number): Reading {
  const known = kinds.get(load.kind) ?? { rows: 0, ms: 0 }
  const sum = { rows: known.rows + Math.max(1, load.rows), ms: known.ms + latencyMs }
  return { answers: answers + 1, kinds: new Map(kinds).set(load.kind, sum) }
}

/** How many times as long the rows of one reading took as they would have in another; `undefined` where these had no like. */
export function slowdown(before: Reading, after: Reading): number | undefined {
  let tookMs = 0
  let wouldMs = 0
  for (const [kind, { rows, ms }] of after.kinds) {
    const known = before.kinds.get(kind)
    if (known === undefined) continue
    tookMs += ms
    wouldMs += (known.ms / known.rows) * rows
  }
  return wouldMs === 0 ? undefined : tookMs / wouldMs
}
