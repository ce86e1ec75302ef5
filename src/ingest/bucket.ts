/** Reduces one bucket: the entries of each Didomi user become one state (semantics §3). */

import type { KeyText } from '../consent/key.ts'
import { Entry, entryPlaces, type NameTable } from '../record/entry.ts'
import { KeysTold } from './keys-told.ts'
import { RowPacker } from './row-bytes.ts'
import { StateReducer } from './state-reducer.ts'

/** The entries of one bucket in one spill, and the names its numbers stand for. */
export interface BucketSource {
  readonly bytes: Buffer
  readonly names: NameTable
}

export interface ReducedBucket {
  /** One for each Didomi user, in order of person and `user.id`; packed (`unpackRows`). */
  readonly rows: Uint8Array<ArrayBuffer>
  /** Keys that the states make known (semantics §4) and that this reducer has not told before. */
  readonly keys: readonly KeyText[]
}

/** Reduces bucket after bucket; what it learns of names it keeps. */
export class BucketReducer {
  readonly #keys = new KeysTold()
  readonly #states = StateReducer.ofThread()
  readonly #packer = new RowPacker()

  /** Lets go of the tables of names met so far: those of another group are others, though they say the same. */
  forget(): void {
    this.#states.forget()
  }

  /** @param damaged numbers of parts that do not count */
  reduce(sources: readonly BucketSource[], damaged: ReadonlySet<number>): ReducedBucket {
    for (const entries of recordsOf(sources, damaged)) {
      const [first] = entries
      if (first !== undefined) this.#packer.add(first, this.#states.reduce(entries, this.#keys))
    }
    return { rows: this.#packer.take(), keys: this.#keys.take() }
  }
}

/** The entries by record, in order of person and `user.id`; those of a record newest first. */
function recordsOf(sources: readonly BucketSource[], damaged: ReadonlySet<number>): Entry[][] {
  const byPerson = new Map<number, Entry[][]>()
  const all: Entry[][] = []
  for (const { bytes, names } of sources) {
    for (const place of entryPlaces(bytes)) {
      const entry = new Entry(bytes, place, names)
      if (damaged.size > 0 && damaged.has(entry.part)) continue
      const ofPerson = byPerson.get(entry.personBits)
      const known = ofPerson?.find(([first]) => first?.isOfRecord(entry))
      if (known !== undefined) {
        insert(known, entry)
        continue
      }
      const begun = [entry]
      all.push(begun)
      if (ofPerson === undefined) byPerson.set(entry.personBits, [begun])
      else ofPerson.push(begun)
    }
  }
  return all.sort(([a], [b]) => (a === undefined || b === undefined ? 0 : a.compare(b)))
}

/** Newest first: what an older line says again is then passed over at a glance. */
function insert(entries: Entry[], one: Entry): void {
  const after = entries.findIndex((entry) => entry.asOf < one.asOf)
  if (after < 0) entries.push(one)
  else entries.splice(after, 0, one)
}
