/** Amounts over time in a fixed number of intervals: a run of seconds and one of hours take the same room. */

/** How something went over time, by interval. */
export interface TimelineFigures {
  /** RFC 3339: where the first interval begins. */
  readonly startedAt: string
  /** The length of every interval, in milliseconds. */
  readonly intervalMs: number
  /** By name of what was counted, one amount for each interval; a series that ends early goes on with zeros. */
  readonly series: Readonly<Record<string, readonly number[]>>
}

/** Enough for a chart; a series of each kind still is a few hundred bytes of a report. */
const MOST_INTERVALS = 96

/** What one interval lasts before any two were merged. */
const FIRST_INTERVAL_MS = 1_000

/** Moments are of one monotonic clock, in milliseconds; those before the beginning count as the beginning. */
export class Timeline {
  readonly #begunMs: number
  readonly #startedAtMs: number
  readonly #series = new Map<string, number[]>()
  #intervalMs = FIRST_INTERVAL_MS

  /** `wallMs` is what a clock on the wall showed at `begunMs`: milliseconds since the epoch. */
  constructor(begunMs: number, wallMs: number) {
    this.#begunMs = begunMs
    this.#startedAtMs = wallMs
  }

  /** Counts an amount at one moment. */
  add(name: string, atMs: number, amount: number): void {
    const at = this.#intervalAt(atMs)
    const series = this.#series.get(name) ?? []
    while (series.length <= at) series.push(0)
    series[at] = (series[at] ?? 0) + amount
    this.#series.set(name, series)
  }

  /** Counts an amount that came about evenly from one moment to another. */
  spread(name: string, fromMs: number, toMs: number, amount: number): void {
    const from = Math.max(fromMs, this.#begunMs)
    if (toMs <= from) {
      this.add(name, toMs, amount)
      return
    }
    // The end is looked at first: intervals must not grow while an amount is spread over them.
    const last = this.#intervalAt(toMs)
    for (let at = this.#intervalAt(from); at <= last; at++) {
      const beginsMs = this.#begunMs + at * this.#intervalMs
      const share = Math.min(toMs, beginsMs + this.#intervalMs) - Math.max(from, beginsMs)
      if (share > 0) this.add(name, beginsMs, (amount * share) / (toMs - from))
    }
  }

  /** Absent where nothing was counted yet. */
  figures(): TimelineFigures | undefined {
    if (this.#series.size === 0) return undefined
    const rounded = [...this.#series].map(([name, amounts]) => [name, amounts.map(rounded3)])
    return {
      startedAt: new Date(this.#startedAtMs).toISOString(),
      intervalMs: this.#intervalMs,
      series: Object.fromEntries(rounded),
    }
  }

  #intervalAt(atMs: number): number {
    const sinceMs = Math.max(0, atMs - this.#begunMs)
    while (sinceMs >= this.#intervalMs * MOST_INTERVALS) this.#merge()
    return Math.floor(sinceMs / this.#intervalMs)
  }

  /** Each two intervals become one. */
  #merge(): void {
    this.#intervalMs *= 2
    for (const [name, amounts] of this.#series) {
      const merged = Array.from({ length: Math.ceil(amounts.length / 2) }, (_, at) => {
        return (amounts[2 * at] ?? 0) + (amounts[2 * at + 1] ?? 0)
      })
      this.#series.set(name, merged)
    }
  }
}

/** Shares of spread amounts have no end of digits; a report needs three. */
const rounded3 = (amount: number): number => Math.round(amount * 1_000) / 1_000
