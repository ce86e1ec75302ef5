/** The pace of one application user: what holds whatever happens, and what it comes to on an environment with limits. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { DOCUMENTED_LIMITS } from '../../src/emulator/limits.ts'
import { BATCH_SIZE, type BatchEvent, beginSize, sized } from '../../src/pace/batch-size.ts'
import { classOf, expectedMs, type Load } from '../../src/pace/cost.ts'
import { DATAVERSE_PACE } from '../../src/pace/pace.ts'
import { mostAtOnce } from '../../src/pace/permits.ts'
import { Client, loadOf, SMALL_PACE, type Step, stepOf } from '../support/pace-client.ts'
import { type LoopSettings, runLoop } from '../support/pace-loop.ts'

function expectSound(client: Client, load: Load): void {
  const { state, nowMs, inFlight } = client
  const { permits, waitMs, cause } = client.permits(load)
  expect(state.inFlight).toBe(inFlight.length)
  expect(Number.isInteger(permits) && permits >= 0).toBe(true)
  if (permits > 0) {
    expect({ waitMs, cause }).toEqual({ waitMs: 0, cause: undefined })
  } else {
    expect(cause).toBeDefined()
    expect(waitMs).toBeGreaterThan(0)
    // Where no time is told, an answer must be on its way.
    expect(Number.isFinite(waitMs) || inFlight.length > 0).toBe(true)
  }
  if (state.gate.kind === 'closed') {
    expect(permits).toBeLessThanOrEqual(1)
    if (nowMs < state.gate.untilMs)
      expect({ permits, waitMs }).toEqual({ permits: 0, waitMs: state.gate.untilMs - nowMs })
  } else {
    const most = mostAtOnce(SMALL_PACE, state)
    expect(most).toBeLessThanOrEqual(SMALL_PACE.most)
    expect(permits).toBeLessThanOrEqual(Math.max(0, most - inFlight.length))
  }
}

const stepsOf = fc.array(stepOf, { maxLength: 120, size: 'max' })
const RUNS = { numRuns: 200 }

describe('whatever happens (semantics §8.2)', () => {
  it('permits are whole, within the concurrency, none behind a closed gate; a wait ends by time or by an answer', () => {
    fc.assert(
      fc.property(stepsOf, loadOf, (steps, load) => {
        const client = new Client()
        for (const step of steps) {
          client.take(step)
          expectSound(client, load)
        }
      }),
      RUNS,
    )
  })

  it('behind a closed gate one probe at most is on its way, only its answer opens, and no wait is shortened', () => {
    fc.assert(
      fc.property(stepsOf, (steps) => {
        const client = new Client()
        for (const step of steps) {
          const before = client.state.gate
          const flying = [...client.inFlight]
          client.take(step)
          const { gate } = client.state
          if (before.kind === 'closed' && gate.kind === 'open') {
            const ended = flying.filter((one) => !client.inFlight.includes(one))
            expect(step.kind).toBe('answer')
            expect(ended.map(({ sentAtMs }) => sentAtMs >= before.untilMs)).toEqual([true])
          }
          if (before.kind === 'closed' && gate.kind === 'closed') {
            expect(gate.untilMs).toBeGreaterThanOrEqual(before.untilMs)
          }
          if (gate.kind === 'closed') {
            const probes = client.inFlight.filter(({ sentAtMs }) => sentAtMs >= gate.untilMs)
            expect(probes.length).toBeLessThanOrEqual(1)
          }
        }
      }),
      RUNS,
    )
  })

  it('once its seconds are known, no two leave together, nor as soon as a part of the mean time between them', () => {
    let together = 0
    fc.assert(
      fc.property(stepsOf, loadOf, (steps, load) => {
        const client = new Client()
        for (const step of steps) {
          client.take(step)
          const { state } = client
          const latencyMs = expectedMs(state.costs, classOf(load), 1_000)
          if (state.seconds.amount === undefined || latencyMs === 0 || client.permits(load).permits === 0) continue
          expect(client.permits(load).permits).toBe(1)
          client.send(load)
          if (client.state.gate.kind === 'closed') continue
          together += 1
          const { permits, waitMs, cause } = client.permits(load)
          expect(permits).toBe(0)
          if (cause === 'kept apart') expect(waitMs).toBeCloseTo(latencyMs / mostAtOnce(SMALL_PACE, state) / 2)
        }
      }),
      { numRuns: 2_000 },
    )
    expect(together).toBeGreaterThan(100)
  })

  it('nobody is stuck: once all in flight has ended and enough time has passed, one may be sent', () => {
    fc.assert(
      fc.property(stepsOf, loadOf, fc.boolean(), (steps, load, answered) => {
        const client = new Client()
        for (const step of steps) client.take(step)
        while (client.inFlight.length > 0) {
          client.take(answered ? { kind: 'answer', which: 0 } : { kind: 'withdraw', which: 0 })
        }
        const begunMs = client.nowMs
        for (let waits = 0; waits < 400 && client.permits(load).permits === 0; waits += 1) {
          client.nowMs += client.permits(load).waitMs
        }
        expect(client.permits(load).permits).toBeGreaterThan(0)
        // A wish is believed for two windows, and lengthened by a fifth; then a window may have to pass.
        expect(client.nowMs - begunMs).toBeLessThan(4 * SMALL_PACE.windowMs)
      }),
      RUNS,
    )
  })

  it('the same happenings lead to the same state', () => {
    const end = (steps: readonly Step[]) => {
      const client = new Client()
      for (const step of steps) client.take(step)
      return client.state
    }
    fc.assert(
      fc.property(stepsOf, (steps) => {
        expect(end(steps)).toEqual(end(steps))
      }),
      { numRuns: 50 },
    )
  })
})

/** Two windows of work without end. */
const DURATION_MS = 2 * DOCUMENTED_LIMITS.windowMs

