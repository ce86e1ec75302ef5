/** What requests cost, learned from their answers: by kind and size, since a bulk message of 1,000 rows is no single read. */

/** What a request asks: `UpdateMultiple contact` and how many rows it names; a read counts the values it asks for. */
export interface Load {
  readonly kind: string
  readonly rows: number
}

/** Latencies that make one reading: jitter hides what fewer would tell, and more than the most tell nothing new. */
const LEAST_TAKEN = 20
const MOST_TAKEN = 200

/** Readings of one window at most: where answers come quickly, each is made of more of them. */
const READINGS_PER_WINDOW = 60

/** Windows for which the fastest reading of a class is remembered. */
const WINDOWS_REMEMBERED = 3

/** Weight of the newest latency in the running mean. */
const NEWEST = 0.1

/** Loads of one kind whose sizes lie within a factor of two. */
interface ClassCost {
  readonly meanMs: number
  /** Latencies of the reading under way. */
  readonly taken: readonly number[]
  readonly sinceMs: number
  /** The fastest reading of each of the last windows, newest last. */
  readonly fastest: ReadonlyArray<{ readonly window: number; readonly ms: number }>
}

/** What is known of every class of loads, by its name. */
export type Costs = ReadonlyMap<string, ClassCost>

export const NO_COSTS: Costs = new Map()

/** The name of a load's class. */
export function classOf({ kind, rows }: Load): string {
  return `${kind}/${Math.floor(Math.log2(Math.max(1, rows)))}`
}

/** What an answer taught; `slowdown` where it completed a reading: how many times the fastest reading this one was. */
export interface Lesson {
  readonly costs: Costs
  readonly slowdown: number | undefined
}

/** A moment, and how long a window is. */
interface Moment {
  readonly nowMs: number
  readonly windowMs: number
}

const windowNumber = ({ nowMs, windowMs }: Moment): number => Math.floor(nowMs / windowMs)

/** Takes a latency into the books. */
export function learned(costs: Costs, load: Load, latencyMs: number, moment: Moment): Lesson {
  const window = windowNumber(moment)
  const name = classOf(load)
  const known = costs.get(name)
  const meanMs = known === undefined ? latencyMs : known.meanMs + NEWEST * (latencyMs - known.meanMs)
  const before = known?.taken ?? []
  const taken = before.length < MOST_TAKEN ? [...before, latencyMs] : before
  const sinceMs = before.length === 0 ? moment.nowMs - latencyMs : (known?.sinceMs ?? 0)
  const fastest = known?.fastest.filter((each) => each.window > window - WINDOWS_REMEMBERED) ?? []
  const early = moment.nowMs - sinceMs < moment.windowMs / READINGS_PER_WINDOW
  if (taken.length < LEAST_TAKEN || early) {
    return { costs: new Map(costs).set(name, { meanMs, taken, sinceMs, fastest }), slowdown: undefined }
  }
  const reading = median(taken)
  const last = fastest.at(-1)
  const updated =
    last?.window === window
      ? [...fastest.slice(0, -1), { window, ms: faster(last.ms, reading) }]
      : [...fastest, { window, ms: reading }]
  const slowdown = reading / Math.max(1, Math.min(...updated.map(({ ms }) => ms)))
  return { costs: new Map(costs).set(name, { meanMs, taken: [], sinceMs, fastest: updated }), slowdown }
}

/** The mean latency of a class in milliseconds; of an unknown one that of the dearest known, else `unknownMs`. */
export function expectedMs(costs: Costs, name: string, unknownMs: number): number {
  const known = costs.get(name)
  if (known !== undefined) return known.meanMs
  const means = [...costs.values()].map(({ meanMs }) => meanMs)
  return means.length === 0 ? unknownMs : Math.max(...means)
}

/** Begins all readings anew: the latencies taken so far were met at another concurrency. */
export function readingsBegun(costs: Costs): Costs {
  return new Map([...costs].map(([name, cost]) => [name, { ...cost, taken: [] }]))
}

/** The server itself has become slower: whatever was fastest counts as `factor` times that from now on. */
export function dearer(costs: Costs, factor: number, moment: Moment): Costs {
  const window = windowNumber(moment)
  return new Map(
    [...costs].map(([name, { fastest, ...cost }]) => {
      const least = Math.min(...fastest.map(({ ms }) => ms))
      return [name, { ...cost, taken: [], fastest: fastest.length === 0 ? [] : [{ window, ms: least * factor }] }]
    }),
  )
}

/** Half of the way down: the luckiest of many readings is no measure of what is possible. */
const faster = (known: number, reading: number): number => (reading < known ? (known + reading) / 2 : known)

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? 0
}
