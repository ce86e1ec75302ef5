/** SIGINT and SIGTERM end a run in order: what is in flight is answered or left due; nothing is half written. */

import { CodedError } from '../lib/errors.ts'

/** While it lasts, a signal to this process aborts `signal` with `interrupted` or `terminated`, the end of its time with `deadline-reached`. */
export interface Interruption {
  readonly signal: AbortSignal
  /** Gives the signals back: the next one ends the process as it always would. */
  end(): void
}

/**
 * Begins to listen. A second signal of the same name ends the process at once. After `deadlineMs` the run ends in the same
 * order with `deadline-reached`: whatever waits – for a limit, for a pause – waits no longer.
 */
export function interruptible(deadlineMs?: number): Interruption {
  const controller = new AbortController()
  const timer =
    deadlineMs === undefined
      ? undefined
      : setTimeout(() => {
          const complaint = {
            where: '--deadline',
            found: 'work left when the time was over',
            expected: 'to have delivered everybody by then',
            remedy: 'State is valid: the next run goes on.',
          }
          controller.abort(new CodedError('deadline-reached', [complaint]))
        }, deadlineMs)
  const stop = (name: NodeJS.Signals) => {
    const complaint = {
      where: 'this run',
      found: name,
      expected: 'to go on to its end',
      remedy: 'State is valid: run again.',
    }
    controller.abort(new CodedError(name === 'SIGINT' ? 'interrupted' : 'terminated', [complaint]))
  }
  process.once('SIGINT', stop)
  process.once('SIGTERM', stop)
  return {
    signal: controller.signal,
    end: () => {
      clearTimeout(timer)
      process.off('SIGINT', stop)
      process.off('SIGTERM', stop)
    },
  }
}