const environmentOf = fc.record<LoopSettings>({
  seed: fc.nat(1_000_000),
  users: fc.integer({ min: 1, max: 2 }),
  servers: fc.constantFrom(1, 2, 4),
  limits: fc.constantFrom(1, 0.75, 0.5).map((part) => ({
    ...DOCUMENTED_LIMITS,
    requests: DOCUMENTED_LIMITS.requests * part,
    executionMs: DOCUMENTED_LIMITS.executionMs * part,
  })),
  baseMs: fc.constantFrom(50, 100, 200),
  rowMs: fc.constantFrom(2, 5, 20, 60, 200),
  rows: fc.constantFrom(10, 25, 100, 250, 1_000),
  // Without any spread all requests would march in step, and be refused together.
  sigma: fc.constantFrom(0.1, 0.25),
  durationMs: fc.constant(DURATION_MS),
})

const serviceMsOf = ({ baseMs, rowMs, rows }: LoopSettings) => baseMs + rows * rowMs

/** Rows that all limits together let through without ever refusing. */
function ceilingOf(settings: LoopSettings): number {
  const { users, servers, limits, rows, durationMs } = settings
  const requests = Math.min(limits.requests, limits.executionMs / serviceMsOf(settings))
  return users * servers * (durationMs / limits.windowMs) * requests * rows
}

const sizeEventOf: fc.Arbitrary<BatchEvent> = fc.oneof(
  fc.record({
    kind: fc.constant('part-done' as const),
    rows: fc.integer({ min: 1, max: 1_000 }),
    latencyMs: fc.nat(200_000),
  }),
  fc.record({
    kind: fc.constant('done' as const),
    rows: fc.integer({ min: 1, max: 1_000 }),
    latencyMs: fc.nat(200_000),
  }),
  fc.record({ kind: fc.constant('too-large' as const), rows: fc.integer({ min: 1, max: 1_000 }) }),
  fc
    .tuple(fc.integer({ min: 1, max: 1_000 }), fc.double({ min: 0, max: 1, noNaN: true }))
    .map(([rows, part]) => ({ kind: 'bad' as const, rows, bad: Math.round(rows * part) })),
)

describe('whatever becomes of messages', () => {
  it('their size is whole and within the bounds, and none that was too large is tried at once again', () => {
    fc.assert(
      fc.property(fc.array(sizeEventOf, { maxLength: 60, size: 'max' }), (events) => {
        let size = beginSize(BATCH_SIZE)
        for (const event of events) {
          size = sized(BATCH_SIZE, size, event)
          expect(Number.isInteger(size.rows)).toBe(true)
          expect(size.rows).toBeGreaterThanOrEqual(BATCH_SIZE.least)
          expect(size.rows).toBeLessThanOrEqual(BATCH_SIZE.most)
          if (event.kind === 'too-large')
            expect(size.rows).toBeLessThanOrEqual(Math.max(BATCH_SIZE.least, event.rows / 2))
        }
      }),
    )
  })
})

describe('in a closed loop with the limits of an environment', () => {
  it('what is accepted is nine tenths of the ceiling at least, one of a hundred requests is refused at most, and none pushes', () => {
    fc.assert(
      fc.property(
        // A message aims at five seconds: a few that fill half a window each say nothing about pace.
        environmentOf.filter((settings) => serviceMsOf(settings) <= 6_000),
        (settings) => {
          const { acceptedRows, refusals, requests, pushes } = runLoop(settings)
          const ratio = acceptedRows / ceilingOf(settings)
          expect(ratio).toBeGreaterThanOrEqual(0.9)
          // What is at work when a window is first full is not refused, and may be as much as may be at once.
          const { limits, servers } = settings
          const free = (DATAVERSE_PACE.most * serviceMsOf(settings)) / (2 * servers * limits.executionMs)
          expect(ratio).toBeLessThanOrEqual(1.1 + free)
          // A first refusal comes alone only by luck: others are on their way.
          expect(refusals).toBeLessThanOrEqual(Math.max(0.01 * requests, 8 * settings.users))
          expect(pushes).toBe(0)
        },
      ),
      { numRuns: 30 },
    )
  })

  it('a seed decides everything', () => {
    fc.assert(
      fc.property(environmentOf, (settings) => {
        expect(runLoop(settings)).toEqual(runLoop(settings))
      }),
      { numRuns: 5 },
    )
  })
})
