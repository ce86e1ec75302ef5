/** Rows that requests hold from their start to their commit, and what happens where two want the same one. */

/** What a request that overlaps with another one meets. */
export interface LockSettings {
  /** The share of overlaps in which the later request is made the victim at once instead of waiting. */
  readonly deadlockRate: number
  /**
   * The share of victims that are told `0x80040255` (a plug-in swallowed the deadlock and the transaction was already
   * rolled back) instead of `0x80044150` (SQL error 1205).
   */
  readonly rolledBackRate: number
}

/** Overlapping requests wait; a victim is told of the deadlock itself. */
export const USUAL_LOCKS: LockSettings = { deadlockRate: 0, rolledBackRate: 0 }

/** The rows of one request, in the order of its targets. */
export interface Claim {
  /** Position of each row in that order. */
  readonly rows: ReadonlyMap<string, number>
  /** How long the request takes if nothing holds it up; it reaches its rows evenly in that time. */
  readonly serviceMs: number
}

interface OpenClaim extends Claim {
  readonly order: readonly string[]
  startedAt: number
  taken: number
  waitsFor: OpenClaim | undefined
  readonly ended: Promise<void>
  readonly end: () => void
}

/** What came of taking rows: all of them are held, or the request became the victim of a deadlock and holds none. */
export type Taken = 'all' | 'victim'

/** Who holds which row. Requests that wait go on in the order in which they came. */
export class RowLocks {
  readonly #holders = new Map<string, OpenClaim>()
  readonly #now: () => number

  constructor(now: () => number) {
    this.#now = now
  }

  /**
   * Takes the rows in the order of the claim, waiting wherever another request holds one. The later request is the
   * victim where waiting would close a circle, where the two reach two common rows in opposite order at the same time,
   * or where `sacrifice`, asked at each overlap, says so. `release` gives the rows back and lets others go on.
   */
  async take(claim: Claim, sacrifice: () => boolean): Promise<{ readonly taken: Taken; readonly release: () => void }> {
    const open = openClaim(claim, this.#now())
    const release = () => this.#release(open)
    while (open.taken < open.order.length) {
      const row = open.order[open.taken] ?? ''
      const holder = this.#holders.get(row)
      if (holder === undefined) {
        this.#holders.set(row, open)
        open.taken++
        continue
      }
      if (closesCircle(open, holder) || crosses(open, holder, row) || sacrifice()) {
        release()
        return { taken: 'victim', release }
      }
      open.waitsFor = holder
      await holder.ended
      open.waitsFor = undefined
      open.startedAt = this.#now()
    }
    return { taken: 'all', release }
  }

  #release(claim: OpenClaim): void {
    for (const row of claim.order.slice(0, claim.taken)) this.#holders.delete(row)
    claim.taken = 0
    claim.end()
  }
}

function openClaim(claim: Claim, startedAt: number): OpenClaim {
  let end: () => void = () => undefined
  const ended = new Promise<void>((resolve) => {
    end = resolve
  })
  return { ...claim, order: [...claim.rows.keys()], startedAt, taken: 0, waitsFor: undefined, ended, end }
}

function closesCircle(claim: OpenClaim, holder: OpenClaim): boolean {
  for (let next: OpenClaim | undefined = holder; next !== undefined; next = next.waitsFor) {
    if (next === claim) return true
  }
  return false
}

/**
 * Whether each gets to one common row while the other still has it to come: the later one to `row`, the holder to a row
 * that it has before `row` and the later one after it.
 */
function crosses(later: OpenClaim, holder: OpenClaim, row: string): boolean {
  if (reachedAt(later, row) >= reachedAt(holder, row)) return false
  for (const [other, position] of later.rows) {
    if (position <= (later.rows.get(row) ?? 0)) continue
    const held = holder.rows.get(other)
    if (held === undefined || held > (holder.rows.get(row) ?? 0)) continue
    if (reachedAt(holder, other) < reachedAt(later, other)) return true
  }
  return false
}

function reachedAt({ rows, startedAt, serviceMs }: OpenClaim, row: string): number {
  return startedAt + (serviceMs * (rows.get(row) ?? 0)) / rows.size
}
