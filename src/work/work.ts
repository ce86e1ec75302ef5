/** The port to work that several processes ("pods") of one job share out: phases of items, each item in one pair of hands. */

/** The items of one phase, as one pod sees them. Items are words of our own; nothing personal. */
export interface Phase {
  /** The next item that nobody holds, in order; it is this pod's from now on. `undefined` where none is free at the moment. */
  take(): Promise<string | undefined>
  /** These are done for good. A result must survive JSON; every pod can read it. */
  done(results: ReadonlyMap<string, unknown>): Promise<void>
  /** Gives back what this pod holds and has not done: others may take it. */
  release(): Promise<void>
  /** Gives back the same, and closes the phase once no other pod is at work in it: whatever is not done stays undone. */
  giveUp(signal: AbortSignal): Promise<void>
  /** What was done so far, with its results. */
  results(): Promise<ReadonlyMap<string, unknown>>
  /**
   * Resolves with `free` once an item may be taken, with `over` once all are done or the phase was closed. What pods that
   * died held becomes free when their lease and their last request have surely ended. Rejects with the signal's reason.
   */
  wait(signal: AbortSignal): Promise<'free' | 'over'>
}

/** Work that is shared out. A process alone has all of it (`alone.ts`), so that there is one way for both. */
export interface Work {
  /** Whether other pods may take a part of it. */
  readonly shared: boolean
  /** Begins a phase, or joins it: who comes later finds the items of whoever came first. */
  begin(phase: string, items: readonly string[]): Promise<Phase>
  /** All of the job is done: a pod that comes late has nothing left to do. */
  complete(): Promise<void>
}

/** Keys that one pod of the job holds at a time; they are digests, nothing can be read from them. */
export interface SharedKeys {
  /** A number from now; what is released afterwards has a greater one. */
  mark(): Promise<number>
  /**
   * Takes all of the keys or none. `taken`: the greatest number with which one of them was ever released, 0 where none
   * was. `undefined` while others hold some.
   */
  take(keys: readonly Uint8Array[]): Promise<{ readonly released: number } | undefined>
  release(keys: readonly Uint8Array[]): Promise<void>
}
