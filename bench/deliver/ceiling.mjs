/** What is possible at all, by arithmetic: the yardstick of every cell. Times in seconds. */

/** The most and the least that a message may hold, and what it should take at most: what the product is set to. */
export const BEST = { most: 1_000, least: 10, targetS: 5 }

/** What a message of so many rows takes on average. @param {import('./server.mjs').ServerSettings} settings @param {number} rows */
export const messageS = ({ baseS, rowS }, rows) => baseS + rows * rowS

/** The largest message within the target: the base cost weighs least in it. @param {import('./server.mjs').ServerSettings} settings */
export function bestRows({ baseS, rowS }) {
  return Math.max(BEST.least, Math.min(BEST.most, Math.floor((BEST.targetS - baseS) / rowS)))
}

/**
 * Rows per second that never cross a limit:
 *
 *     min(requests, seconds ÷ message) ÷ window × rows × servers × users      (limits, for each user on each server)
 *     slowsAbove ÷ message × rows × servers                                   (queueing: more at once is no more done)
 *
 * with `message` = base + rows × cost of a row, and the best rows. The lesser of the two counts.
 *
 * @param {import('./server.mjs').ServerSettings} settings @param {number} users
 */
export function ceilingPerS(settings, users) {
  const { windowS, requests, seconds, servers, slowsAbove, limits } = settings
  const rows = bestRows(settings)
  const takesS = messageS(settings, rows)
  const allowed = limits
    ? (Math.min(requests, seconds / takesS) / windowS) * rows * servers * users
    : Number.POSITIVE_INFINITY
  const able = (slowsAbove / takesS) * rows * servers
  return Math.min(allowed, able)
}
