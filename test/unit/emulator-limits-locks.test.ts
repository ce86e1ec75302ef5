/** Rows held by requests that overlap: waiting, victims, the order of targets. */
import { expect, it } from 'vitest'
import { RowLocks } from '../../src/emulator/row-locks.ts'

const never = () => false
const claim = (...rows: string[]) => ({ rows: new Map(rows.map((row, at) => [row, at])), serviceMs: 1_000 })

/** Runs all promise reactions that can run. */
const settle = () => new Promise<void>((resolve) => setImmediate(resolve))

function openLocks() {
  const clock = { now: 0 }
  const locks = new RowLocks(() => clock.now)
  const ended: string[] = []
  const take = (name: string, rows: readonly string[], sacrifice = never) =>
    locks.take(claim(...rows), sacrifice).then((lock) => {
      ended.push(`${name} ${lock.taken}`)
      return lock
    })
  return { clock, ended, take }
}

it('requests on different rows do not meet', async () => {
  const { ended, take } = openLocks()
  await Promise.all([take('a', ['1', '2']), take('b', ['3'])])
  expect(ended).toEqual(['a all', 'b all'])
})

it('the later request waits for the earlier one, and those that wait go on in their order', async () => {
  const { ended, take } = openLocks()
  const first = await take('a', ['1'])
  const second = take('b', ['1'])
  const third = take('c', ['1'])
  await settle()
  expect(ended).toEqual(['a all'])
  first.release()
  await settle()
  expect(ended).toEqual(['a all', 'b all'])
  ;(await second).release()
  await third
  expect(ended).toEqual(['a all', 'b all', 'c all'])
})

it('who waits holds the rows it has: a circle makes its last member the victim', async () => {
  const { ended, take } = openLocks()
  const z = await take('c', ['z'])
  const x = take('a', ['x', 'z', 'y'])
  const y = take('b', ['y', 'x'])
  await settle()
  z.release()
  ;(await x).release()
  await y
  expect(ended).toEqual(['c all', 'a victim', 'b all'])
})

it('opposite orders at the same time are a deadlock, the same order is not', async () => {
  const { ended, clock, take } = openLocks()
  const first = await take('a', ['1', '2', '3', '4'])
  clock.now = 100
  await take('b', ['4', '1'])
  const same = take('c', ['1', '4'])
  await settle()
  expect(ended).toEqual(['a all', 'b victim'])
  first.release()
  await same
  expect(ended).toEqual(['a all', 'b victim', 'c all'])
})

it('opposite orders one after the other are no deadlock: the earlier one has all its rows by then', async () => {
  const { ended, clock, take } = openLocks()
  const first = await take('a', ['1', '2', '3', '4'])
  clock.now = 900
  const later = take('b', ['4', '1'])
  await settle()
  expect(ended).toEqual(['a all'])
  first.release()
  await later
  expect(ended).toEqual(['a all', 'b all'])
})

it('a victim by lot gives back the rows it had', async () => {
  const { ended, take } = openLocks()
  await take('a', ['2'])
  await take('b', ['1', '2'], () => true)
  await take('c', ['1'])
  expect(ended).toEqual(['a all', 'b victim', 'c all'])
})
