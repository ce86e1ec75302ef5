/** SIGINT and SIGTERM end a run in order: what is in flight is answered or left due; nothing is half written. */

import { CodedError } from '../lib/errors.ts'

/** While it lasts, a signal to this process aborts `signal` with `interrupted` or `terminated`. */
export interface Interruption {
  readonly signal: AbortSignal
  /** Gives the signals back: the next one ends the process as it always would. */
  end(): void
}

/** Begins to listen. A second signal of the same name ends the process at once. */
export function interruptible(): Interruption {
  const controller = new AbortController()
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
      process.off('SIGINT', stop)
      process.off('SIGTERM', stop)
    },
  }
}
