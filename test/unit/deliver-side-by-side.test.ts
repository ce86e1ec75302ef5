import { setImmediate as idle } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { sideBySide } from '../../src/deliver/side-by-side.ts'

/** Work that a test ends by hand, and a sequence that tells what was taken of it. */
class Bench {
  readonly taken: number[] = []
  readonly begun: number[] = []
  readonly #working = new Map<number, { end: () => void; fail: (error: Error) => void }>()
  width = 2
  /** What the sequence throws in place of this item. */
  brokenAt = Number.POSITIVE_INFINITY
  /** Gives the item that the sequence waits for. */
  next: (() => void) | undefined
  ended: unknown = 'under way'

  run(count: number, items = this.#items(count)): void {
    void sideBySide(
      items,
      () => this.width,
      (item) => this.#work(item),
    ).then(
      () => {
        this.ended = 'well'
      },
      (error: unknown) => {
        this.ended = error instanceof Error ? error.message : error
      },
    )
  }

  async *#items(count: number): AsyncGenerator<number> {
    for (let item = 1; item <= count; item += 1) {
      if (item === this.brokenAt) throw new Error('no more items')
      this.taken.push(item)
      yield item
    }
  }

  /** Items that come one by one, when `next` is called. */
  async *byHand(count: number): AsyncGenerator<number> {
    for (let item = 1; item <= count; item += 1) {
      await new Promise<void>((resolve) => {
        this.next = resolve
      })
      this.taken.push(item)
      yield item
    }
  }

  #work(item: number): Promise<void> {
    this.begun.push(item)
    return new Promise((resolve, reject) => {
      this.#working.set(item, { end: resolve, fail: reject })
    })
  }

  get working(): number[] {
    return [...this.#working.keys()]
  }

  async end(item: number): Promise<void> {
    this.#working.get(item)?.end()
    this.#working.delete(item)
    await idle()
  }

  async fail(item: number, message: string): Promise<void> {
    this.#working.get(item)?.fail(new Error(message))
    this.#working.delete(item)
    await idle()
  }
}

async function running(count: number, change: Partial<Pick<Bench, 'width' | 'brokenAt'>> = {}): Promise<Bench> {
  const bench = Object.assign(new Bench(), change)
  bench.run(count)
  await idle()
  return bench
}

describe('work side by side', () => {
  it('takes items in order, and no more than are worked on', async () => {
    const bench = await running(4)
    expect([bench.taken, bench.working]).toEqual([
      [1, 2],
      [1, 2],
    ])
    await bench.end(2)
    expect([bench.taken, bench.working]).toEqual([
      [1, 2, 3],
      [1, 3],
    ])
    for (const item of [1, 3, 4]) await bench.end(item)
    expect([bench.begun, bench.ended]).toEqual([[1, 2, 3, 4], 'well'])
  })

  it('follows the width as it changes, and is never narrower than one', async () => {
    const bench = await running(9, { width: 0 })
    expect(bench.working).toEqual([1])
    bench.width = 3
    await bench.end(1)
    expect(bench.working).toEqual([2, 3, 4])
    bench.width = 2
    await bench.end(2)
    expect(bench.working).toEqual([3, 4])
    await bench.end(3)
    expect(bench.working).toEqual([4, 5])
  })

  it('nothing to do is done', async () => {
    expect((await running(0)).ended).toBe('well')
  })

  it('the first error ends the taking, and is thrown when all that was begun has ended', async () => {
    const bench = await running(9, { width: 3 })
    await bench.fail(2, 'first')
    expect([bench.taken, bench.ended]).toEqual([[1, 2, 3], 'under way'])
    await bench.fail(3, 'second')
    expect(bench.ended).toBe('under way')
    await bench.end(1)
    expect([bench.taken, bench.begun, bench.ended]).toEqual([[1, 2, 3], [1, 2, 3], 'first'])
  })

  it('an item that comes after the first error is not begun', async () => {
    const bench = new Bench()
    bench.run(3, bench.byHand(3))
    await idle()
    bench.next?.()
    await idle()
    await bench.fail(1, 'first')
    bench.next?.()
    await idle()
    expect([bench.begun, bench.ended]).toEqual([[1], 'first'])
  })

  it('items that cannot be had are an error like any other: what was begun ends first', async () => {
    const bench = await running(9, { brokenAt: 2 })
    expect([bench.working, bench.ended]).toEqual([[1], 'under way'])
    await bench.end(1)
    expect(bench.ended).toBe('no more items')
  })
})
