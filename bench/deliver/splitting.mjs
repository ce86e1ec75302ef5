/**
 * What bad rows cost at the least under the virtual server's model: the cheapest way to split messages, found by dynamic
 * programming. A message with a bad row is worked on up to it, rolled back, and does not say which row it was.
 *
 * Let `q` be the share of good rows, and `g` the seconds per row that the best strategy needs. The worth of an act is its
 * expected seconds minus `g` for each row it settles; `g` is right where the best first message is worth 0. Of `m` rows that
 * surely hold a bad one, one may
 *
 *     send k < m in a message: clean with (qᵏ − qᵐ) ÷ (1 − qᵐ), then m − k rows hold it; else those k do, and the others
 *     are as good as new ones,
 *     or leave j of them to a batch, which many such rows share: they cost a row, a part and their share of its base.
 *
 * This is the best of all nested strategies (what is known to hold a bad row is settled before anything else of it is
 * mixed with new rows), with batches as full as they may be and waits for nothing. Real ones are dearer.
 */

import { BEST, bestRows, messageS } from './ceiling.mjs'
import { PART_S } from './dataverse.mjs'

const PRECISION = 1e-7

/**
 * Seconds per row, at the least, and beside it those of clean rows, and of a server that names every bad row.
 *
 * @param {import('./server.mjs').ServerSettings} settings @param {number} bad share of bad rows
 */
export function leastSeconds(settings, bad) {
  const most = bestRows(settings)
  const clean = messageS(settings, most) / most
  if (bad === 0) return { clean, least: clean, named: clean, rows: most }
  const named = namedSeconds(settings, bad, most)
  let low = clean
  let high = settings.baseS + settings.rowS + PART_S
  let rows = most
  while (high - low > PRECISION * clean) {
    const tried = (low + high) / 2
    const best = firstMessage(settings, bad, most, tried)
    rows = best.rows
    if (best.worth > 0) low = tried
    else high = tried
  }
  return { clean, least: high, named, rows }
}

/**
 * Nothing is searched for: a message that breaks settles its bad row, the rows before it wait for the next one, and those
 * after it are as good as new. What is lost is the time until it broke.
 */
function namedSeconds({ baseS, rowS }, bad, most) {
  let least = Number.POSITIVE_INFINITY
  for (let n = Math.min(BEST.least, most); n <= most; n += 1) {
    const clean = (1 - bad) ** n
    const place = (1 - clean * (1 + n * bad)) / (bad * (1 - clean))
    const takesS = baseS + clean * n * rowS + (1 - clean) * place * rowS
    least = Math.min(least, takesS / (clean * n + 1 - clean))
  }
  return least
}

/** The best first message of new rows at `g` per row. */
function firstMessage({ baseS, rowS }, bad, most, g) {
  const { worths, clean, place } = tables({ baseS, rowS }, bad, most, g)
  let best = { worth: Number.POSITIVE_INFINITY, rows: 0 }
  for (let n = Math.min(BEST.least, most); n <= most; n += 1) {
    const whole = clean[n] * n * (rowS - g)
    const worth = baseS + whole + (1 - clean[n]) * (place[n] * rowS + worths[n])
    if (worth < best.worth) best = { worth, rows: n }
  }
  return best
}

/** By size: what rows that surely hold a bad one are worth, the chance that all are good, and where the first bad one is. */
function tables({ baseS, rowS }, bad, most, g) {
  const q = 1 - bad
  const fullBatch = Math.max(1, Math.min(BEST.most, Math.floor((BEST.targetS - baseS) / (rowS + PART_S))))
  const shared = rowS + PART_S + baseS / fullBatch - g
  const clean = new Float64Array(most + 1)
  const place = new Float64Array(most + 1)
  for (let n = 0; n <= most; n += 1) {
    clean[n] = q ** n
    place[n] = n === 0 ? 0 : (1 - clean[n] * (1 + n * bad)) / (bad * (1 - clean[n]))
  }
  const worths = new Float64Array(most + 1)
  for (let m = 1; m <= most; m += 1) {
    let best = m * shared
    for (let k = 1; k < m; k += 1) {
      const good = (clean[k] - clean[m]) / (1 - clean[m])
      const sent = baseS + good * (k * (rowS - g) + worths[m - k]) + (1 - good) * (place[k] * rowS + worths[k])
      const left = k * shared + good * worths[m - k]
      if (sent < best) best = sent
      if (left < best) best = left
    }
    worths[m] = best
  }
  return { worths, clean, place }
}
