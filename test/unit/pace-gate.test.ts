import { describe, expect, it } from 'vitest'
import { answeredThrough, closed, type Gate, OPEN, sentThrough, withdrawnFrom } from '../../src/pace/gate.ts'

const SETTINGS = { windowMs: 300_000, slackMs: 600 }
/** A fifth of a window. */
const LONGEST_EXTRA_MS = 60_000

type Closed = Gate & { kind: 'closed' }

function closedBy(gate: Gate, nowMs: number, sentAtMs: number, wishMs?: number): Closed {
  const after = closed(gate, SETTINGS, nowMs, { cause: 'execution time limit', sentAtMs, wishMs })
  if (after.kind !== 'closed') throw new TypeError('a refusal that leaves the gate open')
  return after
}

/** The gate after its probe was refused so often, each time with the same wish and as early as allowed. */
function afterRefusedProbes(times: number, wishMs?: number): { gate: Closed; extraMs: number } {
  let gate = closedBy(OPEN, 0, 0, wishMs)
  let extraMs = gate.untilMs
  for (let n = 0; n < times; n += 1) {
    const nowMs = gate.untilMs
    gate = closedBy(sentThrough(gate), nowMs, nowMs, wishMs)
    extraMs = gate.untilMs - nowMs
  }
  return { gate, extraMs: extraMs - (wishMs ?? 0) }
}

describe('a closed gate (semantics §8.2)', () => {
  it('stays closed for as long as the server wishes and the slack', () => {
    expect(closedBy(OPEN, 1_000, 400, 17_000)).toMatchObject({ untilMs: 1_000 + 17_000 + 600, probing: false })
  })

  it('waits a second where no wish came', () => {
    expect(closedBy(OPEN, 1_000, 400).untilMs).toBe(2_000)
  })

  it('a refused probe doubles what is waited beyond the wish, up to a fifth of a window', () => {
    const extras = (wishMs?: number) => [0, 1, 2, 3].map((times) => afterRefusedProbes(times, wishMs).extraMs)
    expect(extras(17_000)).toEqual([600, 1_200, 2_400, 4_800])
    expect(extras()).toEqual([1_000, 2_000, 4_000, 8_000])
    expect(afterRefusedProbes(40, 17_000).extraMs).toBe(LONGEST_EXTRA_MS)
    expect(afterRefusedProbes(40).extraMs).toBe(LONGEST_EXTRA_MS)
  })

  it('a wish beyond two windows is not believed at once', () => {
    expect(closedBy(OPEN, 0, 0, 86_400_000).untilMs).toBe(600_000 + 600)
  })

  it('late refusals lengthen the wait, never shorten it, and double nothing', () => {
    const gate = closedBy(OPEN, 10_000, 9_000, 30_000)
    const shorter = closedBy(gate, 11_000, 9_000, 1_000)
    expect(shorter).toMatchObject({ untilMs: gate.untilMs, times: 0 })
    const longer = closedBy(gate, 11_000, 9_000, 40_000)
    expect(longer).toMatchObject({ untilMs: 11_000 + 40_000 + 600, times: 0 })
  })

  it('tells since when it is closed, however often it closed again', () => {
    expect(afterRefusedProbes(3, 5_000).gate.sinceMs).toBe(0)
  })
})

describe('the probe (semantics §8.2)', () => {
  const gate = closedBy(OPEN, 0, 0, 5_000)

  it('its answer opens the gate', () => {
    expect(answeredThrough(sentThrough(gate), gate.untilMs)).toEqual(OPEN)
  })

  it('an answer to what was sent before does not', () => {
    for (const sentAtMs of [0, gate.untilMs - 1]) expect(answeredThrough(gate, sentAtMs)).toEqual(gate)
  })

  it('withdrawn, it leaves its place to another', () => {
    expect(sentThrough(gate)).toMatchObject({ probing: true })
    expect(withdrawnFrom(sentThrough(gate), gate.untilMs)).toEqual(gate)
  })

  it('keeps its place where a request from before is withdrawn', () => {
    expect(withdrawnFrom(sentThrough(gate), 0)).toMatchObject({ probing: true })
  })

  it('an open gate takes no notice', () => {
    expect([sentThrough(OPEN), answeredThrough(OPEN, 0), withdrawnFrom(OPEN, 0)]).toEqual([OPEN, OPEN, OPEN])
  })
})
