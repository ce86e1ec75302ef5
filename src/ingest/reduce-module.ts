/** The reducer of `assembly/reduce.ts`, as the WebAssembly module gives it. */

import { openAssembly } from '../lib/assembly.ts'

/** Places and lengths are in bytes of the memory, which never grows. */
export interface ReduceModule {
  readonly memory: WebAssembly.Memory
  readonly STATE: WebAssembly.Global
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
  begin(): void
  /** Where a content of so many bytes is to be put; 0 where there is no room. */
  roomFor(length: number): number
  /** Takes the content that was put there; 0 where the state must be made another way. */
  take(table: number, length: number, asOf: number, version: number): number
  /** The length of the state's text, which stands from `STATE` on; less than 0 where it must be made another way. */
  write(ranked: number): number
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
  /** A bit for each set of a list; less than 0 where they are too many. */
  askReachable(list: number): number
}

/** A reducer with a memory of its own. */
export function openReduceModule(answers: ReduceQuestions): ReduceModule {
  const { askSlot, tellValue, askSet, askAttribute, askNumber, askReachable } = answers
  const imports = {
    reduce: { askSlot, tellValue },
    made: { askSet, askAttribute },
    'draft-text': { askNumber, askReachable },
  }
  return openAssembly('reduce', imports) as ReduceModule
}
