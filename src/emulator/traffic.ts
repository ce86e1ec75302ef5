/** Requests per second over the last minutes, and who was throttled: for the eye, while counters are for proof. */

/** Requests of one second; those that were throttled are among them. */
export interface SecondFigures {
  readonly requests: number
  readonly throttled: number
}

/** Answers 429 of one kind. */
export interface ThrottleFigures {
  /** Which limit was met: `requests`, `execution time`, `concurrency`, or `scripted` for a fault. */
  readonly kind: string
  readonly userId: string
  readonly server: number
  readonly count: number
}

/** Ten minutes; more is not shown. */
const KEPT_SECONDS = 600

/** (Dataverse: service protection API limits.) */
const KINDS: ReadonlyMap<string, string> = new Map([
  ['0x80072322', 'requests'],
  ['0x80072321', 'execution time'],
  ['0x80072326', 'concurrency'],
])

interface Second {
  readonly at: number
  requests: number
  throttled: number
}

/** Counts by second in a ring that never grows. Times are milliseconds of a clock that only grows. */
export class Traffic {
  readonly #ring: (Second | undefined)[] = Array.from({ length: KEPT_SECONDS })
  readonly #throttles = new Map<string, ThrottleFigures>()

  request(nowMs: number): void {
    this.#second(nowMs).requests++
  }

  /** `code` is the error code of the answer. */
  throttle(nowMs: number, code: string, userId: string, server: number): void {
    this.#second(nowMs).throttled++
    const kind = KINDS.get(code) ?? 'scripted'
    const name = `${kind} ${userId} ${server}`
    this.#throttles.set(name, { kind, userId, server, count: (this.#throttles.get(name)?.count ?? 0) + 1 })
  }

  /** The last `seconds` seconds (600 at most), oldest first; the last is the one that `nowMs` falls in. */
  series(nowMs: number, seconds: number): readonly SecondFigures[] {
    const length = Math.min(seconds, KEPT_SECONDS)
    const first = Math.floor(nowMs / 1_000) - length + 1
    return Array.from({ length }, (_, index) => {
      const second = this.#ring[slotOf(first + index)]
      return second?.at === first + index
        ? { requests: second.requests, throttled: second.throttled }
        : { requests: 0, throttled: 0 }
    })
  }

  /** Most frequent first. */
  throttles(): readonly ThrottleFigures[] {
    return [...this.#throttles.values()].sort((a, b) => b.count - a.count)
  }

  clear(): void {
    this.#ring.fill(undefined)
    this.#throttles.clear()
  }

  #second(nowMs: number): Second {
    const at = Math.floor(nowMs / 1_000)
    const known = this.#ring[slotOf(at)]
    if (known?.at === at) return known
    const fresh = { at, requests: 0, throttled: 0 }
    this.#ring[slotOf(at)] = fresh
    return fresh
  }
}

function slotOf(second: number): number {
  return ((second % KEPT_SECONDS) + KEPT_SECONDS) % KEPT_SECONDS
}
