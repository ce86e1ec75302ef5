/** What this process read of one partition, added up. */

import { byCodeUnit } from '../consent/choice.ts'
import type { IngestCounts, PartitionReport } from '../report/ingest-report.ts'
import type { Partition } from '../source/partition.ts'

const NO_COUNTS: IngestCounts = { lines: 0, records: 0, rejects: 0, guests: 0, skipped: 0, ignoredEvents: 0 }

export class PartitionTally {
  readonly #partition: Partition
  #counts = NO_COUNTS
  #objects = 0
  #damaged: string[] = []

  constructor(partition: Partition) {
    this.#partition = partition
  }

  /** Adds the counts of objects read whole, and the keys of those that were not. */
  add(whole: readonly IngestCounts[], damaged: readonly string[]): void {
    this.#counts = whole.reduce(addCounts, this.#counts)
    this.#objects += whole.length
    this.#damaged = [...this.#damaged, ...damaged].sort(byCodeUnit)
  }

  get counts(): IngestCounts {
    return this.#counts
  }

  /** Whether any of it was read here. */
  get readAny(): boolean {
    return this.#objects + this.#damaged.length > 0
  }

  report(rejectsMaxRatio: number): PartitionReport {
    const { exportId, date, unknownObjects } = this.#partition
    const { lines, rejects } = this.#counts
    return {
      exportId,
      date,
      objects: this.#objects,
      damaged: this.#damaged,
      counts: this.#counts,
      tooManyRejects: lines > 0 && rejects / lines > rejectsMaxRatio,
      unknownObjects,
    }
  }
}

function addCounts(a: IngestCounts, b: IngestCounts): IngestCounts {
  return {
    lines: a.lines + b.lines,
    records: a.records + b.records,
    rejects: a.rejects + b.rejects,
    guests: a.guests + b.guests,
    skipped: a.skipped + b.skipped,
    ignoredEvents: a.ignoredEvents + b.ignoredEvents,
  }
}
