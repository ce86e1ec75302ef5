/** What the server itself counts, so that a test proves what happened on the wire and not what the client believes. */

/** Figures since start or the last reset. */
export interface CounterFigures {
  /** HTTP requests to the Web API; a batch counts once. */
  requests: number
  /** Operations by message, parts of batches included: `Update`, `UpsertMultiple`, `RetrieveMultiple`, … */
  operations: Record<string, number>
  tokenCalls: number
  tokensIssued: number
  /** HTTP requests that held at least one write, whether it succeeded or not. */
  writeRequests: number
  rowsCreated: number
  rowsUpdated: number
  rowsDeleted: number
  /** Applied row writes that changed nothing, and creates that met an existing id. */
  repeatedWrites: number
  /** Rows and reads that count against the Power Platform request entitlement. */
  billableRows: number
  /** Answers with status 429. */
  throttles: number
  /** Requests or query options that the emulator does not know; a test should find none. */
  notUnderstood: number
  /** Scripted faults that struck. */
  faults: number
  /** Calls of webhooks, second attempts and repeats included. */
  deliveries: number
  /** Deliveries that were given up: their system job failed. */
  deliveryFailures: number
  /** Requests by simulated server. */
  servers: Record<string, number>
}

/** All zero. */
export function zeroCounters(): CounterFigures {
  return {
    requests: 0,
    operations: {},
    tokenCalls: 0,
    tokensIssued: 0,
    writeRequests: 0,
    rowsCreated: 0,
    rowsUpdated: 0,
    rowsDeleted: 0,
    repeatedWrites: 0,
    billableRows: 0,
    throttles: 0,
    notUnderstood: 0,
    faults: 0,
    deliveries: 0,
    deliveryFailures: 0,
    servers: {},
  }
}

/** Adds one to a named figure. */
export function tally(figures: Record<string, number>, name: string): void {
  figures[name] = (figures[name] ?? 0) + 1
}
