/** What an `apply` of a plan will ask of Dataverse. Pure. */

import type { TargetSettings } from '../config/settings.ts'
import type { ReadingReport } from './reading-counts.ts'
import type { SlotsReport } from './slot-counts.ts'

export interface Forecast {
  /** Rows to write, those of ensured purposes among them. */
  readonly rows: number
  readonly requests: number
  /** What counts against the tenant's daily requests: each row written, each query (Dataverse: request limits). */
  readonly entitlement: number
  /** By the documented limit of execution time, for one web server. */
  readonly seconds: number
}

/** Rows of a page of contacts, and addresses asked for at once (Dataverse: page size; our reading of consent rows). */
const [PAGE_ROWS, ADDRESSES_PER_QUERY] = [5_000, 200]

/** Execution seconds that a user has per second: 1,200 in five minutes (Dataverse: service protection limits). */
const EXECUTION_RATE = 4
/** Seconds that a request and a row of it take in an environment without plug-ins of its own; an assumption. */
const [REQUEST_SECONDS, ROW_SECONDS] = [0.1, 0.002]

export function forecastOf(reading: ReadingReport, slots: SlotsReport, target: TargetSettings): Forecast {
  const rows = slots.rows + slots.ensured
  const queries = Math.ceil(reading.rows / PAGE_ROWS) + Math.ceil(slots.addresses / ADDRESSES_PER_QUERY)
  const requests = queries + Math.ceil(rows / target.batchRows)
  const seconds = (rows * ROW_SECONDS + requests * REQUEST_SECONDS) / (EXECUTION_RATE * target.authentication.length)
  return { rows, requests, entitlement: rows + queries, seconds: Math.ceil(seconds) }
}
