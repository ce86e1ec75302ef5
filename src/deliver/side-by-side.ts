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
  const fail = (error: unknown) => {
    failures.push(error)
  }
  // What waits for its turn when the first error comes is not begun either.
  const begin = async (item: T) => (failures.length === 0 ? work(item) : undefined)
  const take = async () => {
    for await (const item of items) {
      limit.concurrency = Math.max(1, width())
      const run = limit(begin, item)
        .catch(fail)
        .finally(() => running.delete(run))
      running.add(run)
      while (running.size >= limit.concurrency && failures.length === 0) {
        await Promise.race(running)
        limit.concurrency = Math.max(1, width())
      }
      if (failures.length > 0) return
    }
  }
  await take().catch(fail)
  await Promise.all(running)
  if (failures.length > 0) throw failures[0]
}
