/** The three ways in which a job goes through a phase: once for all pods, item by item, or as many items as it can take. */

import { CodedError } from '../lib/errors.ts'
import type { Phase, Work } from './work.ts'

/** The one item of a phase that one pod does for all. */
const ONCE = 'once'

/**
 * One pod does it, the others wait for its answer, which must survive JSON. Where it fails the next pod tries: each meets
 * the error itself, and ends with its own exit code.
 */
export async function once<T>(work: Work, name: string, make: () => Promise<T>, signal: AbortSignal): Promise<T> {
  const phase = await work.begin(name, [ONCE])
  for await (const item of taken(phase, signal)) {
    const result = await kept(phase, make)
    await phase.done(new Map([[item, result]]))
    return result
  }
  const results = await phase.results()
  if (!results.has(ONCE)) throw givenUp(name)
  return results.get(ONCE) as T
}

/**
 * The same, but whoever fails waits for what becomes of it among the others, and takes their answer. Where none has one,
 * it is given up for good: nobody does it later, behind the back of those who went on without it.
 */
export async function onceOrNever<T>(
  work: Work,
  name: string,
  make: () => Promise<T>,
  signal: AbortSignal,
): Promise<T> {
  try {
    return await once(work, name, make, signal)
  } catch (error) {
    const phase = await work.begin(name, [])
    await phase.giveUp(signal)
    const results = await phase.results()
    if (!results.has(ONCE)) throw error
    return results.get(ONCE) as T
  }
}

/** Only what needs the source is ever given up. */
function givenUp(name: string): CodedError {
  return new CodedError('source-unreadable', [
    {
      where: name,
      found: 'a job whose other pods could not do it and went on',
      expected: 'to do it together with them',
      remedy: 'Their logs say why; what is left is done by the next run.',
    },
  ])
}

/** Does item after item of a phase, as long as there are any; returns when all are done, by whichever pod. */
export async function each(
  work: Work,
  name: string,
  items: readonly string[],
  run: (item: string) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const phase = await work.begin(name, items)
  for await (const item of taken(phase, signal)) {
    await kept(phase, () => run(item))
    await phase.done(new Map([[item, null]]))
  }
}

/** Takes items one after the other for as long as any can come; ends when all are done, by whichever pod. */
export async function* taken(phase: Phase, signal: AbortSignal): AsyncGenerator<string, void> {
  for (;;) {
    signal.throwIfAborted()
    const item = await phase.take()
    if (item !== undefined) yield item
    else if ((await phase.wait(signal)) === 'over') return
  }
}

/** What this pod holds of the phase goes back to the others where the work fails. */
export async function kept<T>(phase: Phase, run: () => Promise<T>): Promise<T> {
  try {
    return await run()
  } catch (error) {
    // A store that is lost cannot be told; then its lease is what ends, and the items with it.
    await phase.release().catch(() => {})
    throw error
  }
}
