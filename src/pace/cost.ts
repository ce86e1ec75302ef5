/** What requests cost, learned from their answers: by kind and size, since a bulk message of 1,000 rows is no single read. */

/** What a request asks: `UpdateMultiple contact` and how many rows it names; a read counts the values it asks for. */
export interface Load {
  readonly kind: string
  readonly rows: number
}

/** Weight of the newest latency in the running mean. */
const NEWEST = 0.1

/** The mean latency of every class of loads in milliseconds, by its name. */
export type Costs = ReadonlyMap<string, number>

export const NO_COSTS: Costs = new Map()

/** The name of a load's class: loads of one kind whose sizes lie within a factor of two. */
export function classOf({ kind, rows }: Load): string {
  return `${kind}/${Math.floor(Math.log2(Math.max(1, rows)))}`
}

/** Takes a latency into the books. */
export function learned(costs: Costs, load: Load, latencyMs: number): Costs {
  const name = classOf(load)
  const known = costs.get(name)
  return new Map(costs).set(name, known === undefined ? latencyMs : known + NEWEST * (latencyMs - known))
}

/** The mean latency of a class in milliseconds; of an unknown one that of the dearest known, else `unknownMs`. */
export function expectedMs(costs: Costs, name: string, unknownMs: number): number {
  return costs.get(name) ?? (costs.size === 0 ? unknownMs : Math.max(...costs.values()))
}
