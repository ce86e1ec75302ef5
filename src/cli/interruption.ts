/** SIGINT and SIGTERM end a run in order: what is in flight is answered or left due; nothing is half written. */

import { CodedError } from '../lib/errors.ts'

/**
 * While it lasts, a signal to this process aborts `signal` with `interrupted` or `terminated`, the end of its time with
 * `deadline-reached`: nothing new is begun.
 */
export interface Interruption {
  readonly signal: AbortSignal
  /** Aborted some seconds after `signal`, with the same reason: what is in flight is no longer waited for. */
  readonly abandoned: AbortSignal
  /** Gives the signals back: the next one ends the process as it always would. */
  end(): void
}

/** A bulk message is meant to take five seconds; a chunk of persons needs a few of them one after the other. */
const GRACE_MS = 12_000

/**
 * The process is gone by then whatever holds it up: whoever sent the signal (Kubernetes, a person) waits no longer, and
 * what was not committed is as after a kill.
 */
const LAST_MS = 19_000

/** By the name of the signal: what ends the run, and the exit code where nothing of it may be finished. */
const SIGNALS = {
  SIGINT: { code: 'interrupted', exit: 130 },
  SIGTERM: { code: 'terminated', exit: 143 },
} as const

type Name = keyof typeof SIGNALS

/**
 * Begins to listen. A second signal of either name ends the process at once, with 130 or 143. After `deadlineMs` the run
 * ends in the same order with `deadline-reached`. `tell` hears that the first signal was heard.
 */
export function interruptible(deadlineMs?: number, tell: (text: string) => void = () => {}): Interruption {
  const stopping = new AbortController()
  const abandoning = new AbortController()
  const timers: NodeJS.Timeout[] = []
  const later = (work: () => void, ms: number) => void timers.push(setTimeout(work, ms))
  const stop = (reason: CodedError) => {
    if (stopping.signal.aborted) return
    stopping.abort(reason)
    later(() => abandoning.abort(reason), GRACE_MS)
  }
  let signalled = false
  const heard = (name: Name) => {
    const { code, exit } = SIGNALS[name]
    if (signalled) process.exit(exit)
    signalled = true
    tell(`${name}: what is in flight is finished; a second signal ends at once`)
    stop(stopped(code, name))
    later(() => process.exit(exit), LAST_MS)
  }
  if (deadlineMs !== undefined) later(() => stop(timeIsOver()), deadlineMs)
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, heard)
  return {
    signal: stopping.signal,
    abandoned: abandoning.signal,
    end: () => {
      for (const timer of timers) clearTimeout(timer)
      for (const name of ['SIGINT', 'SIGTERM'] as const) process.off(name, heard)
    },
  }
}

function stopped(code: 'interrupted' | 'terminated', name: Name): CodedError {
  const [expected, remedy] = ['to go on to its end', 'State is valid: run again.']
  return new CodedError(code, [{ where: 'this run', found: name, expected, remedy }])
}

function timeIsOver(): CodedError {
  return new CodedError('deadline-reached', [
    {
      where: '--deadline',
      found: 'work left when the time was over',
      expected: 'to have delivered everybody by then',
      remedy: 'State is valid: the next run goes on.',
    },
  ])
}
