/** Some of many rows without copying the others. */

/** Up to `count` items after the first `from`; a negative `from` is none to pass over. */
export function slice<Item>(items: Iterable<Item>, from: number, count: number): Item[] {
  const taken: Item[] = []
  let at = 0
  for (const item of items) {
    if (taken.length === count) break
    if (at++ >= from) taken.push(item)
  }
  return taken
}
