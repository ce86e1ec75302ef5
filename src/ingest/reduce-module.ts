/** The reducer of `assembly/reduce.ts`, as the WebAssembly module gives it. */

import { openAssembly } from '../lib/assembly.ts'

/** Places and lengths are in bytes of the memory, which only `makeRoom` makes grow. */
export interface ReduceModule {
  readonly memory: WebAssembly.Memory
  readonly BUCKET: WebAssembly.Global
  readonly TABLES: WebAssembly.Global
  readonly ROWS: WebAssembly.Global
  readonly DRAFT_SLOTS: WebAssembly.Global
  readonly DRAFT_SLOT_BYTES: WebAssembly.Global
  readonly MOST_DRAFT_SLOTS: WebAssembly.Global
  readonly SLOT_NAMES: WebAssembly.Global
  readonly SLOT_NAMES_BYTES: WebAssembly.Global
  readonly SLOTS_OF: WebAssembly.Global
  readonly SLOTS_OF_BYTES: WebAssembly.Global
  readonly NAME: WebAssembly.Global
  readonly MEMBER: WebAssembly.Global
  readonly IS_SET: WebAssembly.Global
  readonly RANK: WebAssembly.Global
  forgetTable(): void
  forgetRanks(): void
  /** Sees to it that so many bytes of entries have room from `BUCKET` on; 0 where there is none to be had. */
  makeRoom(length: number): number
  /** Begins with a bucket of so many bytes, of which the entries are to be added source by source. */
  beginRecords(length: number): void
  addRecords(start: number, end: number, source: number, mayBeDamaged: number): void
  /** Answers the number of records. */
  sortRecords(): number
  /** The newest entry of a record, and the next older one of the same; 0 where there is none. */
  recordAt(index: number): number
  olderThan(entry: number): number
  /** Reduces records from one index to another; answers the first that is left, since there are rows enough or it is `stuck`. */
  reduceRecords(from: number, to: number): number
  /** Where the rows end that begin at `ROWS`. */
  endOfRows(): number
  /** Not 0 where the state of the record that was left must be made another way. */
  stuck(): number
}

/** What the module asks of its caller; `to` is where a text is to be written. */
export interface ReduceQuestions {
  /** The slot of a name; 0 where there is none to be had. */
  askSlot(table: number, name: number): number
  tellValue(slot: number, start: number, end: number): void
  /** Each answers the length of what it wrote: −1 for a value that cannot be stored, less where there is no room. */
  askSet(start: number, end: number, to: number, room: number): number
  askAttribute(start: number, end: number, to: number, room: number): number
  askNumber(value: number, to: number): number
  /** Puts names in rank; 0 where they are too many for it. */
  askRanks(): number
  /** Not 0 for a part that does not count. */
  askDamaged(part: number): number
}

/** A reducer with a memory of its own. */
export function openReduceModule(answers: ReduceQuestions): ReduceModule {
  const { askSlot, tellValue, askSet, askAttribute, askNumber, askRanks, askDamaged } = answers
  const imports = {
    reduce: { askSlot, tellValue, askRanks },
    records: { askDamaged },
    made: { askSet, askAttribute },
    'draft-text': { askNumber },
  }
  return openAssembly('reduce', imports) as ReduceModule
}
