/** What every form of shared work keeps, whether one pod does it or many. */

import { afterEach, describe, expect, it } from 'vitest'
import { each, once, onceOrNever, taken } from '../../src/work/steps.ts'
import type { Work } from '../../src/work/work.ts'

/** Pods of one job; a form that has one pod gives the same one each time. */
export interface Job {
  pod(): Promise<Work>
  dispose(): Promise<void>
}

const running = () => new AbortController().signal
const ITEMS = ['a', 'b', 'c']

async function all(items: AsyncIterable<string>): Promise<string[]> {
  const list: string[] = []
  for await (const item of items) list.push(item)
  return list
}

/** Runs the contract on one form. */
export function workContract(name: string, open: () => Promise<Job>): void {
  describe(`work: ${name}`, () => {
    let job: Job
    const opened = async () => {
      job = await open()
      return job.pod()
    }
    afterEach(() => job.dispose())

    it('items are taken one by one, in order, each once', async () => {
      const phase = await (await opened()).begin('p', ITEMS)
      expect([await phase.take(), await phase.take(), await phase.take(), await phase.take()]).toEqual([
        ...ITEMS,
        undefined,
      ])
    })

    it('a phase is over once every item is done, with a result each', async () => {
      const phase = await (await opened()).begin('p', ITEMS)
      await phase.take()
      expect(await phase.wait(running())).toBe('free')
      await phase.take()
      await phase.take()
      await phase.done(new Map([['a', { n: 1 }]]))
      await phase.done(
        new Map<string, unknown>([
          ['b', null],
          ['c', 'x'],
        ]),
      )
      expect(await phase.wait(running())).toBe('over')
      expect([...(await phase.results())]).toEqual([
        ['a', { n: 1 }],
        ['b', null],
        ['c', 'x'],
      ])
    })

    it('a phase without items is over at once', async () => {
      const phase = await (await opened()).begin('p', [])
      expect(await all(taken(phase, running()))).toEqual([])
    })

    it('what is given back is free again; what is done is not', async () => {
      const phase = await (await opened()).begin('p', ITEMS)
      await phase.take()
      await phase.take()
      await phase.done(new Map([['a', null]]))
      await phase.release()
      expect([await phase.take(), await phase.take(), await phase.take()]).toEqual(['b', 'c', undefined])
    })

    it('a phase that is given up is over, whatever is left', async () => {
      const phase = await (await opened()).begin('p', ITEMS)
      await phase.take()
      await phase.giveUp(running())
      expect(await phase.take()).toBeUndefined()
      expect(await phase.wait(running())).toBe('over')
      expect([...(await phase.results()).keys()]).toEqual([])
    })

    it('waiting ends with the reason of the signal', async () => {
      const phase = await (await opened()).begin('p', ['a'])
      await phase.take()
      const stop = new AbortController()
      const waiting = phase.wait(stop.signal)
      stop.abort(new Error('stopped'))
      await expect(waiting).rejects.toThrow('stopped')
    })

    it('§8.2 each: whatever fails is thrown, and its item is free for others', async () => {
      const work = await opened()
      const seen: string[] = []
      const failing = each(
        work,
        'p',
        ITEMS,
        async (item) => {
          seen.push(item)
          if (item === 'b') throw new Error('trouble')
        },
        running(),
      )
      await expect(failing).rejects.toThrow('trouble')
      expect(seen).toEqual(['a', 'b'])
    })

    it('once: the answer is its maker’s; a failure is thrown', async () => {
      const work = await opened()
      expect(await once(work, 'p', async () => ({ n: 1 }), running())).toEqual({ n: 1 })
      const failing = once(work, 'q', () => Promise.reject(new Error('trouble')), running())
      await expect(failing).rejects.toThrow('trouble')
      const never = onceOrNever(work, 'r', () => Promise.reject(new Error('trouble')), running())
      await expect(never).rejects.toThrow('trouble')
    })
  })
}
