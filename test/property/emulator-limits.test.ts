/** The limits against the slowest way to count them: everything that ever happened, looked through each time. */
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { Allowance, type LimitSettings } from '../../src/emulator/limits.ts'

const settingsOf = fc.record<LimitSettings>({
  windowMs: fc.integer({ min: 5, max: 50 }),
  requests: fc.integer({ min: 1, max: 8 }),
  executionMs: fc.integer({ min: 1, max: 40 }),
  concurrent: fc.integer({ min: 1, max: 4 }),
  pushMs: fc.integer({ min: 0, max: 3 }),
})
const eventsOf = fc.array(
  fc.record({ afterMs: fc.integer({ min: 0, max: 12 }), completes: fc.boolean(), executionMs: fc.nat(20) }),
  { maxLength: 80 },
)

/** Counts without remembering sums; knows nothing of what `Allowance` keeps. */
class Naive {
  readonly #settings: LimitSettings
  readonly #sent: number[] = []
  readonly #charged: { readonly at: number; readonly ms: number }[] = []
  #atWork = 0
  #lock: { readonly limit: string; until: number } | undefined

  constructor(settings: LimitSettings) {
    this.#settings = settings
  }

  arrive(now: number): string {
    const { requests, executionMs, concurrent, pushMs } = this.#settings
    if (this.#lock !== undefined && this.#lock.until > now) {
      this.#lock.until += pushMs
      if (pushMs > 0) this.#sent.push(now)
      return `${this.#lock.limit} ${this.#lock.until - now}`
    }
    if (this.#atWork >= concurrent) return 'concurrency'
    for (const limit of ['requests', 'execution-time'] as const) {
      const below = limit === 'requests' ? requests : executionMs
      let until = now
      while (this.#used(limit, until) >= below) until++
      if (until === now) continue
      this.#lock = { limit, until }
      return `${limit} ${until - now}`
    }
    this.#sent.push(now)
    this.#atWork++
    return 'admitted'
  }

  complete(now: number, ms: number): void {
    this.#atWork--
    this.#charged.push({ at: now, ms })
  }

  get atWork(): number {
    return this.#atWork
  }

  #used(limit: 'requests' | 'execution-time', now: number): number {
    const inside = (at: number) => at + this.#settings.windowMs > now
    if (limit === 'requests') return this.#sent.filter(inside).length
    return this.#charged.filter(({ at }) => inside(at)).reduce((sum, { ms }) => sum + ms, 0)
  }
}

it('any traffic is let in, refused and told to wait as counting everything says', () => {
  fc.assert(
    fc.property(settingsOf, eventsOf, (settings, events) => {
      const [allowance, naive] = [new Allowance(settings), new Naive(settings)]
      let now = 0
      for (const { afterMs, completes, executionMs } of events) {
        now += afterMs
        if (completes && naive.atWork > 0) {
          allowance.complete(now, executionMs)
          naive.complete(now, executionMs)
          continue
        }
        const admission = allowance.arrive(now)
        const told = admission.admitted
          ? 'admitted'
          : admission.limit === 'concurrency'
            ? 'concurrency'
            : `${admission.limit} ${admission.waitMs}`
        expect(told).toBe(naive.arrive(now))
      }
    }),
    { numRuns: 500 },
  )
})

it('who waits as long as told and does not push is let in, unless another limit has been met meanwhile', () => {
  fc.assert(
    fc.property(settingsOf, eventsOf, (settings, events) => {
      const allowance = new Allowance({ ...settings, concurrent: 1_000 })
      let now = 0
      for (const { afterMs, executionMs } of events) {
        now += afterMs
        const first = allowance.arrive(now)
        if (!first.admitted) {
          now += first.waitMs
          const second = allowance.arrive(now)
          if (!second.admitted) expect(second.limit).not.toBe(first.limit)
          else allowance.complete(now, executionMs)
        } else allowance.complete(now, executionMs)
      }
    }),
  )
})
