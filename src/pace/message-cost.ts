/**
 * What a bulk message costs by itself, counted in rows: of 100 ms for the message and 20 ms for a row it is five. It is
 * learned from messages of different sizes that were answered about the same time, since what both cost changes with the
 * server's load: where messages take more by the row the smaller they are, they cost much by themselves.
 */

/** What is known of it. */
export interface MessageCost {
  readonly rows: number
  /** Logarithm of milliseconds per row, the message counted as so many rows more: the mean of the latest answers. */
  readonly level: number | undefined
  /** The message's own part of what it takes: the mean of the latest answers. */
  readonly share: number
  /** How much has been learned, in answers whose share was far from the mean. */
  readonly known: number
}

/** In rows: nothing less or more was met, and a wrong estimate does little harm within. */
const LEAST = 2
const MOST = 200
/** Weight of the newest answer in the two means. */
const NEWEST = 0.05
/**
 * What was learned is half forgotten after some 1,400 answers: a server is not the same for ever. What was assumed stays:
 * where all messages are of one size next to nothing is learned, and with nothing to hold it the estimate would wander.
 */
const KEPT = 0.9995
/** An answer that took e times as long, or as short, as was expected, and more than that, tells nothing more. */
const FARTHEST = 1

/** Seven rows, and as sure of that as some sixty answers are of anything: a factor of two either way would be no surprise. */
export const UNKNOWN_COST: MessageCost = { rows: 7, level: undefined, share: 0, known: 0.3 }

/** After a message of so many rows was done in so many milliseconds: a step of recursive least squares in logarithms. */
export function learnedCost(cost: MessageCost, rows: number, latencyMs: number): MessageCost {
  const share = cost.rows / (rows + cost.rows)
  const level = Math.log(Math.max(1, latencyMs) / (rows + cost.rows))
  if (cost.level === undefined) return { ...cost, level, share }
  const surprise = Math.max(-FARTHEST, Math.min(FARTHEST, level - cost.level))
  const apart = share - cost.share
  const known = UNKNOWN_COST.known + (cost.known - UNKNOWN_COST.known) * KEPT + apart * apart
  return {
    rows: Math.max(LEAST, Math.min(MOST, cost.rows * Math.exp((surprise * apart) / known))),
    level: cost.level + NEWEST * (level - cost.level),
    share: cost.share + NEWEST * apart,
    known,
  }
}
