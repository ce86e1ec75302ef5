/** What may go wrong at every step of a run, and a process that may die there. */

import { NoAnswer } from '../../src/dataverse/send.ts'
import { CodedError } from '../../src/lib/errors.ts'

/** A door through which a run reaches the world. */
export type Door = 'store' | 'network' | 'source'

/** `before`: it is not done and fails. `after`: it is done, and fails all the same. `kill-…`: the process ends there. */
export type Fate = 'fine' | 'before' | 'after' | 'kill-before' | 'kill-after'

/** Decides what happens at step number `n`, counted from 1 over all doors. */
export type Fortune = (n: number, door: Door, what: string) => Fate

/** The end of a process: whatever it awaited never comes. */
export class Killed extends Error {
  constructor() {
    super('killed')
    this.name = 'Killed'
  }
}

/** One process's luck. */
export class Chaos {
  readonly #fortune: Fortune
  steps = 0
  dead = false
  /** Steps that did not go well, for the story of a failed seed. */
  readonly mishaps: string[] = []

  constructor(fortune: Fortune = () => 'fine') {
    this.#fortune = fortune
  }

  async step<T>(door: Door, what: string, work: () => Promise<T>): Promise<T> {
    if (this.dead) throw new Killed()
    this.steps += 1
    const fate = this.#fortune(this.steps, door, what)
    if (fate !== 'fine') this.mishaps.push(`${fate} ${door} ${what} (step ${this.steps})`)
    if (fate === 'before') throw failure(door, what, false)
    if (fate === 'kill-before') throw this.#kill()
    const result = await work()
    if (this.dead) throw new Killed()
    if (fate === 'after') throw failure(door, what, true)
    if (fate === 'kill-after') throw this.#kill()
    return result
  }

  #kill(): Killed {
    this.dead = true
    return new Killed()
  }
}

/** The error that the door's own adapter would give. */
function failure(door: Door, what: string, done: boolean): Error {
  if (door === 'network') return new NoAnswer(what, done)
  const complaint = { where: what, found: 'a failure made by the simulation', expected: 'none', remedy: 'Run again.' }
  return new CodedError(door === 'store' ? 'store-unusable' : 'source-unreadable', [complaint])
}

/** A port whose every method is a step. Methods that answer no promise (iterables, closing) stay as they are. */
export function stepwise<T extends object>(port: T, chaos: Chaos, door: Door): T {
  return new Proxy(port, {
    get(target, name, receiver) {
      const member: unknown = Reflect.get(target, name, receiver)
      if (typeof member !== 'function' || name === 'close') return member
      return (...args: unknown[]) => {
        const call = () => Reflect.apply(member, target, args) as unknown
        if (door === 'source' && name === 'list') return call()
        return chaos.step(door, String(name), async () => call())
      }
    },
  })
}
