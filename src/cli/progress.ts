/** Progress on stderr: a bar at a terminal, JSON lines for machines, nothing where nobody looks. */

import { MultiBar, Presets } from 'cli-progress'
import { type Clock, systemClock } from '../lib/clock.ts'
import { noProgress, type Progress } from '../lib/progress.ts'

/** Bars with rate and remaining time; the reason of a wait above them. Silent when the stream is no terminal. */
export function terminalProgress(stream: NodeJS.WriteStream, clock: Clock = systemClock): Progress {
  if (!stream.isTTY) return noProgress
  const bars = new MultiBar(
    {
      stream,
      format: '{stage} [{bar}] {value}/{total} · {rate}/s · {eta_formatted} left',
      clearOnComplete: false,
      hideCursor: true,
      ...(process.env['NO_COLOR'] === undefined ? {} : { barGlue: '' }),
    },
    Presets.rect,
  )
  let open = 0
  return {
    stage: (name, total) => {
      if (total === 0) return { advance: () => {}, end: () => {} }
      const endless = total === undefined ? { format: '{stage} {value} · {rate}/s' } : {}
      const bar = bars.create(total ?? 0, 0, { stage: name.padEnd(20), rate: 0 }, endless)
      const rate = rateFrom(clock)
      open += 1
      return {
        advance: (count) => bar.increment(count, { rate: Math.round(rate(count)) }),
        end: () => {
          bar.stop()
          open -= 1
          if (open === 0) bars.stop()
        },
      }
    },
    waiting: (what, waitMs) => {
      const line = `${what}, waiting ${Math.ceil(waitMs / 1_000)} s\n`
      // What is logged above the bars is shown when they are drawn next: without bars, never.
      if (open === 0) stream.write(line)
      else bars.log(line)
    },
  }
}

/** Counts what is done, and answers how much of it a second was done since the beginning. */
function rateFrom(clock: Clock): (count: number) => number {
  const begunMs = clock.monotonic()
  let done = 0
  return (count) => {
    done += count
    return (done * 1_000) / Math.max(1, clock.monotonic() - begunMs)
  }
}

/** At most one line in this many milliseconds per stage. */
const LINE_EVERY_MS = 5_000

/** One JSON line per interval and stage, and one per wait. */
export function jsonProgress(stream: NodeJS.WritableStream, clock: Clock): Progress {
  const tell = (line: object) => stream.write(`${JSON.stringify({ progress: line })}\n`)
  return {
    stage: (stage, total) => {
      let done = 0
      let told = clock.monotonic()
      const rate = rateFrom(clock)
      return {
        advance: (count) => {
          done += count
          const perSecond = Math.round(rate(count))
          if (clock.monotonic() - told < LINE_EVERY_MS) return
          told = clock.monotonic()
          tell({ stage, done, total, perSecond })
        },
        end: () => tell({ stage, done, total, ended: true }),
      }
    },
    waiting: (what, waitMs) => tell({ waiting: what, waitMs }),
  }
}
