/** How far a run has come, and why it waits. What shows it (bar, lines, nothing) is the caller's. */

export interface Stage {
  advance(count: number): void
  end(): void
}

export interface Progress {
  /** Begins a stage of `total` steps; without a total nobody knows how many there will be. */
  stage(name: string, total?: number): Stage
  /** A wait worth telling: what is waited for and how long, in milliseconds. */
  waiting(what: string, waitMs: number): void
}

/** Shows nothing. */
export const noProgress: Progress = { stage: () => ({ advance: () => {}, end: () => {} }), waiting: () => {} }
