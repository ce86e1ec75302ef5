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
  const { windowS, requests, seconds, servers, limits } = settings
  const takesS = messageS(settings, bestRows(settings))
  const allowed = limits
    ? (Math.min(requests * takesS, seconds) / windowS) * onePerS(settings) * servers * users
    : Number.POSITIVE_INFINITY
  return Math.min(allowed, ablePerS(settings))
}

/** Rows per second with one message at work after the other. @param {import('./server.mjs').ServerSettings} settings */
function onePerS(settings) {
  const rows = bestRows(settings)
  return rows / messageS(settings, rows)
}

/** Rows per second of servers with as many at work as they do at once. @param {import('./server.mjs').ServerSettings} settings */
const ablePerS = (settings) => settings.slowsAbove * settings.servers * onePerS(settings)

/** What the product has at work for one user at most: somewhat less than the documented 52. */
const MOST_AT_ONCE = 50

/**
 * Rows per second at the beginning of a night, while the windows are empty and every user has as many messages at work as
 * it may: some twelve times the ceiling of one user on one server.
 *
 * @param {import('./server.mjs').ServerSettings} settings @param {number} users
 */
export function peakPerS(settings, users) {
  return Math.min(users * MOST_AT_ONCE * onePerS(settings), ablePerS(settings))
}
