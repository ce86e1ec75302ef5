/** Work of a sequence done several at once, as many as are well at the moment. */

import pLimit from 'p-limit'

/**
 * Takes items one after the other and works on at most `width()` of them at once. The first error ends the taking; it is
 * thrown when all that was begun has ended.
 */
export async function sideBySide<T>(
  items: AsyncIterable<T>,
  width: () => number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const limit = pLimit(Math.max(1, width()))
  const running = new Set<Promise<void>>()
  const failures: unknown[] = []
  for await (const item of items) {
    limit.concurrency = Math.max(1, width())
    const run = limit(work, item)
      .catch((error: unknown) => {
        failures.push(error)
      })
      .finally(() => running.delete(run))
    running.add(run)
    while (running.size >= limit.concurrency && failures.length === 0) {
      await Promise.race(running)
      limit.concurrency = Math.max(1, width())
    }
    if (failures.length > 0) break
  }
  await Promise.all(running)
  if (failures.length > 0) throw failures[0]
}
