/** How many rows one bulk message takes: as many as the server does in the time we aim at, fewer where rows are refused. */

import { learnedCost, type MessageCost, UNKNOWN_COST } from './message-cost.ts'

/** What is aimed at, and the bounds. */
export interface BatchSizeSettings {
  /** What one message should take; all its rows are locked so long. */
  readonly targetMs: number
  readonly least: number
  readonly most: number
  readonly start: number
}

/**
 * Dataverse takes 1,000 rows of a standard table at most (Dataverse: bulk operations). The first message is small: a row that
 * takes a fifth of a second would lock a hundred of them for as long as a request may take at all.
 */
export const BATCH_SIZE: BatchSizeSettings = { targetMs: 5_000, least: 10, most: 1_000, start: 25 }

/** What is known of the messages of one kind. */
export interface BatchSize {
  readonly rows: number
  /** The same before it is made whole: small steps would get lost. */
  readonly exact: number
  /** A size that was too slow for the server or too long, and how many answers ago. */
  readonly ceiling: number
  /** Rows seen lately, and how many of them were refused. */
  readonly seen: number
  readonly bad: number
  readonly cost: MessageCost
}

/** What became of a message. */
export type BatchEvent =
  | { readonly kind: 'done'; readonly rows: number; readonly latencyMs: number }
  /** A part of one that had broken was done. It tells what messages cost, and nothing of what they might hold. */
  | { readonly kind: 'part-done'; readonly rows: number; readonly latencyMs: number }
  /** A timeout of the server's database, or a body too long. */
  | { readonly kind: 'too-large'; readonly rows: number }
  /** Some of its rows were refused, and the message with them. */
  | { readonly kind: 'bad'; readonly rows: number; readonly bad: number }

/** Growth from one message to the next. */
const GROWTH = 2
/**
 * A message that took so many times what is aimed at is proof alone. One that took twice as long may have waited behind
 * others where requests queue, and messages that are small for no other reason cost more by the row.
 */
const FAR_TOO_SLOW = 4
/** Weight of the newest answer. */
const NEWEST = 0.1
/** How a ceiling is forgotten, from message to message: a table is not slow for ever. */
const CEILING_RISES = 1.02
/** Rows that count as lately. */
const LATELY = 50_000

export function beginSize({ start, most }: BatchSizeSettings): BatchSize {
  return { rows: start, exact: start, ceiling: most, seen: 0, bad: 0, cost: UNKNOWN_COST }
}

/**
 * How many messages of equal length so many rows are best sent in: as near to the size as whole messages come, a little above
 * it or below, and never above what is known to be too large, unless that is less than the least.
 */
export function messagesFor({ rows: best, ceiling }: BatchSize, rows: number): number {
  return Math.max(Math.round(rows / best), Math.ceil(rows / Math.max(best, Math.floor(ceiling))))
}

/** The size after something became of a message. */
export function sized(settings: BatchSizeSettings, size: BatchSize, event: BatchEvent): BatchSize {
  switch (event.kind) {
    case 'done': {
      const fitting = (event.rows * settings.targetMs) / Math.max(1, event.latencyMs)
      // A message that was not full says nothing about a full one but that it may be tried.
      const reached = Math.min(fitting, Math.max(size.exact, event.rows) * GROWTH)
      // One answer is luck, unless it is far off: callers ask for the size when the slowest message of theirs has come back.
      const far = fitting >= size.exact * GROWTH || fitting <= size.exact / FAR_TOO_SLOW
      const exact = far ? reached : size.exact + NEWEST * (reached - size.exact)
      const ceiling = Math.min(settings.most, size.ceiling * CEILING_RISES)
      return bounded(settings, { ...taught(counted(size, event.rows, 0), event), ceiling, exact })
    }
    case 'part-done':
      return bounded(settings, taught(size, event))
    case 'too-large': {
      const half = Math.floor(event.rows / 2)
      return bounded(settings, { ...size, ceiling: Math.min(size.ceiling, half), exact: Math.min(size.exact, half) })
    }
    case 'bad':
      return bounded(settings, counted(size, event.rows, event.bad))
  }
}

const taught = (size: BatchSize, { rows, latencyMs }: Extract<BatchEvent, { latencyMs: number }>): BatchSize => ({
  ...size,
  cost: learnedCost(size.cost, rows, latencyMs),
})

function counted(size: BatchSize, rows: number, bad: number): BatchSize {
  const fading = size.seen + rows > LATELY ? 0.5 : 1
  return { ...size, seen: (size.seen + rows) * fading, bad: (size.bad + bad) * fading }
}

function bounded({ least, most }: BatchSizeSettings, size: BatchSize): BatchSize {
  const exact = Math.max(least, Math.min(size.exact, size.ceiling, bestWithBad(size), most))
  return { ...size, exact, rows: Math.floor(exact) }
}

/**
 * The best size where some rows are bad. By the row, a message costs the less by itself the larger it is, and what is lost
 * with one that breaks grows with its size; with both equal the size goes by the root of the one over the share of the other.
 */
function bestWithBad({ seen, bad, cost }: BatchSize): number {
  return bad === 0 ? Number.POSITIVE_INFINITY : Math.sqrt((cost.rows * seen) / bad)
}
