/** One lane of ingest: reads parts one after the other into its spill, then reduces buckets of all lanes' spills. */

import { assignPart, EntryWriter, personOf } from '../record/entry-writer.ts'
import { fastReader, type LineReader, plainReader, type ReadOutcome } from '../record/line-reader.ts'
import { Names } from '../record/names.ts'
import type { RejectCode } from '../record/record.ts'
import type { IngestCounts } from '../report/ingest-report.ts'
import { type PartReading, type PartTask, readOutcomes } from '../source/outcomes.ts'
import { BucketReducer, type ReducedBucket } from './bucket.ts'
import { bucketAt, Spill, type SpillIndex, sealedBucket } from './spill.ts'

export interface LaneSettings extends PartReading {
  /** The file of this lane's spill. */
  readonly spill: string
  /** `plain` parses every line: what the fast reader is measured by. */
  readonly reader: 'fast' | 'plain'
}

/** What was in a part that was read whole. */
export interface PartRead {
  readonly counts: IngestCounts
  /** The first rejected lines; all of them are counted. */
  readonly rejects: readonly { readonly line: number; readonly code: RejectCode }[]
}

/** Rejected lines that are named, per part. */
const REJECTS_NAMED = 1_000

/** The lane's work, wherever it is done: in this thread or in one of its own. */
export interface Lane {
  /**
   * Reads a part to its end; `number` marks what it spills. Throws `object-damaged` where the part must not count, and
   * what the bytes throw.
   */
  read(number: number, task: PartTask, bytes: AsyncIterable<Uint8Array>): Promise<PartRead>
  /** Ends the reading, so that every lane may reduce what this one spilled. */
  seal(): Promise<SpillIndex>
  /** Tells the lane what is to be reduced: all lanes' spills (none: its own), without these parts. */
  share(spills: readonly SpillIndex[], damaged: readonly number[]): Promise<void>
  reduce(bucket: number): Promise<ReducedBucket>
  /** Forgets what was spilled, for the next group of partitions. */
  clear(): Promise<void>
  close(): Promise<void>
}

/** A lane in the thread that calls it. */
export class LocalLane implements Lane {
  readonly #settings: LaneSettings
  readonly #names = new Names()
  readonly #reader: LineReader
  readonly #spill: Spill
  readonly #writer = new EntryWriter()
  readonly #reducer = new BucketReducer()
  #shared: readonly SpillIndex[] = []
  #damaged: ReadonlySet<number> = new Set()

  constructor(settings: LaneSettings) {
    this.#settings = settings
    const { reading } = settings
    this.#reader = settings.reader === 'fast' ? fastReader(reading, this.#names) : plainReader(reading)
    this.#spill = new Spill(settings.spill)
  }

  async read(number: number, task: PartTask, bytes: AsyncIterable<Uint8Array>): Promise<PartRead> {
    const counts = { lines: 0, records: 0, rejects: 0, guests: 0, skipped: 0, ignoredEvents: 0 }
    const rejects: { line: number; code: RejectCode }[] = []
    const take = (line: number, outcome: ReadOutcome) => {
      counts.lines += 1
      switch (outcome.kind) {
        case 'compact':
        case 'record':
          counts.records += 1
          counts.ignoredEvents += outcome.ignoredEvents
          this.#keep(number, outcome)
          break
        case 'reject':
          counts.rejects += 1
          if (rejects.length < REJECTS_NAMED) rejects.push({ line, code: outcome.code })
          break
        case 'guest':
          counts.guests += 1
          break
        case 'skipped':
          counts.skipped += 1
      }
    }
    await readOutcomes(bytes, task, this.#settings, this.#reader, take)
    return { counts, rejects }
  }

  async seal(): Promise<SpillIndex> {
    return this.#spill.seal(this.#names.texts)
  }

  async share(spills: readonly SpillIndex[], damaged: readonly number[]): Promise<void> {
    this.#shared = spills
    this.#damaged = new Set(damaged)
    this.#reducer.forget()
  }

  async reduce(bucket: number): Promise<ReducedBucket> {
    const sources =
      this.#shared.length === 0
        ? [{ bucket: this.#spill.bucket(bucket), names: this.#names.texts }]
        : this.#shared.map((spill) => ({ bucket: sealedBucket(spill, bucket), names: spill.names }))
    return this.#reducer.reduce(sources, this.#damaged)
  }

  async clear(): Promise<void> {
    this.#spill.clear()
  }

  async close(): Promise<void> {
    this.#spill.close()
  }

  #keep(part: number, outcome: Extract<ReadOutcome, { kind: 'compact' | 'record' }>): void {
    const entry = outcome.kind === 'compact' ? outcome.entry : this.#writer.plain(outcome.record)
    assignPart(entry, part)
    this.#spill.add(bucketAt(entry.bytes, personOf(entry)), entry)
  }
}
