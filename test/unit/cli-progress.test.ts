/** Progress at a terminal and for machines: how far, how fast, how long, and why it waits. */

import { PassThrough } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { barText, isTerminal, terminalProgress } from '../../src/cli/progress.ts'
import { lineProgress } from '../../src/cli/progress-lines.ts'
import { CurrentWait, StageMeter } from '../../src/cli/stage-meter.ts'
import { manualClock } from '../support/manual-clock.ts'

/** A stream that says of itself whether it is a terminal, and keeps what was written. */
function streamOf(isTTY: boolean): { stream: NodeJS.WriteStream; written(): string } {
  const stream = Object.assign(new PassThrough(), { isTTY, columns: 120, rows: 40 })
  return { stream: stream as unknown as NodeJS.WriteStream, written: () => String(stream.read() ?? '') }
}

describe('a bar', () => {
  const begin = (total?: number) => {
    const clock = manualClock()
    const wait = new CurrentWait(clock)
    const meter = new StageMeter(clock, total)
    const state = { name: 'deliver crm', meter, wait, ended: false }
    return { clock, wait, meter, state, text: (columns = 200) => barText(state, columns) }
  }

  it('tells how far, how fast, and how long it will take', async () => {
    const { clock, meter, text } = begin(50_000)
    await clock.advance(10_000)
    meter.advance(12_500)
    expect(text()).toBe(`deliver crm          [${'■'.repeat(7)}${' '.repeat(21)}] 12,500/50,000 · 1,250/s · 30 s left`)
  })

  it('tells why it waits and for how long still, until the wait is over', async () => {
    const { clock, meter, wait, text } = begin(100)
    meter.advance(10)
    wait.tell('crm: user 1 paused: request limit', 25_000)
    expect(text()).toContain(' · waiting 25 s: crm: user 1 paused: request limit')
    await clock.advance(20_500)
    // The shorter wait of another does not hide it.
    wait.tell('crm: user 2 paused: execution time limit', 1_000)
    expect(text()).toContain(' · waiting 5 s: crm: user 1 paused: request limit')
    await clock.advance(4_500)
    expect(text()).not.toContain('waiting')
  })

  it('goes by the last minute: after a long wait it does not take itself for slow', async () => {
    const { clock, meter, text } = begin(10_000)
    await clock.advance(600_000)
    meter.advance(0)
    for (let second = 0; second < 60; second++) {
      await clock.advance(1_000)
      meter.advance(100)
    }
    expect(text()).toMatch(/ 6,000\/10,000 · 100\/s · 40 s left$/)
  })

  it('without a total tells neither share nor end; a stage that does not move has no end either', async () => {
    const { clock, meter, text } = begin()
    await clock.advance(2_000)
    meter.advance(6)
    expect(text()).toBe('deliver crm          6 · 3.0/s')
    expect(begin(4).text()).not.toContain('left')
  })

  it('never is longer than the line, and at its end says how long it took', async () => {
    const { clock, meter, wait, state, text } = begin(10)
    wait.tell('x'.repeat(300), 60_000)
    expect(text(60)).toHaveLength(60)
    await clock.advance(125_000)
    meter.advance(10)
    state.ended = true
    expect(text()).toBe('deliver crm          10/10 in 2 min 05 s')
  })
})

