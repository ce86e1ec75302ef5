/** All lanes of an ingest: parts are read on as many as there are, buckets reduced on all of them, in order. */

import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { ReducedBucket } from './bucket.ts'
import { type Lane, type LaneSettings, LocalLane } from './lane.ts'
import { ThreadLane } from './lane-thread.ts'
import { BUCKETS } from './spill.ts'

/** Stored bytes below which a thread costs more than it saves. */
const WORTH_A_THREAD_BYTES = 4 * 1024 * 1024

/** Buckets that a lane of its own thread is given at once. */
const AHEAD = 3

export interface LanesSettings extends Omit<LaneSettings, 'spill'> {
  readonly spillFolder: string
  /** Lanes at most, each in a thread of its own. */
  readonly workers: number
}

export class Lanes {
  readonly #lanes: readonly Lane[]
  readonly #spillFolder: string

  private constructor(spillFolder: string, lanes: readonly Lane[]) {
    this.#spillFolder = spillFolder
    this.#lanes = lanes
  }

  /** Opens lanes for so many parts of so many stored bytes together: one in this thread where it is little. */
  static open({ spillFolder, workers, ...settings }: LanesSettings, parts: number, storedBytes: number): Lanes {
    const count = Math.min(workers, parts)
    const spill = (number: number) => join(spillFolder, `lane-${number}`)
    if (count <= 1 || storedBytes < WORTH_A_THREAD_BYTES)
      return new Lanes(spillFolder, [new LocalLane({ ...settings, spill: spill(0) })])
    return new Lanes(
      spillFolder,
      Array.from({ length: count }, (_, number) => new ThreadLane({ ...settings, spill: spill(number) })),
    )
  }

  /** Does piece after piece of work on the next lane that is free, for as long as `next` has any. */
  async each<T>(next: () => Promise<T | undefined>, run: (lane: Lane, one: T) => Promise<void>): Promise<void> {
    let failed = false
    const runs = this.#lanes.map(async (lane) => {
      try {
        for (let one = await next(); one !== undefined && !failed; one = await next()) await run(lane, one)
      } catch (error) {
        failed = true
        throw error
      }
    })
    // All of them, so that no lane is still busy when the first error is thrown.
    const ends = await Promise.allSettled(runs)
    const broken = ends.find((end) => end.status === 'rejected')
    if (broken !== undefined) throw broken.reason
  }

  /** Every bucket in order, each reduced on one of the lanes; only a few are reduced ahead. */
  async *reduced(damaged: readonly number[]): AsyncIterable<ReducedBucket> {
    const spills = this.#lanes.length === 1 ? [] : await Promise.all(this.#lanes.map((lane) => lane.seal()))
    await Promise.all(this.#lanes.map((lane) => lane.share(spills, damaged)))
    // A thread that has to wait for its next bucket stands still; in this thread nothing is gained by waiting results.
    const window = this.#lanes.length === 1 ? 1 : this.#lanes.length * AHEAD
    const ahead: Promise<ReducedBucket>[] = []
    const begin = (bucket: number) => {
      const lane = this.#lanes[bucket % this.#lanes.length]
      if (bucket >= BUCKETS || lane === undefined) return
      const reducing = lane.reduce(bucket)
      // Met when its turn comes; an earlier one may throw before that.
      reducing.catch(() => {})
      ahead.push(reducing)
    }
    try {
      for (let bucket = 0; bucket < window; bucket += 1) begin(bucket)
      for (let bucket = 0; bucket < BUCKETS; bucket += 1) {
        const next = await ahead.shift()
        if (next === undefined) return
        begin(bucket + window)
        yield next
      }
    } finally {
      // A lane does one thing at a time, and somebody may want it next.
      await Promise.allSettled(ahead)
    }
  }

  /** Forgets what was spilled, for the next group of partitions. */
  async clear(): Promise<void> {
    await Promise.all(this.#lanes.map((lane) => lane.clear()))
  }

  /** Nothing of the spills is left behind, nor what a killed run left there. */
  async close(): Promise<void> {
    await Promise.all(this.#lanes.map((lane) => lane.close()))
    await rm(this.#spillFolder, { recursive: true, force: true })
  }
}
