/** What bad rows cost beyond the same cell without them. */

/**
 * Where requests queue, seconds tell how long the queue is, and nothing of rows.
 *
 * @param {readonly any[]} results
 */
export function withExtra(results) {
  const key = (/** @type {any} */ { part, costMs, users, servers, silent }) =>
    [part, costMs, users, servers, silent].join()
  const plain = new Map(
    results.filter(({ cell }) => cell.part === 'grid' && cell.bad === 0).map(({ cell, engine }) => [key(cell), engine]),
  )
  return results.map((result) => {
    const twin = plain.get(key(result.cell))
    if (result.cell.bad === 0 || result.cell.silent || twin === undefined) return result
    return { ...result, extra: result.engine.secondsPerRow / twin.secondsPerRow - 1 }
  })
}
