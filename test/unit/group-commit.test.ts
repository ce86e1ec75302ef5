/** Group commits: few of them, one at a time, and each caller hears of its own. */

import { expect, it } from 'vitest'
import { groupCommit } from '../../src/lib/group-commit.ts'

/** Commits that end when they are told to. */
function held() {
  const begun: Array<{ readonly items: readonly number[]; end(error?: Error): void }> = []
  const add = groupCommit<number>(
    (items) =>
      new Promise((resolve, reject) => {
        begun.push({ items, end: (error) => (error === undefined ? resolve() : reject(error)) })
      }),
  )
  const nth = async (n: number) => {
    for (;;) {
      const commit = begun[n]
      if (commit !== undefined) return commit
      await new Promise((resolve) => setTimeout(resolve, 1))
    }
  }
  return { add, begun, nth }
}

it('what comes in one turn, or while a commit is under way, is one commit, in order', async () => {
  const { add, begun, nth } = held()
  const all = [add([1]), add([2, 3])]
  const first = await nth(0)
  all.push(add([4]), add([5]))
  await new Promise((resolve) => setTimeout(resolve, 20))
  expect(begun.map(({ items }) => items)).toEqual([[1, 2, 3]])
  first.end()
  const second = await nth(1)
  second.end()
  await Promise.all(all)
  expect(begun.map(({ items }) => items)).toEqual([
    [1, 2, 3],
    [4, 5],
  ])
})

it('a commit that fails fails for those in it alone, and the next is tried', async () => {
  const { add, nth } = held()
  const lost = [add([1]), add([2])].map((each) => each.catch((error: Error) => error.message))
  const first = await nth(0)
  const kept = add([3])
  first.end(new Error('no room'))
  expect(await Promise.all(lost)).toEqual(['no room', 'no room'])
  const second = await nth(1)
  expect(second.items).toEqual([3])
  second.end()
  await expect(kept).resolves.toBeUndefined()
})

it('nobody hears of success before the commit has ended', async () => {
  const { add, nth } = held()
  let heard = false
  const one = add([1]).then(() => {
    heard = true
  })
  const commit = await nth(0)
  await new Promise((resolve) => setTimeout(resolve, 10))
  expect(heard).toBe(false)
  commit.end()
  await one
})
