import { setImmediate as idle } from 'node:timers/promises'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Claim, Claims } from '../../src/deliver/claims.ts'

const running = () => new AbortController().signal

/** Claims asked for in a test, each by the letters of its keys, and what became of them. */
class Askers {
  readonly claims = new Claims()
  /** Granted, in that order, and not let go. */
  readonly holding = new Map<string, Claim>()
  readonly ended: string[] = []
  readonly released: string[] = []

  async ask(name: string, keys: string, signal = running()): Promise<void> {
    void this.claims.claim(new Set(keys), signal).then(
      (claim) => this.holding.set(name, claim),
      (error: unknown) => this.ended.push(`${name}: ${error instanceof Error ? error.message : 'no error'}`),
    )
    await idle()
  }

  async release(name: string): Promise<void> {
    this.holding.get(name)?.release()
    if (this.holding.delete(name)) this.released.push(name)
    await idle()
  }

  get holders(): string[] {
    return [...this.holding.keys()]
  }
}

describe('claims (semantics §8.2: no contact and no slot is in two hands)', () => {
  it('what nobody holds is granted at once, and uncontended', async () => {
    const askers = new Askers()
    await askers.ask('one', 'ab')
    await askers.ask('two', 'cd')
    await askers.ask('nothing', '')
    expect(askers.holders).toEqual(['one', 'two', 'nothing'])
    expect([...askers.holding.values()].map(({ contended }) => contended)).toEqual([false, false, false])
  })

  it('whoever waited for somebody is told', async () => {
    const askers = new Askers()
    await askers.ask('one', 'ab')
    await askers.ask('two', 'bc')
    expect(askers.holders).toEqual(['one'])
    await askers.release('one')
    expect(askers.holding.get('two')?.contended).toBe(true)
  })

  it('whoever read while somebody held it is told, even if it is free by now', async () => {
    const { claims } = new Askers()
    const [early, late] = [await claims.claim(new Set('a'), running()), await claims.claim(new Set('b'), running())]
    const watch = claims.watch()
    early.release()
    for (const [keys, contended] of [
      ['ac', true],
      ['d', false],
    ] as const) {
      const claim = await claims.claim(new Set(keys), running(), watch.released)
      expect(claim.contended).toBe(contended)
      claim.release()
    }
    watch.end()
    late.release()
    expect((await claims.claim(new Set('b'), running(), watch.released)).contended).toBe(false)
  })

  it('a claim is granted whole: it holds nothing while it waits', async () => {
    const askers = new Askers()
    await askers.ask('one', 'a')
    await askers.ask('two', 'ab')
    await askers.release('one')
    expect(askers.holders).toEqual(['two'])
  })

  it('claims that meet are granted in the order in which they came', async () => {
    const askers = new Askers()
    await askers.ask('one', 'a')
    await askers.ask('wide', 'ab')
    // b is free, but the wide claim came first: it must not starve.
    await askers.ask('three', 'b')
    await askers.ask('apart', 'z')
    expect(askers.holders).toEqual(['one', 'apart'])
    await askers.release('one')
    expect(askers.holders).toEqual(['apart', 'wide'])
    await askers.release('wide')
    expect(askers.holders).toEqual(['apart', 'three'])
  })

  it('a claim that is given up frees the way for those behind it', async () => {
    const askers = new Askers()
    const stop = new AbortController()
    await askers.ask('one', 'a')
    await askers.ask('two', 'ab', stop.signal)
    await askers.ask('three', 'b')
    stop.abort(new Error('stopped'))
    await idle()
    expect(askers.ended).toEqual(['two: stopped'])
    expect(askers.holders).toEqual(['one', 'three'])
  })

  it('an end that has come already claims nothing', () => {
    const claims = new Claims()
    expect(() => claims.claim(new Set('a'), AbortSignal.abort(new Error('stopped')))).toThrow('stopped')
  })

  it('letting go twice takes nothing from whoever came after', async () => {
    const askers = new Askers()
    await askers.ask('one', 'a')
    const first = askers.holding.get('one')
    await askers.release('one')
    await askers.ask('two', 'a')
    first?.release()
    await askers.ask('three', 'a')
    expect(askers.holders).toEqual(['two'])
  })

  it('whatever is asked and let go: never two holders of one key, and in the end everybody was served', async () => {
    const keysOf = fc.uniqueArray(fc.constantFrom(...'abcde'), { maxLength: 4 }).map((keys) => keys.join(''))
    const stepOf = fc.oneof(
      fc.record({ kind: fc.constant('ask' as const), keys: keysOf }),
      fc.record({ kind: fc.constant('release' as const), which: fc.nat(7) }),
      fc.record({ kind: fc.constant('give up' as const), which: fc.nat(7) }),
    )
    await fc.assert(
      fc.asyncProperty(fc.array(stepOf, { maxLength: 40, size: 'max' }), async (steps) => {
        const askers = new Askers()
        const asked = new Map<string, { readonly keys: string; readonly stop: AbortController }>()
        const expectSingle = () => {
          const held = askers.holders.flatMap((name) => [...(asked.get(name)?.keys ?? '')])
          expect(new Set(held).size).toBe(held.length)
        }
        const nth = (names: readonly string[], which: number) => names[which % Math.max(1, names.length)] ?? ''
        for (const [index, step] of steps.entries()) {
          if (step.kind === 'ask') {
            const stop = new AbortController()
            asked.set(`${index}`, { keys: step.keys, stop })
            await askers.ask(`${index}`, step.keys, stop.signal)
          } else if (step.kind === 'release') await askers.release(nth(askers.holders, step.which))
          else {
            asked.get(nth([...asked.keys()], step.which))?.stop.abort(new Error('stopped'))
            await idle()
          }
          expectSingle()
        }
        while (askers.holders.length > 0) {
          await askers.release(nth(askers.holders, 0))
          expectSingle()
        }
        expect(askers.ended.length + askers.released.length).toBe(asked.size)
        await askers.ask('all', 'abcde')
        expect(askers.holding.get('all')?.contended).toBe(false)
      }),
      { numRuns: 100 },
    )
  })
})
