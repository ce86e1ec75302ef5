/** Ranges of persons that the pods of a job take one after the other; a process alone has one range. */

import type { DuePerson, PersonId } from '../store/store.ts'
import { taken } from '../work/steps.ts'
import type { Phase, Work } from '../work/work.ts'

/** Persons of a shard: few enough that no pod is left with much to do when the others have ended. */
const PERSONS_OF_A_SHARD = 500
/** Even a small job keeps several pods busy, and a large one does not look for its next shard all the time. */
const LEAST_SHARDS = 16
const MOST_SHARDS = 256
/** Digits of a person id that tell its shard. */
const DIGITS = 3

/** Persons behind `after` and before `before`, in key order. */
export interface PersonRange {
  readonly after?: PersonId
  readonly before?: PersonId
}

/** The shards for so many due persons; what cannot be cut (`--limit`, `--only`) is one. */
export function shardsFor(work: Pick<Work, 'shared'>, due: number, whole: boolean): string[] {
  const count =
    work.shared && !whole ? Math.min(MOST_SHARDS, Math.max(LEAST_SHARDS, Math.ceil(due / PERSONS_OF_A_SHARD))) : 1
  return Array.from({ length: count }, (_, number) => `${number}/${count}`)
}

/** The persons of a shard. */
export function rangeOf(shard: string): PersonRange {
  const [number = 0, count = 1] = shard.split('/').map(Number)
  const ends = 16 ** DIGITS
  const first = Math.floor((number * ends) / count)
  const next = Math.floor(((number + 1) * ends) / count)
  const digits = (value: number) => value.toString(16).padStart(DIGITS, '0')
  return {
    // Person ids are hexadecimal digits, so nothing lies between the last one of a range and the first one of the next.
    ...(first > 0 && { after: digits(first - 1).padEnd(32, 'f') }),
    ...(next < ends && { before: digits(next).padEnd(32, '0') }),
  }
}

/** A chunk of due persons out of a shard; the shard is done once all its chunks are. */
export interface ShardChunk {
  readonly persons: readonly DuePerson[]
  settled(): Promise<void>
}

/** Chunks of one shard after the other, each shard taken when the last one has been begun. */
export async function* shardChunks(
  phase: Phase,
  chunksOf: (shard: string) => AsyncIterable<DuePerson[]>,
  signal: AbortSignal,
): AsyncGenerator<ShardChunk, void> {
  for await (const shard of taken(phase, signal)) {
    let open = 1
    const oneLess = async () => {
      open -= 1
      if (open === 0) await phase.done(new Map([[shard, null]]))
    }
    for await (const persons of chunksOf(shard)) {
      open += 1
      yield { persons, settled: oneLess }
    }
    await oneLess()
  }
}
