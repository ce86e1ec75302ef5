/** Progress at a terminal: a bar for each stage with its rate, the time that is left, and the reason of a wait. */

import { MultiBar, Presets } from 'cli-progress'
import { type Clock, systemClock } from '../lib/clock.ts'
import { noProgress, type Progress } from '../lib/progress.ts'
import { lasting } from '../report/page/table.ts'
import { CurrentWait, StageMeter } from './stage-meter.ts'

/** What a bar is drawn from; all of it is looked at anew each time. */
interface BarState {
  readonly name: string
  readonly meter: StageMeter
  readonly wait: CurrentWait
  ended: boolean
}

/** Does somebody look who sees more than a line after the other? */
export function isTerminal(stream: NodeJS.WriteStream, env: NodeJS.ProcessEnv): boolean {
  return stream.isTTY === true && env['TERM'] !== 'dumb'
}

/** Without colours, so there is nothing for NO_COLOR to forbid. Silent when the stream is no terminal. */
export function terminalProgress(stream: NodeJS.WriteStream, clock: Clock = systemClock): Progress {
  if (!stream.isTTY) return noProgress
  const wait = new CurrentWait(clock)
  const openBars = () =>
    new MultiBar(
      {
        stream,
        clearOnComplete: false,
        hideCursor: true,
        format: (_options, _params, payload: { readonly state: BarState }) => barText(payload.state, stream.columns),
      },
      Presets.rect,
    )
  // Bars that have ended stay where they are: the next stage begins with new ones below them.
  let bars: MultiBar | undefined
  let open = 0
  return {
    stage: (name, total) => {
      if (total === 0) return { advance: () => {}, end: () => {} }
      const state: BarState = { name, meter: new StageMeter(clock, total), wait, ended: false }
      bars ??= openBars()
      const bar = bars.create(total ?? 1, 0, { state })
      open += 1
      return {
        advance: (count) => {
          state.meter.advance(count)
          bar.increment(total === undefined ? 0 : count)
        },
        end: () => {
          if (state.ended) return
          state.ended = true
          bar.stop()
          open -= 1
          if (open > 0) return
          bars?.stop()
          bars = undefined
        },
      }
    },
    waiting: (what, waitMs) => {
      wait.tell(what, waitMs)
      // Bars tell it themselves; without any, a line does.
      if (open === 0) stream.write(`${what}, waiting ${Math.ceil(waitMs / 1_000)} s\n`)
    },
  }
}

/** One line that fits: `deliver crm  [■■■■      ] 12,000/50,000 · 310/s · 2 min 03 s left · waiting 25 s: …`. */
export function barText({ name, meter, wait, ended }: BarState, columns = 80): string {
  const { done, total, perSecond, secondsLeft } = meter.figures()
  const number = (count: number) => count.toLocaleString('en-GB', { maximumFractionDigits: 0 })
  const counted = total === undefined ? number(done) : `${number(done)}/${number(total)}`
  if (ended) return `${name.padEnd(20)} ${counted} in ${lasting(meter.elapsedMs)}`.slice(0, columns)
  const { now } = wait
  const parts = [
    counted,
    `${perSecond < 10 ? perSecond.toFixed(1) : number(perSecond)}/s`,
    ...(secondsLeft === undefined ? [] : [`${lasting(secondsLeft * 1_000)} left`]),
    ...(now === undefined ? [] : [`waiting ${Math.ceil(now.leftMs / 1_000)} s: ${now.what}`]),
  ]
  const bar = total === undefined ? '' : `[${drawn(done / total, columns < 100 ? 12 : 28)}] `
  return `${name.padEnd(20)} ${bar}${parts.join(' · ')}`.slice(0, columns)
}

function drawn(share: number, width: number): string {
  const full = Math.floor(Math.min(1, share) * width)
  return `${'■'.repeat(full)}${' '.repeat(width - full)}`
}
