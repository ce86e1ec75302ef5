/** Progress as JSON lines, for whoever collects what a pod writes. */

import type { Clock } from '../lib/clock.ts'
import type { Progress } from '../lib/progress.ts'
import { CurrentWait, StageMeter } from './stage-meter.ts'

/** One line in this many milliseconds for each stage under way: seldom enough for hours, often enough to be believed. */
const LINE_EVERY_MS = 10_000

export interface LineWishes {
  /** Also a line for every end of a stage and every wait, as `--json` does; else stages shorter than an interval are silent. */
  readonly all: boolean
  readonly clock: Clock
  /** Calls back again and again; it must not keep the process alive. */
  readonly every?: (ms: number, tick: () => void) => void
}

const everyUnasked = (ms: number, tick: () => void): void => void setInterval(tick, ms).unref()

/** Lines come with time, not with progress: whoever waits says so, and why. */
export function lineProgress(stream: NodeJS.WritableStream, wishes: LineWishes): Progress {
  const { all, clock, every = everyUnasked } = wishes
  const open = new Map<StageMeter, string>()
  const told = new Set<StageMeter>()
  const wait = new CurrentWait(clock)
  let ticking = false

  const tell = (progress: object) => {
    const time = new Date(clock.now()).toISOString()
    stream.write(`${JSON.stringify({ time, progress })}\n`)
  }
  const waiting = () => {
    const { now } = wait
    return now && { waiting: now.what, waitMs: Math.round(now.leftMs) }
  }
  const tick = () => {
    for (const [meter, stage] of open) {
      told.add(meter)
      tell({ stage, ...figuresOf(meter), ...waiting() })
    }
    if (open.size === 0 && wait.now !== undefined) tell({ ...waiting() })
  }
  const begin = () => {
    if (ticking) return
    ticking = true
    every(LINE_EVERY_MS, tick)
  }
  return {
    stage: (stage, total) => {
      begin()
      const meter = new StageMeter(clock, total)
      open.set(meter, stage)
      return {
        advance: (count) => meter.advance(count),
        end: () => {
          open.delete(meter)
          const { done } = meter.figures()
          if (all || told.delete(meter)) tell({ stage, done, ...(total !== undefined && { total }), ended: true })
        },
      }
    },
    waiting: (what, waitMs) => {
      begin()
      wait.tell(what, waitMs)
      if (all) tell({ waiting: what, waitMs })
    },
  }
}

function figuresOf(meter: StageMeter): object {
  const { done, total, perSecond, secondsLeft } = meter.figures()
  return {
    done,
    ...(total !== undefined && { total }),
    perSecond: Math.round(perSecond * 10) / 10,
    ...(secondsLeft !== undefined && { secondsLeft: Math.round(secondsLeft) }),
  }
}
