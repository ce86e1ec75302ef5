/** A client that asks at random, and its pace: what tests of invariants are made of. */

import fc from 'fast-check'
import type { Load } from '../../src/pace/cost.ts'
import { begin, type Limit, type Observation, observe, type PaceSettings, type PaceState } from '../../src/pace/pace.ts'
import { type Permits, permitsOf } from '../../src/pace/permits.ts'

/** Documented limits so small that a few requests meet them. */
export const SMALL_PACE: PaceSettings = {
  windowMs: 3_000,
  slackMs: 6,
  start: 3,
  most: 8,
  documentedSeconds: 12,
  documentedRequests: 60,
}

export const loadOf = fc.constantFrom<Load>(
  { kind: 'read', rows: 1 },
  { kind: 'UpdateMultiple contact', rows: 10 },
  { kind: 'UpdateMultiple contact', rows: 1_000 },
)
const whichOf = fc.nat(63)
const wishOf = fc.option(fc.nat(9_000), { nil: undefined })
const limitOf = fc.constantFrom<Limit>('requests', 'execution-time', 'concurrency', 'unnamed')

/** What may come next; `which` picks one of those in flight. */
export type Step =
  | { readonly kind: 'pass'; readonly ms: number }
  /** Time passes until one may be sent, if time alone brings that. */
  | { readonly kind: 'wait'; readonly load: Load }
  | { readonly kind: 'send'; readonly load: Load }
  | { readonly kind: 'answer'; readonly which: number }
  | {
      readonly kind: 'refuse'
      readonly which: number
      readonly limit: Limit
      readonly wishMs: number | undefined
    }
  | { readonly kind: 'fail'; readonly which: number; readonly wishMs: number | undefined }
  | { readonly kind: 'withdraw'; readonly which: number }

export const stepOf: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('pass' as const), ms: fc.nat(1_500) }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('wait' as const), load: loadOf }) },
  { weight: 8, arbitrary: fc.record({ kind: fc.constant('send' as const), load: loadOf }) },
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('answer' as const), which: whichOf }) },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('refuse' as const), which: whichOf, limit: limitOf, wishMs: wishOf }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('fail' as const), which: whichOf, wishMs: wishOf }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('withdraw' as const), which: whichOf }) },
)

interface InFlight {
  readonly load: Load
  readonly sentAtMs: number
  /** Sent through a gate that was closed when it left. */
  readonly probe: boolean
}

/** A client that sends only what it may, and keeps its own count of it. */
export class Client {
  state: PaceState = begin(SMALL_PACE)
  nowMs = 0
  readonly inFlight: InFlight[] = []

  permits(load: Load): Permits {
    return permitsOf(SMALL_PACE, this.state, load, this.nowMs)
  }

  see(observation: Observation): void {
    this.state = observe(SMALL_PACE, this.state, observation, this.nowMs)
  }

  send(load: Load): void {
    this.inFlight.push({ load, sentAtMs: this.nowMs, probe: this.state.gate.kind === 'closed' })
    this.see({ kind: 'sent', load })
  }

  take(step: Step): void {
    if (step.kind === 'pass') this.nowMs += step.ms
    else if (step.kind === 'wait') {
      const { waitMs } = this.permits(step.load)
      if (Number.isFinite(waitMs)) this.nowMs += waitMs
    } else if (step.kind === 'send') {
      if (this.permits(step.load).permits > 0) this.send(step.load)
    } else this.#end(step)
  }

  #end(step: Extract<Step, { readonly which: number }>): void {
    const [ended] = this.inFlight.splice(step.which % Math.max(1, this.inFlight.length), 1)
    if (ended === undefined) return
    const { load, sentAtMs } = ended
    if (step.kind === 'answer') this.see({ kind: 'answered', load, sentAtMs })
    else if (step.kind === 'withdraw') this.see({ kind: 'withdrawn', load, sentAtMs })
    else {
      const wish = step.wishMs === undefined ? {} : { wishMs: step.wishMs }
      if (step.kind === 'fail') this.see({ kind: 'failed', load, sentAtMs, ...wish })
      else this.see({ kind: 'refused', load, sentAtMs, limit: step.limit, ...wish })
    }
  }
}
