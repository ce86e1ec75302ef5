/** The parts of an ingest, taken one by one: by the lanes of this process, and by the other pods of its job. */

import { defect } from '../lib/errors.ts'
import type { ListedObject } from '../source/object-store.ts'
import type { Phase } from '../work/work.ts'
import { grouped, type SelectedPartition } from './selection.ts'

/** One part of a partition, as it was taken. */
export interface TakenPart {
  readonly item: string
  /** Its partition's place among those selected. */
  readonly place: number
  readonly part: ListedObject
}

/** What became of a part, for whoever looks whether its partition is whole. */
export type PartResult = 'counted' | 'damaged'

/** The names of all parts, in order. */
export function partItems(work: readonly SelectedPartition[]): string[] {
  return work.flatMap(({ parts }, place) => parts.map((_, number) => `${place}/${number}`))
}

/** Takes parts, group after group: a group ends where the next part belongs to another one, or none is free. */
export class PartsTaken {
  readonly #phase: Phase
  readonly #work: readonly SelectedPartition[]
  /** By place: which partitions are read and joined together. */
  readonly #groups: readonly number[]
  #group: number | undefined
  /** Taken already, but for a later group: several lanes may have come to the end of one. */
  #later: TakenPart[] = []

  constructor(phase: Phase, work: readonly SelectedPartition[]) {
    this.#phase = phase
    this.#work = work
    this.#groups = grouped(work).flatMap((group, number) => group.map(() => number))
  }

  /** Begins a group: the one of the next part that is free. */
  beginGroup(): void {
    this.#group = undefined
  }

  /** The next part of the group; `undefined` at its end. */
  next = async (): Promise<TakenPart | undefined> => {
    const waiting = this.#later.find(({ place }) => this.#belongs(place))
    if (waiting !== undefined) {
      this.#later = this.#later.filter((part) => part !== waiting)
      return waiting
    }
    if (this.#later.length > 0) return undefined
    const item = await this.#phase.take()
    if (item === undefined) return undefined
    const taken = this.#partOf(item)
    if (this.#belongs(taken.place)) return taken
    this.#later.push(taken)
    return undefined
  }

  /** The first part of a group says which one it is. */
  #belongs(place: number): boolean {
    this.#group ??= this.#groups[place]
    return this.#groups[place] === this.#group
  }

  #partOf(item: string): TakenPart {
    const [place = 0, number = 0] = item.split('/').map(Number)
    const part = this.#work[place]?.parts[number]
    return part === undefined ? defect('the parts of an ingest', 'a part that nobody selected') : { item, place, part }
  }
}