describe('terminalProgress', () => {
  it('tells a wait at once where no bar is drawn', () => {
    const { stream, written } = streamOf(true)
    terminalProgress(stream).waiting('partition 2026-10-23 is not sealed', 29_001)
    expect(written()).toBe('partition 2026-10-23 is not sealed, waiting 30 s\n')
  })

  it('leaves it to the bars while there are some, and tells it at once when they are gone', () => {
    const { stream, written } = streamOf(true)
    const progress = terminalProgress(stream)
    const stage = progress.stage('ingest', 2)
    progress.waiting('Dataverse is busy', 1_000)
    stage.advance(1)
    stage.end()
    // A line amid the bars would break them.
    expect(written()).toMatch(/^[^\n]*ingest +1\/2 in [^\n]*\n*$/)
    progress.waiting('Dataverse is busy again', 2_000)
    expect(written()).toBe('Dataverse is busy again, waiting 2 s\n')
  })

  it('draws a stage that ended once, not again with the next one', () => {
    const { stream, written } = streamOf(true)
    const progress = terminalProgress(stream)
    const first = progress.stage('ingest', 1)
    first.advance(1)
    first.end()
    written()
    const second = progress.stage('deliver crm', 1)
    second.end()
    // Twice would stop the bars of others.
    second.end()
    expect(written()).not.toContain('ingest')
  })

  it('uses no colours, so that NO_COLOR has nothing to forbid', () => {
    const { stream, written } = streamOf(true)
    const stage = terminalProgress(stream).stage('ingest', 3)
    stage.advance(1)
    stage.end()
    // biome-ignore lint/suspicious/noControlCharactersInRegex: what colours begin with
    expect(written()).not.toMatch(/\u001b\[[\d;]*m/)
  })

  it('is silent where nobody looks', () => {
    const { stream, written } = streamOf(false)
    const progress = terminalProgress(stream)
    progress.waiting('anything', 1_000)
    progress.stage('ingest', 2).end()
    expect(written()).toBe('')
  })

  it('a terminal that cannot move its cursor is none', () => {
    const { stream } = streamOf(true)
    expect([isTerminal(stream, {}), isTerminal(stream, { TERM: 'dumb' })]).toEqual([true, false])
    expect(isTerminal(streamOf(false).stream, {})).toBe(false)
  })
})

describe('lineProgress', () => {
  const begin = (all: boolean) => {
    const { stream, written } = streamOf(false)
    const clock = manualClock(Date.parse('2026-10-23T02:15:00Z'))
    const ticks: Array<() => void> = []
    const progress = lineProgress(stream, { all, clock, every: (_, tick) => ticks.push(tick) })
    const lines = () =>
      written()
        .split('\n')
        .filter((text) => text !== '')
        .map((text) => JSON.parse(text))
    const ticked = async (ms: number) => {
      await clock.advance(ms)
      for (const tick of ticks) tick()
      return lines()
    }
    return { progress, lines, ticked, ticks }
  }

  it('one line an interval for each stage, also while nothing moves, with the reason', async () => {
    const { progress, lines, ticked, ticks } = begin(false)
    const stage = progress.stage('deliver crm', 4_000)
    stage.advance(1_000)
    expect(await ticked(10_000)).toEqual([
      {
        time: '2026-10-23T02:15:10.000Z',
        progress: { stage: 'deliver crm', done: 1_000, total: 4_000, perSecond: 100, secondsLeft: 30 },
      },
    ])
    progress.waiting('crm: user 1 paused: request limit', 25_000)
    expect(lines()).toEqual([])
    expect(await ticked(10_000)).toMatchObject([
      { progress: { done: 1_000, perSecond: 50, waiting: 'crm: user 1 paused: request limit', waitMs: 15_000 } },
    ])
    stage.end()
    expect(lines()).toMatchObject([{ progress: { stage: 'deliver crm', done: 1_000, total: 4_000, ended: true } }])
    expect(await ticked(60_000)).toEqual([])
    expect(ticks).toHaveLength(1)
  })

  it('tells a wait that no stage is part of', async () => {
    const { progress, ticked } = begin(false)
    progress.waiting('a partition is not sealed', 30_000)
    expect(await ticked(10_000)).toMatchObject([{ progress: { waiting: 'a partition is not sealed', waitMs: 20_000 } }])
  })

  it('is silent about stages that are over before an interval is', () => {
    const { progress, lines } = begin(false)
    const stage = progress.stage('ingest', 2)
    stage.advance(2)
    stage.end()
    expect(lines()).toEqual([])
  })

  it('with --json tells every end and every wait', () => {
    const { progress, lines } = begin(true)
    progress.waiting('a partition', 30_000)
    const stage = progress.stage('ingest', 2)
    stage.advance(2)
    stage.end()
    expect(lines().map((one) => one.progress)).toEqual([
      { waiting: 'a partition', waitMs: 30_000 },
      { stage: 'ingest', done: 2, total: 2, ended: true },
    ])
  })
})
