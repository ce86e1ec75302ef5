/** Many who ask for one commit each, and few commits: whoever asks while one is under way shares the next. */

/**
 * Wraps `commit`, which never runs twice at once. What comes in while it runs is committed together, right after. Each
 * caller hears how its own commit ended. (To wait for more company than is at the door was measured to gain nothing.)
 */
export function groupCommit<T>(commit: (items: readonly T[]) => Promise<void>): (items: readonly T[]) => Promise<void> {
  let waiting: T[] = []
  let next: Promise<void> | undefined
  let last: Promise<void> = Promise.resolve()
  return (items) => {
    waiting.push(...items)
    next ??= last.then(async () => {
      // Whatever is already at the door comes along: requests that arrived in one turn of the event loop.
      await new Promise(setImmediate)
      const taken = waiting
      waiting = []
      next = undefined
      await commit(taken)
    })
    last = next.catch(() => {})
    return next
  }
}
