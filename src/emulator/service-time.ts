/** How long the server works on a request: a base, a cost for every row, and what makes rows dear. */
import type { SeededRandom } from './random.ts'

/** What a row costs beyond its kind of write. */
export type RowWrite = 'create' | 'update' | 'upsert' | 'delete'

/** One row that a request writes. */
export interface RowWork {
  /** Logical name. */
  readonly table: string
  readonly write: RowWrite
  /** Whether an alternate key addresses it. */
  readonly byKey: boolean
}

/** Figures of the service time, in milliseconds of the environment's clock. */
export interface ServiceTimeSettings {
  /** Of every request. */
  readonly baseMs: number
  /** Of every read, alone or as a part of a batch. */
  readonly readMs: number
  /** Of every row written. (Dataverse: an upsert is slower than a create of a row that is known to be absent.) */
  readonly rowMs: Readonly<Record<RowWrite, number>>
  /** Added for a row that an alternate key addresses. */
  readonly keyMs: number
  /** What synchronous plug-ins of a table multiply its rows' cost by, by logical name; 1 where none is given. */
  readonly plugIns: Readonly<Record<string, number>>
  /** Spread of the log-normal jitter; 0 for none. */
  readonly sigma: number
  /**
   * Silent queueing: with more than so many requests at work on a server, each takes longer in proportion. Without
   * limits nothing is ever refused and the latency alone tells of the overload.
   */
  readonly slowAbove: number
}

/** A plain environment: 100 ms and 2 ms per row; nothing of this is documented, it is the likelier order of magnitude. */
export const USUAL_SERVICE_TIME: ServiceTimeSettings = {
  baseMs: 100,
  readMs: 5,
  rowMs: { create: 2, update: 2, upsert: 2.5, delete: 2 },
  keyMs: 0.5,
  plugIns: {},
  sigma: 0.25,
  slowAbove: Number.POSITIVE_INFINITY,
}

/** The work of one request, counted before it is done. */
export interface RequestWork {
  readonly reads: number
  readonly rows: readonly RowWork[]
}

/** Milliseconds that a request takes; `atWork` counts the requests on its server, itself included. */
export function serviceMs(
  work: RequestWork,
  settings: ServiceTimeSettings,
  atWork: number,
  random: SeededRandom,
): number {
  const { baseMs, readMs, rowMs, keyMs, plugIns, sigma, slowAbove } = settings
  let ms = baseMs + work.reads * readMs
  for (const { table, write, byKey } of work.rows) {
    ms += (rowMs[write] + (byKey ? keyMs : 0)) * (plugIns[table] ?? 1)
  }
  // Drawn even where it changes nothing, so that another setting does not shift the whole sequence.
  const jitter = random.logNormal(sigma)
  return ms * jitter * Math.max(1, atWork / slowAbove)
}
