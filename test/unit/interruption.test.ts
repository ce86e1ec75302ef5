/** What a signal and a deadline do to a run's two signals (semantics §9). */

import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { type Interruption, interruptible } from '../../src/cli/interruption.ts'

let open: Interruption[] = []
const begin = (...args: Parameters<typeof interruptible>): Interruption => {
  const interruption = interruptible(...args)
  open.push(interruption)
  return interruption
}

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  for (const interruption of open) interruption.end()
  open = []
  vi.useRealTimers()
})

it.each([
  ['SIGTERM', 'terminated'],
  ['SIGINT', 'interrupted'],
] as const)('§9 %s ends the taking at once and abandons what is in flight later, both as %s', (name, code) => {
  const { signal, abandoned } = begin()
  process.emit(name, name)
  expect([signal.aborted, abandoned.aborted]).toEqual([true, false])
  vi.advanceTimersByTime(15_000)
  expect(abandoned.reason).toBe(signal.reason)
  expect(signal.reason).toMatchObject({ code })
})

it('the first signal is told; who sends it learns what a second one does', () => {
  const told: string[] = []
  begin(undefined, (text) => told.push(text))
  process.emit('SIGTERM', 'SIGTERM')
  expect(told).toEqual([expect.stringMatching(/^SIGTERM: .*second signal ends at once/)])
})

it('§9 a deadline ends a run in the same order, and a signal after it changes nothing of its reason', () => {
  const { signal, abandoned } = begin(1_000)
  vi.advanceTimersByTime(999)
  expect(signal.aborted).toBe(false)
  vi.advanceTimersByTime(1)
  process.emit('SIGTERM', 'SIGTERM')
  expect([signal.aborted, abandoned.aborted]).toEqual([true, false])
  vi.advanceTimersByTime(15_000)
  expect(abandoned.reason).toMatchObject({ code: 'deadline-reached' })
})

it('an end gives the signals back and ends nothing later', () => {
  const listeners = process.listenerCount('SIGTERM')
  const { signal, abandoned, end } = begin(1_000)
  expect(process.listenerCount('SIGTERM')).toBe(listeners + 1)
  end()
  expect(process.listenerCount('SIGTERM')).toBe(listeners)
  vi.advanceTimersByTime(60_000)
  expect([signal.aborted, abandoned.aborted]).toEqual([false, false])
})
