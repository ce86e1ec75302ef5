/** What writing rows will ask of Dataverse. Pure. */

import type { TargetSettings } from '../config/settings.ts'

export interface Forecast {
  /** Rows to write. */
  readonly rows: number
  readonly requests: number
  /** What counts against the tenant's daily requests: each row written, each query (Dataverse: request limits). */
  readonly entitlement: number
  /** By the documented limit of execution time, for one web server. */
  readonly seconds: number
}

/** Execution seconds that a user has per second: 1,200 in five minutes (Dataverse: service protection limits). */
const EXECUTION_RATE = 4
/** Seconds that a request and a row of it take in an environment without plug-ins of its own; an assumption. */
const [REQUEST_SECONDS, ROW_SECONDS] = [0.1, 0.002]

/** `queries` are the requests that read. */
export function forecast(
  rows: number,
  queries: number,
  target: Pick<TargetSettings, 'batchRows' | 'authentication'>,
): Forecast {
  const requests = queries + Math.ceil(rows / target.batchRows)
  const seconds = (rows * ROW_SECONDS + requests * REQUEST_SECONDS) / (EXECUTION_RATE * target.authentication.length)
  return { rows, requests, entitlement: rows + queries, seconds: Math.ceil(seconds) }
}
